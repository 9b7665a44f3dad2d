package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

//go:embed testdata/whip.js
var whipScript string

// playerPage is a page of somebody else's, with room for a picture.
const playerPage = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Player</title><video autoplay muted playsinline></video>`

// serveSite is a website that has these pages: another origin than the relay's,
// and than any other site's.
func serveSite(t *testing.T, pages map[string]string) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, text := range pages {
		mux.HandleFunc(path, servePage(text))
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// foreignSite has the pattern, to be published, and a page to watch it on.
func foreignSite(t *testing.T) string {
	t.Helper()
	return serveSite(t, map[string]string{"/pattern": patternPage, "/player": playerPage})
}

// openWith opens a page with a script that is not its own.
func (c *chromium) openWith(script, url string) *page {
	c.t.Helper()
	p := c.blank()
	p.inject(script)
	p.navigate(url)
	return p
}

// TestBothDoors: what comes in by WHIP is watched on the relay's page, what is
// shared on the relay's page is watched by WHEP, in each codec.
func TestBothDoors(t *testing.T) {
	site := foreignSite(t)
	r := startRelay(t, "--allow-origin", site)
	viewers := startChromium(t, autoplay)
	var in, out []string
	codecs := []string{"VP8", "H264", "VP9", "AV1"}[:length(2, 4)]
	for _, codec := range codecs {
		in = append(in, whipToPull(t, r, viewers, site, codec))
	}
	p := newPresenter(t, site)
	p.push = p.browser.blank()
	for _, codec := range codecs {
		out = append(out, pushToWHEP(t, r, p, viewers, codec))
	}
	figure(t, "whip-5: new pictures a second, from WHIP to /pull: %s; from /push to WHEP: %s", in, out)
}

// whipToPull returns how many new pictures a second there were.
func whipToPull(t *testing.T, r *relay, viewers *chromium, site, codec string) string {
	t.Helper()
	publisher := viewers.openWith(whipScript, site+"/pattern?silent")
	defer publisher.close()
	publisher.resize(640, 360)
	evalf[string](publisher, "whip.publish(%q, document.querySelector('canvas').captureStream(30), 'video/%s')",
		r.url("/whip/in-"+codec), codec)
	viewer := watch(t, viewers, r.url("/pull/in-"+codec), 1)[0]
	defer viewer.close()
	return viewer.countPictures(codec)
}

// pushToWHEP returns how many new pictures a second there were.
func pushToWHEP(t *testing.T, r *relay, p *presenter, viewers *chromium, codec string) string {
	t.Helper()
	p.push.navigate(r.url("/push/out-" + codec + "?codec=" + codec))
	p.push.waitState("ready")
	p.share()
	viewer := viewers.openWith(whipScript, p.site+"/player")
	defer viewer.close()
	evalf[string](viewer, "whip.play(%q)", r.url("/whep/out-"+codec))
	return viewer.countPictures(codec)
}

// countPictures wants the page to show new pictures, in this codec.
func (p *page) countPictures(codec string) string {
	p.t.Helper()
	p.waitPicture()
	rate := checkCounters(p.t, eval[collected](p, "probe.collect(3000)"), 3, length(5, 10))
	if got := eval[string](p, "probe.codec()"); got != "video/"+codec {
		p.t.Errorf("a viewer gets %s, want video/%s", got, codec)
	}
	return fmt.Sprintf("%s %.1f", codec, rate)
}

// meddler is the relay behind a proxy that does to WebSockets what a test tells it;
// anything else passes.
type meddler struct {
	*httptest.Server
	forward http.Handler

	mu   sync.Mutex
	mode socketMode         // guarded by mu
	open context.Context    // of the WebSockets that passed; guarded by mu
	shut context.CancelFunc // ends them; guarded by mu
}

// socketMode is what becomes of a WebSocket.
type socketMode int

const (
	socketsPass    socketMode = iota
	socketsRefused            // 502
	socketsSilent             // 101, and whatever comes is swallowed
)

func startMeddler(t *testing.T, r *relay, mode socketMode) *meddler {
	t.Helper()
	target, err := url.Parse(r.url(""))
	check(t, err)
	m := &meddler{forward: &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.SetURL(target)
		request.Out.Host = request.In.Host
	}}}
	m.set(mode)
	m.Server = httptest.NewServer(m)
	t.Cleanup(func() {
		m.set(socketsRefused)
		m.Close()
	})
	return m
}

// set cuts all WebSockets, and says what becomes of the next.
func (m *meddler) set(mode socketMode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shut != nil {
		m.shut()
	}
	m.mode = mode
	m.open, m.shut = context.WithCancel(context.Background())
}

func (m *meddler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		m.forward.ServeHTTP(w, r)
		return
	}
	m.mu.Lock()
	mode, open := m.mode, m.open
	m.mu.Unlock()
	switch mode {
	case socketsPass:
		m.forward.ServeHTTP(w, r.WithContext(open))
	case socketsRefused:
		http.Error(w, "no WebSockets here", http.StatusBadGateway)
	case socketsSilent:
		swallow(w, r, open)
	}
}

// swallow is silent until ctx or the client ends the connection.
func swallow(w http.ResponseWriter, r *http.Request, ctx context.Context) {
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return // the client has gone
	}
	conn := ws.NetConn()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}

// overHTTP is true in a page that has given up WebSockets.
const overHTTP = "Boolean(relay.socket()) && !(relay.socket() instanceof WebSocket)"

// TestSilentWebSockets: pages whose WebSockets are opened and never heard give
// them up, and do what they do by WHIP and WHEP.
func TestSilentWebSockets(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	m := startMeddler(t, r, socketsSilent)
	p := newPresenter(t, servePattern(t), autoplay)
	viewer := p.browser.open(m.URL + "/pull")
	p.push = p.browser.open(m.URL + "/push")
	var took float64
	for _, opened := range []*page{viewer, p.push} {
		opened.wait(overHTTP)
		opened.wait("['waiting', 'ready'].includes(relay.state())")
		took = max(took, eval[float64](opened, "performance.now()"))
	}
	p.share()
	viewer.waitPicture()
	if took > 15_000 { // this machine is busy with other tests
		t.Errorf("it took %.0f ms", took)
	}
	figure(t, "whip-7: behind a proxy that opens WebSockets and swallows what is sent, the pages work within %.1f s", took/1000)
}

// statesScript notes every state that the page says it is in.
const statesScript = `window.went = []
new MutationObserver(() => went.at(-1) !== relay.state() && went.push(relay.state())).observe(
	document.documentElement, {attributes: true, attributeFilter: ['data-state']})`

// TestWebSocketsCutWhileLive: a presentation goes on when WebSockets are cut and
// come no more, and the presenter's place is found again through them when they do.
func TestWebSocketsCutWhileLive(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	m := startMeddler(t, r, socketsPass)
	p := newPresenter(t, servePattern(t), autoplay)
	p.push = p.browser.open(m.URL + "/push")
	p.push.waitState("ready")
	p.share()
	viewer := p.browser.open(m.URL + "/pull")
	viewer.waitState("live")
	pages := []*page{viewer, p.push}
	for _, opened := range pages {
		eval[any](opened, statesScript)
	}

	m.set(socketsRefused)
	for _, opened := range pages {
		opened.wait(overHTTP)
		opened.wait("probe.states.filter(({state}) => state === 'connected').length === 2")
	}
	moved := float64(time.Now().UnixMilli())
	viewer.wait(fmt.Sprintf("probe.newer(%f)", moved))
	// The room is away, unseen, while the presenter's next connection is made.
	for _, opened := range pages {
		if went := eval[string](opened, "went.filter((state) => !['live', 'away'].includes(state)).join()"); went != "" {
			t.Errorf("%s went through %s", eval[string](opened, "location.pathname"), went)
		}
	}

	m.set(socketsPass)
	p.push.navigate(m.URL + "/push")
	p.push.waitState("ready") // not held
	p.share()
	shared := eval[float64](p.push, "probe.captured.at(-1)")
	viewer.wait(fmt.Sprintf("probe.newer(%f)", shared))
	p.push.click("#stop")
	viewer.waitState("waiting")
	figure(t, "whip-7: WebSockets that are cut for good while live: both pages go on by HTTP and never say so; reloaded where they pass again, the presenter has the room")
}
