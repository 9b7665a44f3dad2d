package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// schoolPage is another site's page with the relay's player, at relay %[1]s.
const schoolPage = `<!doctype html><html lang="en"><meta charset="utf-8"><title>School</title>
<script type="module" src="%[1]s/static/js/relay-player.js"></script>
<relay-player src="%[1]s/whep/main" muted></relay-player>`

// elementScript lets the probe find the <video> in the player's shadow tree, and
// notes the player's events.
const elementScript = `
window.told = []
for (const name of ['playing', 'waiting', 'reconnecting', 'failed']) addEventListener(name, () => told.push(name), true)
const find = document.querySelector.bind(document)
document.querySelector = (selector) => find(selector) ?? find('relay-player')?.shadowRoot?.querySelector(selector) ?? null
window.shown = () => [...find('relay-player').shadowRoot.querySelectorAll('*')]
	.filter((e) => e.children.length === 0 && e.tagName !== 'STYLE' && e.checkVisibility()).map((e) => e.textContent).join(' ')`

// lastPicture is whether a picture is on the screen.
const lastPicture = `(() => {
	const canvas = new OffscreenCanvas(64, 36).getContext('2d')
	canvas.drawImage(document.querySelector('video'), 0, 0, 64, 36)
	return canvas.getImageData(0, 0, 64, 36).data.some((value) => value)
})()`

// TestPlayerElement: the player on another site's page plays, says what it waits
// for, keeps the last picture while the relay is away, and comes back after it was
// restarted. A site that the relay does not serve is told so.
func TestPlayerElement(t *testing.T) {
	port := freePort(t) // the page names the relay, and the relay the page's origin
	school := serveSite(t, map[string]string{"/": fmt.Sprintf(schoolPage, "http://localhost:"+port)})
	r := startRelay(t, "--port", port, "--allow-origin", school)
	browser := startChromium(t, autoplay)
	player := browser.openWith(elementScript, school+"/")
	player.waitTold("waiting", "/Waiting/")
	stranger := browser.openWith(elementScript, serveSite(t, map[string]string{"/": fmt.Sprintf(schoolPage, "http://localhost:"+port)})+"/")
	stranger.waitTold("failed", "/--allow-origin/")

	p := present(t, r, "/push")
	player.waitPicture()
	player.wait("told.includes('playing')")
	rate := checkCounters(t, eval[collected](player, "probe.collect(3000)"), 3, length(10, 20))

	r.kill()
	killed := time.Now()
	player.waitTold("reconnecting", "/Reconnecting/")
	silent := time.Since(killed)
	if silent > 4*time.Second || eval[int](player, "told.filter((name) => name === 'waiting').length") != 1 {
		t.Errorf("the killed relay was missed after %v, told were %v", silent, eval[[]string](player, "told"))
	}
	if !eval[bool](player, lastPicture) {
		t.Error("the last picture did not stay")
	}
	r.start("--allow-origin", school)
	listening := float64(time.Now().UnixMilli())
	player.wait(fmt.Sprintf("probe.newer(%f)", listening))
	took := evalf[float64](player, "probe.newer(%f).at - %[1]f", listening)
	p.push.waitState("live")
	figure(t, "whip-7: <relay-player> on another origin waits, plays %.1f new pictures a second, says after %.1f s that the relay was killed, plays %.1f s after it listens again", rate, silent.Seconds(), took/1000)
}

// waitTold waits for an event of the player, and for what it then shows.
func (p *page) waitTold(event, pattern string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("told.includes(%q) && %s.test(shown())", event, pattern))
}

// withoutWebSockets is the relay behind a proxy that lets no WebSocket pass.
type withoutWebSockets struct {
	*httptest.Server
	refused atomic.Int32
}

func startProxyWithoutWebSockets(t *testing.T, r *relay) *withoutWebSockets {
	t.Helper()
	target, err := url.Parse(r.url(""))
	check(t, err)
	forward := &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.SetURL(target)
		request.Out.Host = request.In.Host
	}}
	proxy := &withoutWebSockets{}
	proxy.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if websocket.IsWebSocketUpgrade(request) {
			proxy.refused.Add(1)
			http.Error(w, "no WebSockets here", http.StatusBadGateway)
			return
		}
		forward.ServeHTTP(w, request)
	}))
	t.Cleanup(proxy.Close)
	return proxy
}

// TestPagesWithoutWebSockets: where none can be opened, both pages do what they
// do by WHIP and WHEP.
func TestPagesWithoutWebSockets(t *testing.T) {
	r := startRelay(t)
	proxy := startProxyWithoutWebSockets(t, r)
	p := newPresenter(t, servePattern(t))
	p.push = p.browser.open(proxy.URL + "/push")
	p.push.waitState("ready")
	p.share()
	viewer := watch(t, startChromium(t, autoplay), proxy.URL+"/pull", 1)[0]
	viewer.waitState("live")
	rate := checkCounters(t, eval[collected](viewer, "probe.collect(3000)"), 3, length(10, 20))
	p.waitViewers(1)

	p.push.click("#stop")
	viewer.waitState("waiting")
	if proxy.refused.Load() == 0 {
		t.Error("no page tried a WebSocket: nothing was shown")
	}
	figure(t, "whip-7: behind a proxy that refused %d WebSockets, /push and /pull work: %.1f new pictures a second, and who stops is told of", proxy.refused.Load(), rate)
}
