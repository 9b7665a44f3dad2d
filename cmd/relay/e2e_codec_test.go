package main

import (
	"fmt"
	"testing"
)

// TestFirefoxLacksH264: a viewer that cannot decode what the room shows is told
// so, asks for nothing, and plays when it can again.
func TestFirefoxLacksH264(t *testing.T) {
	r := startRelay(t)
	p := present(t, r, "/push?codec=vp8")
	viewer := startFirefox(t)
	viewer.navigate(r.url("/pull"))
	viewer.wait("probe.current()")
	viewer.wait("document.documentElement.dataset.state === 'live'")

	p.chooseCodec("h264")
	viewer.wait("document.documentElement.dataset.state === 'unplayable'")
	p.push.wait("probe.stats('outbound-rtp', 'video').then((s) => s.framesEncoded > 30)")
	asked := p.keyFrameRequests()
	p.push.pause(seconds(3, 10))
	more := p.keyFrameRequests() - asked
	if more > 0 {
		t.Errorf("%d key frames asked for a viewer that cannot decode them", more)
	}
	told := evalFirefox[string](viewer, "document.body.innerText")

	p.chooseCodec("vp8")
	counter := eval[int](p.pattern, "pattern.counter()")
	viewer.wait(fmt.Sprintf("probe.current()?.counter > %d", counter))
	viewer.wait("document.documentElement.dataset.state === 'live'")
	figure(t, "spine-6: %s plays VP8, is told of H264 (%.80q) and asks %d key frames, plays VP8 again",
		evalFirefox[string](viewer, "navigator.userAgent.match(/Firefox.*/)[0]"), told, more)
}

// chooseCodec picks from the push page's menu, and returns when that is sent.
func (p *presenter) chooseCodec(codec string) {
	p.push.t.Helper()
	evalf[any](p.push, `(() => {
		const menu = document.querySelector('#codec')
		menu.value = [...menu.options].find((o) => o.value.toLowerCase() === %q).value
		menu.dispatchEvent(new Event('input', {bubbles: true}))
		menu.dispatchEvent(new Event('change', {bubbles: true}))
	})()`, codec)
	p.push.wait(fmt.Sprintf("probe.codec().then((codec) => codec?.toLowerCase() === 'video/%s')", codec))
}
