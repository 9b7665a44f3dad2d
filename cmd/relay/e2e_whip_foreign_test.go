package main

import (
	"os/exec"
	"strings"
	"testing"
)

// foreignClients are what npm has of WHIP and WHEP, and nobody here wrote.
const foreignClients = `
export {WHIPClient} from '@eyevinn/whip-web-client'
export {WebRTCPlayer} from '@eyevinn/webrtc-player'`

// refusals notes what no script catches: the player tells its failures to nobody.
const refusals = `
window.refused = ''
addEventListener('unhandledrejection', (e) => { window.refused = String(e.reason) })`

// bundle makes one script of a module and of the packages that it is made from.
// What the module exports is in the global foreign.
func bundle(t *testing.T, module string) string {
	t.Helper()
	esbuild := exec.Command("node_modules/.bin/esbuild", "--bundle", "--format=iife", "--global-name=foreign", "--platform=browser", "--log-level=error")
	esbuild.Dir = "../../.ci"
	esbuild.Stdin = strings.NewReader(module)
	esbuild.Stderr = &syncBuffer{}
	script, err := esbuild.Output()
	if err != nil {
		t.Fatalf("esbuild: %v\n%s", err, esbuild.Stderr)
	}
	return string(script)
}

// TestForeignClients: other people's clients, on another origin, publish and
// play if that origin is allowed.
func TestForeignClients(t *testing.T) {
	allowed, stranger := foreignSite(t), foreignSite(t)
	clients := bundle(t, foreignClients) + refusals
	r := startRelay(t, "--allow-origin", allowed)
	browser := startChromium(t, autoplay)

	refused := browser.openWith(clients, stranger+"/pattern?silent")
	refused.ingest(r.url("/whip/main"))
	refused.checkRefused()
	publisher := browser.openWith(clients, allowed+"/pattern?silent")
	publisher.resize(1280, 720)
	publisher.ingest(r.url("/whip/main"))
	publisher.waitConnected()

	player := browser.openWith(clients, allowed+"/player")
	player.load(r.url("/whep/main"))
	player.waitPicture()
	rate := checkCounters(t, eval[collected](player, "probe.collect(3000)"), 3, length(5, 15))

	refused = browser.openWith(clients, stranger+"/player")
	refused.load(r.url("/whep/main"))
	refused.checkRefused()
	if count := strings.Count(r.log.String(), "origin refused"); count < 2 {
		t.Errorf("the log has %d refused origins: something else refused them", count)
	}
	figure(t, "whip-2: @eyevinn/whip-web-client publishes and @eyevinn/webrtc-player plays over WHEP from an allowed origin: %.1f new pictures a second; from an origin not allowed neither connects", rate)
}

// ingest has the foreign client publish the page's pattern.
func (p *page) ingest(endpoint string) {
	p.t.Helper()
	evalf[any](p, `void new foreign.WHIPClient({endpoint: %q, opts: {iceServers: []}})
		.ingest(document.querySelector('canvas').captureStream(30))`, endpoint)
}

// load has the foreign player play.
func (p *page) load(endpoint string) {
	p.t.Helper()
	evalf[any](p, `void new foreign.WebRTCPlayer({video: document.querySelector('video'), type: 'whep', iceServers: []})
		.load(new URL(%q))`, endpoint)
}

func (p *page) waitConnected() {
	p.t.Helper()
	p.wait("probe.lastState('connected')")
}

// checkRefused wants the page to have asked in vain.
func (p *page) checkRefused() {
	p.t.Helper()
	p.wait("refused.includes('Failed to fetch')")
	if eval[bool](p, "probe.lastState('connected') !== null") {
		p.t.Error("a page of another origin is connected")
	}
}
