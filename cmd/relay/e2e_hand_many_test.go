package main

import (
	"testing"
	"time"
)

// crowdScript answers for the relay when the page asks who watches: 500 do, with
// other figures each time; one of them can't play the picture.
const crowdScript = `
const real = window.fetch
window.longest = 0
window.fetch = async (url, init) => {
	if (!String(url).endsWith('/viewers')) return real(url, init)
	const viewers = Array.from({length: 500}, (_, i) => ({
		id: 'v' + i, name: i % 3 ? 'Viewer of row ' + i : null, since: new Date(1.8e12 + 1e3 * i).toISOString(), browser: 'Chrome on Windows',
		via: 'websocket', connected: true, codec: 'VP8', bitrate: 2e6 + 1e5 * Math.random(), loss: 0.01 * Math.random(), rtt: 0.02,
		picture: true, trouble: i === 321 ? 'codec-unsupported' : null,
	}))
	return Response.json({room: 'math', locked: false, maxViewers: null, viewers, blocked: [], requests: []})
}
new PerformanceObserver((list) => {
	for (const {duration} of list.getEntries()) longest = Math.max(longest, duration)
}).observe({type: 'longtask'})`

// TestPanelOfFiveHundred: the presenter's page lists 500 viewers, trouble first, in a
// card that scrolls, finds one of them, and stays quick.
func TestPanelOfFiveHundred(t *testing.T) {
	if !full {
		t.Log("in full length only")
		return
	}
	r := startRelay(t)
	p := newPresenter(t, servePattern(t))
	p.push = p.browser.blank()
	p.push.inject(crowdScript)
	p.push.navigate(r.url("/push/math"))
	p.share()
	p.push.wait("document.querySelectorAll('.person').length === 500")
	p.push.wait("document.querySelector('.person').dataset.kind === 'bad'")
	if tall := eval[float64](p.push, "document.querySelector('#people').clientHeight / innerHeight"); tall > 0.6 {
		t.Errorf("the list takes %.1f of the window", tall)
	}
	eval[any](p.push, "longest = 0")
	p.push.pause(time.Duration(length(3, 10)) * time.Second)
	slowest := eval[float64](p.push, "longest")
	if slowest > 500 {
		t.Errorf("the page was busy for %.0f ms at a time", slowest)
	}
	p.push.enter("#filter", "row 322")
	p.push.wait("[...document.querySelectorAll('.person')].filter((row) => !row.hidden).length === 1")
	figure(t, "access-8: 500 viewers in the panel: one is found by name, and the page is never busy for longer than %.0f ms while their figures change", slowest)
}
