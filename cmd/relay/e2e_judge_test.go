package main

import (
	"math"
	"os"
	"slices"
	"testing"
	"time"
)

// collected is what probe.collect saw at a viewer.
type collected struct {
	Frames []struct {
		Counter int     `json:"counter"`
		Late    float64 `json:"late"` // milliseconds from drawn to shown
	} `json:"frames"`
	Unreadable int `json:"unreadable"`
}

// heard is what probe.listen heard: loudness (root mean square) of each
// channel, and the level in dB of each frequency asked for.
type heard struct {
	Left   float64   `json:"left"`
	Right  float64   `json:"right"`
	Levels []float64 `json:"levels"`
}

// checkCounters wants so many new pictures a second, in order, and returns how
// many there were.
func checkCounters(t *testing.T, seen collected, seconds float64, perSecond int) float64 {
	t.Helper()
	last, fresh := -1, 0
	for _, frame := range seen.Frames {
		if frame.Counter < last {
			t.Errorf("the counter went back from %d to %d", last, frame.Counter)
		}
		if frame.Counter > last {
			fresh++
		}
		last = frame.Counter
	}
	if seen.Unreadable > 0 {
		t.Errorf("%d of %d frames could not be read", seen.Unreadable, len(seen.Frames)+seen.Unreadable)
	}
	rate := float64(fresh) / seconds
	if rate < float64(perSecond) {
		t.Errorf("%.1f new pictures a second, want %d", rate, perSecond)
	}
	return rate
}

// checkLeftOnly wants the pattern's tone where it belongs.
func checkLeftOnly(t *testing.T, sound heard) {
	t.Helper()
	if sound.Left < 0.3 || sound.Right > 0.01 {
		t.Errorf("loudness left %.3f, right %.4f; want at least 0.3 and at most 0.01", sound.Left, sound.Right)
	}
}

// lateness is the latency of each frame, sorted.
func lateness(all ...collected) []float64 {
	var late []float64
	for _, seen := range all {
		for _, frame := range seen.Frames {
			late = append(late, frame.Late)
		}
	}
	slices.Sort(late)
	return late
}

// percentile of sorted values.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.Inf(1)
	}
	return sorted[int(p*float64(len(sorted)-1))]
}

// full makes the tests take as long, and be as strict, as what was promised.
// Without it they show the same in less time, on a machine that may be busy
// with other tests, with a relay that looks for races: half as fast will do.
var full = os.Getenv("RELAY_SHOW") != ""

// length is how much of something a test does or wants.
func length(quick, whole int) int {
	if full {
		return whole
	}
	return quick
}

// seconds is length as a time.
func seconds(quick, whole int) time.Duration {
	return time.Duration(length(quick, whole)) * time.Second
}

// figure reports what a test measured, for .ci/show to find.
func figure(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Logf(format, args...)
}
