package tally

import (
	"testing"
	"time"
)

func TestReception(t *testing.T) {
	var s Stream
	for _, step := range []struct {
		name   string
		events []event
		want   Reception
	}{
		{"nothing", nil, Reception{}},
		{"no loss", packets(65533, 65534), Reception{Highest: 65534}},
		{"a quarter, across the wrap", packets(65535, 0, 2), Reception{Fraction: 64, Lost: 1, Highest: 1<<16 | 2}},
		{"no packet", nil, Reception{Lost: 1, Highest: 1<<16 | 2}},
		{"copies outweigh losses", packets(2, 2, 3), Reception{Lost: 0xffffff, Highest: 1<<16 | 3}},
		{"nearly all", packets(2003), Reception{Fraction: 255, Lost: 1998, Highest: 1<<16 | 2003}},
		{"a new epoch", packets(40000, 40001), Reception{Lost: 1998, Highest: 40001}},
	} {
		play(&s, step.events)
		if got := s.Reception(); got != step.want {
			t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
		}
	}
}

func TestSigned24(t *testing.T) {
	for n, want := range map[int64]uint32{0: 0, -1: 0xffffff, 1 << 30: 0x7fffff, -1 << 30: 0x800000} {
		if got := signed24(n); got != want {
			t.Errorf("%d: %x, want %x", n, got, want)
		}
	}
}

func TestJitter(t *testing.T) {
	for _, tc := range []struct {
		name  string
		sway  time.Duration // every second packet comes so much later
		begin uint32
		want  uint32
	}{
		{"even", 0, 0, 0},
		{"even across the wrap", 0, 1<<32 - 90000, 0},
		{"sway", 10 * ms, 0, 900},
		{"sway across the wrap", 10 * ms, 1<<32 - 90000, 900},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var j Jitter
			for i := range 3000 {
				now := 30*time.Hour + time.Duration(i)*20*ms + time.Duration(i%2)*tc.sway
				j.Packet(tc.begin+uint32(i)*1800, now, 90000)
			}
			if got := j.Value(); got+1 < tc.want || got > tc.want+1 {
				t.Errorf("jitter %d, want %d", got, tc.want)
			}
		})
	}
}
