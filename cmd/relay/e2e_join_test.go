package main

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestLateJoinIsQuick: who joins a picture that stands still sees it at once,
// and no key frame is asked for.
func TestLateJoinIsQuick(t *testing.T) {
	r := startRelay(t)
	p := present(t, r, "/push")
	joins, soon := length(1, 10), length(1000, 500)
	var waits []float64
	for range joins {
		p.moveThenRest(seconds(4, 20), seconds(2, 5))
		asked := p.keyFrameRequests()
		waits = append(waits, joinStill(t, r, p))
		if more := p.keyFrameRequests() - asked; more > 0 {
			t.Errorf("%d key frames asked for between join and picture", more)
		}
	}
	slices.Sort(waits)
	inTime, _ := slices.BinarySearch(waits, float64(soon+1))
	if inTime*10 < joins*9 {
		t.Errorf("%d of %d joins within %d ms, want 9 of 10: %.0f", inTime, joins, soon, waits)
	}
	figure(t, "spine-3: %d of %d joins show the current picture within %d ms of connected (median %.0f ms, worst %.0f ms), no key frame asked",
		inTime, joins, soon, percentile(waits, 0.5), waits[joins-1])
}

// moveThenRest lets the picture move, then stand still.
func (p *presenter) moveThenRest(movement, rest time.Duration) {
	p.pattern.t.Helper()
	eval[any](p.pattern, "pattern.move()")
	p.pattern.pause(movement)
	eval[any](p.pattern, "pattern.still()")
	p.pattern.pause(rest)
}

// joinStill opens a viewer in a browser of its own and returns how many
// milliseconds after `connected` it shows the picture that stands still.
func joinStill(t *testing.T, r *relay, p *presenter) float64 {
	t.Helper()
	current := eval[int](p.pattern, "pattern.counter()")
	browser := startChromium(t, autoplay)
	defer browser.stop()
	viewer := browser.open(r.url("/pull"))
	shown := fmt.Sprintf("probe.frames.find((f) => f.counter >= %d)", current)
	viewer.wait(shown)
	return evalf[float64](viewer, "%s.at - probe.lastState('connected')", shown)
}
