package main

import (
	"fmt"
	"slices"
	"testing"

	"relay/cmd/relay/load"
)

// What a viewer may take: resident memory in kB, and as a share of what the
// reference takes for one.
const (
	maxPerViewer = 350
	maxShare     = 0.2
)

// TestMemoryPerViewer: the relay and the reference in turn, under the same load.
func TestMemoryPerViewer(t *testing.T) {
	if !full {
		t.Parallel() // it mostly waits
	}
	for _, preset := range []string{"video", "screen"}[:length(1, 2)] {
		flags := []string{"--load", preset, "--viewers", fmt.Sprint(length(10, 100)), "--join-rate", "50", "--duration", seconds(1, 10).String()}
		var ours, theirs, shares []float64
		for range length(1, 3) {
			relay, reference := perViewer(t, benchRelay(t, flags)), perViewer(t, benchReference(t, flags))
			ours, theirs, shares = append(ours, relay), append(theirs, reference), append(shares, relay/reference)
		}
		kilobytes, share := middle(ours), middle(shares)
		switch {
		case full && (kilobytes > maxPerViewer || share > maxShare):
			t.Errorf("--load %s: %.0f kB a viewer and %.2f of the reference, want %d and %.2f", preset, kilobytes, share, maxPerViewer, maxShare)
		case share >= 1:
			t.Errorf("--load %s: %.0f kB a viewer, and the reference takes %.0f", preset, kilobytes, middle(theirs))
		}
		figure(t, "engine-2: --load %s: %.0f kB a viewer (%.0f), the reference %.0f kB: %.3f of it (%.3f)",
			preset, kilobytes, ours, middle(theirs), share, shares)
	}
}

// perViewer is the server's memory for each viewer, in kB.
func perViewer(t *testing.T, r load.Report) float64 {
	t.Helper()
	if r.Viewers.Connected != r.Viewers.Asked || r.Server == nil || !r.Server.PerViewer.Known() {
		t.Fatalf("%+v, of the server %+v", r.Viewers, r.Server)
	}
	return float64(r.Server.PerViewer) / 1000
}

// middle is the median of an odd number of values.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
