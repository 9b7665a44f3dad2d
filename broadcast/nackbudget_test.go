package broadcast

import (
	"testing"
	"time"
)

func TestNackBudgetRepeats(t *testing.T) {
	for _, test := range []struct {
		name  string
		first uint16
		next  uint16
		rtt   time.Duration
		after int // ms
		want  bool
	}{
		{"at once", 5, 5, 0, 0, false},
		{"within 10 ms", 5, 5, time.Millisecond, 9, false},
		{"after 10 ms", 5, 5, time.Millisecond, 10, true},
		{"within the round trip", 5, 5, 200 * time.Millisecond, 199, false},
		{"after the round trip", 5, 5, 200 * time.Millisecond, 200, true},
		{"another number", 5, 6, 200 * time.Millisecond, 0, true},
		{"number 0", 0, 0, 0, 0, false},
		{"number 65535", 65535, 65535, 0, 9, false},
		{"the same place", 5, 5 + budgetNumbers, time.Second, 0, true},
	} {
		var b nackBudget
		if !b.allow(test.first, 0, test.rtt, instant(0)) {
			t.Errorf("%s: the first was refused", test.name)
		}
		if got := b.allow(test.next, 0, test.rtt, instant(test.after)); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// allowed counts what a viewer gets who asks for count numbers from first on.
func allowed(b *nackBudget, first uint16, count int, sent uint64, ms int) (n int) {
	for _, seq := range numbers(first, count) {
		if b.allow(seq, sent, time.Millisecond, instant(ms)) {
			n++
		}
	}
	return n
}

func TestNackBudgetFloor(t *testing.T) {
	var b nackBudget
	if got := allowed(&b, 65500, 1000, 1_000_000, 0); got != budgetFloor {
		t.Errorf("%d of the first burst", got)
	}
	if got := allowed(&b, 2000, 1000, 1_000_000, 2500); got != budgetFloor/2 {
		t.Errorf("%d after half a window without a packet", got)
	}
	if got := allowed(&b, 4000, 1000, 1_000_000, 60_000); got != budgetFloor {
		t.Errorf("%d after a minute", got)
	}
}

// TestNackBudgetShare: of 1000 packets a second 750 in 5 s may be sent again,
// however much is asked for.
func TestNackBudgetShare(t *testing.T) {
	var b nackBudget
	total := 0
	for ms := 0; ms < 30_000; ms += 10 {
		got := allowed(&b, uint16(ms), 10, uint64(ms), ms)
		if ms >= 10_000 {
			total += got
		}
	}
	if share := float64(total) / 20_000; share < 0.14 || share > 0.16 {
		t.Errorf("%.3f of what was sent", share)
	}
}

// TestNackBudgetShrinks: the share is of the last seconds, not of all that was
// ever sent.
func TestNackBudgetShrinks(t *testing.T) {
	var b nackBudget
	b.allow(1, 0, 0, instant(0))
	b.allow(2, 100_000, 0, instant(10_000)) // then the picture stands still
	b.allow(3, 100_000, 0, instant(20_000))
	b.allow(4, 100_000, 0, instant(30_000))
	if got := allowed(&b, 1000, 1000, 100_000, 40_000); got != budgetFloor {
		t.Errorf("%d of a still picture", got)
	}
}

func BenchmarkNackBudget(b *testing.B) {
	var budget nackBudget
	seq, now := uint16(0), instant(0)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		budget.allow(seq, uint64(seq), time.Millisecond, now)
	}
}
