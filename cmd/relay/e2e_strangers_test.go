package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// knockScript tries a WebSocket, and says whether it was let in.
const knockScript = `(url) => new Promise((done) => {
	const socket = new WebSocket(url)
	socket.onopen = () => done('let in')
	socket.onerror = () => done('refused')
})`

func (p *page) knock(url string) string {
	p.t.Helper()
	return evalf[string](p, "(%s)(%q)", knockScript, url)
}

// TestStrangersAreRefused: a page of another origin, and one that reached the
// relay under a name of its own, can neither watch nor publish.
func TestStrangersAreRefused(t *testing.T) {
	r := startRelay(t)
	browser := startChromium(t, chromedp.Flag("host-resolver-rules", "MAP rebound.example 127.0.0.1"))
	own := browser.open(r.url("/pull"))
	otherOrigin := browser.open(servePattern(t) + "/pattern?silent")
	rebound := browser.open("http://rebound.example:" + r.port + "/pull")

	refused := 0
	for _, path := range []string{"/ws/pull/main", "/ws/push/main"} {
		at := "localhost:" + r.port + path
		if got := own.knock("ws://" + at); got != "let in" {
			t.Errorf("the relay's own page at %s: %s", path, got)
		}
		for name, got := range map[string]string{
			"a page of another origin":                otherOrigin.knock("ws://" + at),
			"a rebound page, by its name":             rebound.knock("ws://rebound.example:" + r.port + path),
			"a rebound page, by the relay's own name": rebound.knock("ws://" + at),
		} {
			if got != "refused" {
				t.Errorf("%s at %s: %s", name, path, got)
			}
			refused++
		}
	}
	if told := eval[string](rebound, "document.body.innerText"); !strings.Contains(told, "--allow-host") {
		t.Errorf("the rebound page says %q, and not which flag allows it", told)
	}
	if eval[bool](rebound, "document.querySelector('video') !== null") {
		t.Error("the rebound page is the viewer's page")
	}
	for _, reason := range []string{"origin refused", "host refused"} {
		if !strings.Contains(r.log.String(), reason) {
			t.Errorf("the log has no %q: something else refused them", reason)
		}
	}
	figure(t, "spine-8: %d of %d attempts from another origin and a rebound name refused, watching and publishing; the relay's own page let in", refused, refused)
}
