package main

import (
	"fmt"
	"testing"
	"time"
)

// TestPresenterReloads: whoever watches stays connected while the presenter
// reloads the page and shares again, at last with another codec.
func TestPresenterReloads(t *testing.T) {
	r := startRelay(t)
	p := present(t, r, "/push")
	viewers := openViewers(t, r, 2)
	rounds := []string{"/push", "/push", "/push?codec=h264"}
	var worst float64
	for _, path := range rounds[length(1, 0):] {
		p.push.navigate(r.url(path))
		p.push.waitState("ready")
		p.share()
		captured := eval[float64](p.push, "probe.captured.at(-1)")
		for _, viewer := range viewers {
			viewer.wait(fmt.Sprintf("probe.newer(%f)", captured))
			worst = max(worst, evalf[float64](viewer, "probe.newer(%f).at - %[1]f", captured))
		}
	}
	if limit := length(4000, 2000); worst > float64(limit) {
		t.Errorf("a viewer waited %.0f ms for a new picture, want %d ms", worst, limit)
	}
	if codec := eval[string](viewers[0], "probe.codec()"); codec != "video/H264" {
		t.Errorf("viewers get %s at the end, want video/H264", codec)
	}
	checkNeverLeftConnected(t, viewers)
	figure(t, "spine-4: %d reloads, the last with another codec: a new picture at every viewer %.0f ms or less after getDisplayMedia; no viewer left connected",
		len(rounds)-length(1, 0), worst)
}

// checkNeverLeftConnected wants each viewer to have had one connection, which
// stayed.
func checkNeverLeftConnected(t *testing.T, viewers []*page) {
	t.Helper()
	for _, viewer := range viewers {
		states := eval[[]string](viewer, "probe.states.map((s) => s.state)")
		if got := fmt.Sprint(states); got != "[new connecting connected]" {
			t.Errorf("a viewer's connection went through %s", got)
		}
	}
}

// TestRelayRestarts: everybody plays again after the relay was killed.
func TestRelayRestarts(t *testing.T) {
	r := startRelay(t)
	p := present(t, r, "/push")
	viewers := openViewers(t, r, 2)
	r.kill()
	r.start()
	listening := float64(time.Now().UnixMilli())
	var worst float64
	for _, viewer := range viewers {
		viewer.wait(fmt.Sprintf("probe.newer(%f)", listening))
		worst = max(worst, evalf[float64](viewer, "probe.newer(%f).at - %[1]f", listening))
	}
	if worst > 10_000 {
		t.Errorf("a viewer waited %.0f ms for a picture, want 10 s", worst)
	}
	p.push.waitState("live")
	figure(t, "spine-5: all play %.1f s or less after the killed relay listens again", worst/1000)
}
