package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// breaking is a way to the relay that loses what it is asked for under one path,
// the first few times: a browser tries a broken connection again by itself.
type breaking struct {
	relay  *httputil.ReverseProxy
	path   string
	losses atomic.Int32 // left
}

func (b *breaking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == b.path && b.losses.Add(-1) >= 0 {
		panic(http.ErrAbortHandler)
	}
	b.relay.ServeHTTP(w, r)
}

// TestPageLoadsAgainByItself: browsers give up what they load when the network
// changes, and a page without one of its scripts is dead.
func TestPageLoadsAgainByItself(t *testing.T) {
	r := startRelay(t)
	target, err := url.Parse(r.url(""))
	check(t, err)
	browser := startChromium(t)
	for _, lost := range []struct{ page, path, state string }{
		{"/push", "/static/js/push-page.js", "ready"},
		{"/push", "/static/js/backoff.js", "ready"},
		{"/pull", "/static/js/link.js", "waiting"},
		{"/pull", "/static/css/pull.css", "waiting"},
		{"/trust", "/static/js/tabs.js", "ready"},
	} {
		b := &breaking{relay: httputil.NewSingleHostReverseProxy(target), path: lost.path}
		b.losses.Store(3)
		server := httptest.NewServer(b)
		p := browser.open(server.URL + lost.page)
		p.waitThroughLoads("document.documentElement.dataset.state === '" + lost.state + "' && document.styleSheets.length > 1")
		if left := b.losses.Load(); left >= 0 {
			t.Errorf("%s: nothing was lost any more after %d times: the page was not loaded again", lost.path, 3-left)
		}
		p.close()
		server.CloseClientConnections()
		server.Close()
	}
}
