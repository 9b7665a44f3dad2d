package tally

import (
	"slices"
	"testing"
	"time"
)

func TestNackerSchedule(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rtt   time.Duration
		times []time.Duration // at which both numbers are asked for
	}{
		{"short round trip", 5 * ms, []time.Duration{10, 60, 110, 160, 210, 260, 310, 360, 410, 460}},
		{"long round trip", 300 * ms, []time.Duration{10, 310, 610, 910}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := Nacker{RTT: tc.rtt}
			n.Missing(Span{First: 65535, Count: 2}, 0)
			var times []time.Duration
			for now := time.Duration(0); now < 2000*ms; now += ms {
				due := n.Due(now)
				if len(due) == 0 {
					continue
				}
				if !slices.Equal(due, []uint16{65535, 0}) {
					t.Fatalf("at %v: %v", now, due)
				}
				times = append(times, now/ms)
			}
			if !slices.Equal(times, tc.times) {
				t.Errorf("asked at %v, want %v", times, tc.times)
			}
			if len(n.missing) != 0 {
				t.Errorf("%v is not given up", n.missing)
			}
		})
	}
}

func TestNackerForgetsWhatCame(t *testing.T) {
	var n Nacker
	n.Missing(Span{First: 65534, Count: 4}, 0)
	n.Got(65535)
	n.Got(1)
	n.Got(12345)
	if due := n.Due(10 * ms); !slices.Equal(due, []uint16{65534, 0}) {
		t.Errorf("due %v", due)
	}
	n.Got(65534)
	n.Got(0)
	if n.Due(time.Second) != nil {
		t.Error("still asks for what came")
	}
}

func TestNackerIsBounded(t *testing.T) {
	var n Nacker
	n.Missing(Span{First: 10, Count: 600}, 0)
	n.Missing(Span{First: 65000, Count: maxJump - 1}, 0)
	due := n.Due(10 * ms)
	last := uint16((65000 + maxJump - 2) & 0xffff)
	if len(due) != maxAsked || due[len(due)-1] != last {
		t.Errorf("%d due, last %d, want %d, last %d", len(due), due[len(due)-1], maxAsked, last)
	}
}

func TestAnOutageIsNotAskedFor(t *testing.T) {
	var n Nacker
	n.Missing(Span{First: 10, Count: maxJump}, 0)
	if due := n.Due(10 * ms); len(due) > 0 {
		t.Errorf("%d due", len(due))
	}
}

// TestNackerWithStream lets a server answer what the two ask for together.
func TestNackerWithStream(t *testing.T) {
	var s Stream
	var n Nacker
	for i := range 70_000 {
		seq, now := uint16(i+60_000), time.Duration(i)*3*ms
		if i%20 != 7 && s.Packet(seq, now) == New {
			n.Missing(s.Gap(), now)
		}
		due := n.Due(now)
		s.Asked(due, now)
		for _, seq := range slices.Clone(due) {
			if s.Packet(seq, now) == Repaired {
				n.Got(seq)
			}
		}
	}
	c := s.Counts()
	if c.Lost() != 3500 || c.Missing() > 1 || c.Reordered != 0 || len(n.missing) > 1 {
		t.Errorf("counts %+v, %d pending", c, len(n.missing))
	}
}
