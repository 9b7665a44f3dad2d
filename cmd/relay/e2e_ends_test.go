package main

import (
	"fmt"
	"testing"
	"time"
)

// TestSharedTabIsClosed: viewers are told at once.
func TestSharedTabIsClosed(t *testing.T) {
	r := startRelay(t)
	p := present(t, r, "/push")
	viewers := openViewers(t, r, 2)
	start := time.Now()
	p.pattern.close()
	for _, viewer := range viewers {
		viewer.waitState("waiting")
	}
	took := time.Since(start)
	if limit := seconds(2, 1); took > limit {
		t.Errorf("viewers say so after %v, want %v", took, limit)
	}
	p.push.wait("['ready', 'ended'].includes(document.documentElement.dataset.state)")
	figure(t, "spine-5: the shared tab closed: viewers say so after %d ms", took.Milliseconds())
}

// TestViewerCrashes: a browser that is gone is no longer counted.
func TestViewerCrashes(t *testing.T) {
	r := startRelay(t)
	p := present(t, r, "/push")
	watch(t, startChromium(t, autoplay), r.url("/pull"), 1)
	crashing := startChromium(t, autoplay)
	watch(t, crashing, r.url("/pull"), 1)
	p.waitViewers(2)
	start := time.Now()
	crashing.kill()
	p.waitViewers(1)
	took := time.Since(start)
	if limit := seconds(2, 1); took > limit {
		t.Errorf("the crashed viewer was counted for %v, want %v", took, limit)
	}
	figure(t, "spine-5: a viewer's browser killed: not counted after %d ms", took.Milliseconds())
}

// waitViewers waits for the number of viewers on the presenter's page.
func (p *presenter) waitViewers(count int) {
	p.push.t.Helper()
	p.push.wait(fmt.Sprintf("parseInt(document.querySelector('#viewers').textContent.match(/\\d+/)) === %d", count))
}

// TestViewerLosesItsNetwork: the count follows, and the picture comes back by
// itself.
func TestViewerLosesItsNetwork(t *testing.T) {
	if !mayMakeNetworks(t) {
		return
	}
	r := startRelay(t)
	p := present(t, r, "/push")
	lan := newNamespace(t)
	viewer := watch(t, startChromium(t, autoplay, lan.inside()), "http://"+lan.address+":"+r.port+"/pull", 1)[0]
	p.waitViewers(1)

	down := time.Now()
	lan.linkDown()
	p.waitViewers(0)
	gone := time.Since(down)
	if gone > 10*time.Second {
		t.Errorf("the viewer was counted for %v, want 10 s", gone)
	}
	p.push.pause(15*time.Second - gone)
	lan.linkUp()
	up := time.Now()
	viewer.wait(fmt.Sprintf("probe.newer(%d)", up.UnixMilli()))
	p.waitViewers(1)
	figure(t, "spine-5: a viewer's link down: not counted after %.1f s; up after 15 s: plays again after %.1f s",
		gone.Seconds(), time.Since(up).Seconds())
}
