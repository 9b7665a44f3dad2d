package main

import (
	"net/http"
	"testing"
)

// TestPresentFromAnotherMachine: who opens the relay's plain address on any
// machine can present there, and nobody who watches needs HTTPS.
func TestPresentFromAnotherMachine(t *testing.T) {
	if !mayMakeNetworks(t) {
		return
	}
	office, classroom := newNamespace(t), newNamespace(t)
	r := startRelay(t)
	origin := "http://" + office.address + ":" + r.port
	audience := startChromium(t, autoplay, classroom.inside())
	site := servePatternOn(t, office.address)

	trusted := newPresenter(t, site, office.inside(), trusting(t, r.fetchCA(origin)))
	trusted.push = trusted.browser.open(origin + "/push")
	viewer := trusted.showTo(audience, origin+"/pull")
	seen := eval[collected](viewer, "probe.collect(3000)")
	rate := checkCounters(t, seen, 3, length(5, 15))

	wary := newPresenter(t, site, office.inside())
	wary.push = wary.browser.blank()
	warning := wary.push.navigateToWarning(origin + "/push/second")
	if warning != "ERR_CERT_AUTHORITY_INVALID" {
		t.Errorf("who does not trust the CA is warned of %s", warning)
	}
	wary.push.proceed()
	wary.showTo(audience, origin+"/pull/second")

	checkMoves(t, origin+"/push/math?codec=vp8", "https://"+office.address+":"+r.port+"/push/math?codec=vp8")
	checkMoves(t, origin+"/pull", "")
	checkMoves(t, r.url("/push"), "")
	figure(t, "https-1: http://ADDR/push in one namespace, CA trusted: https without a warning, a viewer in another on plain http sees %.1f new pictures a second; CA not trusted: %s, after \"proceed\" https and wss, a viewer sees it; viewers and localhost stay on http",
		rate, warning)
}

// showTo shares what the presenter, on another machine than the relay, has open,
// and returns a viewer who opened the link of the push page.
func (p *presenter) showTo(audience *chromium, link string) *page {
	p.push.t.Helper()
	p.push.waitState("ready")
	const secure = "isSecureContext && location.protocol === 'https:' && window.relay.socket().url.startsWith('wss:')"
	if !eval[bool](p.push, secure) {
		p.push.t.Errorf("the push page is not on https and wss: %s", p.push.describe())
	}
	p.share()
	p.push.wait("document.querySelector('#link').value !== ''")
	if shown := eval[string](p.push, "document.querySelector('#link').value"); shown != link {
		p.push.t.Errorf("the push page tells viewers %s, want %s", shown, link)
	}
	viewer := watch(p.push.t, audience, link, 1)[0]
	viewer.waitCounter(eval[int](p.pattern, "pattern.counter()"))
	if at := eval[string](viewer, "location.href"); at != link {
		p.push.t.Errorf("the viewer is at %s, want %s", at, link)
	}
	return viewer
}

// checkMoves wants a page to redirect to another address, or to none.
func checkMoves(t *testing.T, url, location string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(url)
	check(t, err)
	check(t, response.Body.Close())
	status := http.StatusOK
	if location != "" {
		status = http.StatusTemporaryRedirect
	}
	if response.StatusCode != status || response.Header.Get("Location") != location {
		t.Errorf("%s: %s to %q, want %q", url, response.Status, response.Header.Get("Location"), location)
	}
}
