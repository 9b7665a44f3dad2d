package broadcast

import (
	"slices"
	"testing"
	"time"
)

func numbers(first uint16, count int) (all []uint16) {
	for i := range count {
		all = append(all, first+uint16(i))
	}
	return all
}

func TestGaps(t *testing.T) {
	for _, test := range []struct {
		name     string
		received []uint16
		want     []uint16
	}{
		{"nothing", nil, nil},
		{"the first alone", []uint16{7}, nil},
		{"in order", []uint16{1, 2, 3}, nil},
		{"a gap", []uint16{1, 4}, []uint16{2, 3}},
		{"two gaps", []uint16{1, 3, 4, 6}, []uint16{2, 5}},
		{"wrapped", []uint16{65533, 1}, []uint16{65534, 65535, 0}},
		{"wrapped in order", []uint16{65534, 65535, 0, 1}, nil},
		{"reordered", []uint16{1, 3, 2, 4}, nil},
		{"reordered over the wrap", []uint16{65534, 0, 65535, 1}, nil},
		{"duplicates", []uint16{1, 1, 3, 3, 2, 2}, nil},
		{"before the first", []uint16{10, 8, 9, 11}, nil},
		{"the longest gap", []uint16{0, 501}, numbers(1, 500)},
		{"an outage", []uint16{0, 2, 504}, nil},
		{"after an outage", []uint16{0, 600, 602}, []uint16{601}},
		{"counting anew", []uint16{40000, 9, 11}, []uint16{10}},
	} {
		var g gaps
		for _, seq := range test.received {
			g.received(seq, instant(0))
		}
		if got := g.due(instant(10)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestGapsBound: of too many the newest are kept.
func TestGapsBound(t *testing.T) {
	var g gaps
	for seq := range 4 {
		g.received(uint16(seq*500), instant(0))
	}
	got := g.due(instant(10))
	if len(got) != maxMissing || got[0] != 474 || got[len(got)-1] != 1499 {
		t.Errorf("%d numbers from %d to %d", len(got), got[0], got[len(got)-1])
	}
}

// TestGapsTimes follows one missing packet until it is given up.
func TestGapsTimes(t *testing.T) {
	var g gaps
	if !g.next().IsZero() {
		t.Error("due without a packet")
	}
	g.received(1, instant(0))
	g.received(3, instant(100))
	for i, ms := range []int{110, 160, 260, 360, 460, 560, 660, 760} {
		if next := g.next(); !next.Equal(instant(ms)) {
			t.Fatalf("request %d at %v, want %v", i, next, instant(ms))
		}
		if early := g.due(instant(ms - 1)); len(early) != 0 {
			t.Fatalf("request %d early: %v", i, early)
		}
		if got := g.due(instant(ms)); !slices.Equal(got, []uint16{2}) {
			t.Fatalf("request %d: %v", i, got)
		}
	}
	if !g.next().IsZero() || len(g.due(instant(900))) != 0 {
		t.Error("a packet given up is asked for")
	}
}

func TestGapsRepaired(t *testing.T) {
	var g gaps
	g.received(1, instant(0))
	g.received(4, instant(0))
	g.due(instant(10))
	g.received(2, instant(20))
	if got := g.due(instant(60)); !slices.Equal(got, []uint16{3}) {
		t.Errorf("asked for %v", got)
	}
	g.reset()
	if !g.next().IsZero() || len(g.due(instant(500))) != 0 {
		t.Error("asked for packets of the publisher before")
	}
	g.received(1000, instant(600))
	if !g.next().IsZero() {
		t.Error("a new publisher's first number is a gap")
	}
}

// TestGapsLate: a packet that nobody asked for in time is not asked for.
func TestGapsLate(t *testing.T) {
	var g gaps
	g.received(1, instant(0))
	g.received(3, instant(0))
	if got := g.due(instant(0).Add(repairTime)); len(got) != 0 {
		t.Errorf("asked for %v after a second", got)
	}
}

func BenchmarkGaps(b *testing.B) {
	var g gaps
	seq, now := uint16(0), instant(0)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		now = now.Add(time.Millisecond)
		if seq%50 != 0 { // 2 % lost
			g.received(seq, now)
		}
		g.due(now)
	}
}

// Lost is what was asked for the first time: neither late packets nor repetitions.
func TestGapsLost(t *testing.T) {
	var g gaps
	for _, seq := range []uint16{65534, 1, 0} {
		g.received(seq, instant(0))
	}
	for _, test := range []struct{ ms, asked, lost int }{{9, 0, 0}, {10, 1, 1}, {60, 1, 0}} {
		if asked := g.due(instant(test.ms)); len(asked) != test.asked || g.lost != test.lost {
			t.Errorf("at %d ms: asked for %v, %d lost", test.ms, asked, g.lost)
		}
	}
}
