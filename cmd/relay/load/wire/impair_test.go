package wire

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestBucketRate reads packets of a size whenever a bucket allows it, for ten
// seconds: the rate is right whatever the packets' size and the tick.
func TestBucketRate(t *testing.T) {
	for name, test := range map[string]struct {
		rate, size int
		tick       time.Duration
	}{
		"small packets":           {1_000_000, 100, slowTick},
		"full packets":            {1_000_000, 1200, slowTick},
		"a rate below one a tick": {50_000, 1200, slowTick},
		"fast":                    {20_000_000, 1200, slowTick},
		"late ticks":              {5_000_000, 1200, 3 * slowTick},
	} {
		now := time.Unix(0, 0)
		b := newBucket(test.rate, now)
		read := 0
		for end := now.Add(10 * time.Second); now.Before(end); now = now.Add(test.tick) {
			for b.allowance(now) > 0 {
				b.spend(test.size)
				read += test.size
			}
		}
		want := float64(test.rate) / 8 * 10
		if got := float64(read - packetSize); math.Abs(got-want) > 0.02*want+packetSize {
			t.Errorf("%s: read %.0f bytes, not %.0f", name, got, want)
		}
	}
}

func TestBucketForgetsWhatWasNotUsed(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBucket(8_000_000, now) // a byte a microsecond
	if got := b.allowance(now.Add(time.Hour)); got != 20_000 {
		t.Errorf("after an hour %d bytes may be read, not four ticks'", got)
	}
	if got := b.allowance(now); got != 20_000 {
		t.Errorf("a clock that went back changed it to %d", got)
	}
	b.spend(30_000)
	if got := b.allowance(now.Add(time.Hour + 5*time.Millisecond)); got != -5_000 {
		t.Errorf("5 ms after an overdraft of 10,000 the bucket holds %d", got)
	}
}

func TestLoser(t *testing.T) {
	const packets = 100_000
	for _, fraction := range []float64{0.001, 0.01, 0.05, 0.5, 1} {
		l, drops := newLoser(fraction, 7), 0
		for range packets {
			if l.drops() {
				drops++
			}
		}
		want := fraction * packets
		if math.Abs(float64(drops)-want) > 4*math.Sqrt(want) {
			t.Errorf("%v of %d packets: %d dropped", fraction, packets, drops)
		}
	}
}

func TestLoserRepeats(t *testing.T) {
	pattern := func(seed uint64) (drops []bool) {
		l := newLoser(0.3, seed)
		for range 200 {
			drops = append(drops, l.drops())
		}
		return drops
	}
	if !slices.Equal(pattern(1), pattern(1)) {
		t.Error("one seed gave two patterns")
	}
	if slices.Equal(pattern(1), pattern(2)) {
		t.Error("two seeds gave one pattern")
	}
}

func TestLedger(t *testing.T) {
	type step struct {
		count uint32
		slow  bool
	}
	for name, test := range map[string]struct {
		steps     []step
		own, slow uint64
	}{
		"nothing":     {nil, 0, 0},
		"own":         {[]step{{3, false}, {3, false}, {5, false}}, 5, 0},
		"slow":        {[]step{{3, true}, {9, true}}, 0, 9},
		"both":        {[]step{{3, false}, {9, true}, {10, false}}, 4, 6},
		"wrap-around": {[]step{{math.MaxUint32, false}, {1, true}, {2, false}}, math.MaxUint32 + 1, 2},
	} {
		var l ledger
		for _, s := range test.steps {
			l.settle(s.count, s.slow)
		}
		if l.own != test.own || l.slow != test.slow {
			t.Errorf("%s: own %d, slow %d", name, l.own, l.slow)
		}
	}
}
