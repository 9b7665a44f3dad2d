package tally

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

const (
	// maxExact is how many durations are kept as they are: the joins of all
	// viewers that a load test may have, at 40 kB.
	maxExact = 5000
	// steps is how many buckets a doubling is cut into. The middle of a bucket
	// is at most 1/(2*steps) from all in it: 0.8 %.
	steps    = 64
	stepBits = 7                           // buckets below 2*steps hold one nanosecond each
	buckets  = (64 - stepBits + 1) * steps // enough for all of int64
)

// Times is the distribution of many durations. Up to 5,000 of them are kept
// as they are; beyond that it is a log-linear histogram, whose quantiles are
// right within 1 %. Its zero value is empty. It must not be copied once used.
type Times struct {
	exact    []time.Duration
	sorted   bool
	counts   []int64 // the histogram, once there is one
	n        int64
	min, max time.Duration
}

// Add adds a duration. A negative one is kept as it is among few, and is the
// minimum; among many it counts as zero.
func (t *Times) Add(d time.Duration) {
	t.span(d, d)
	t.n++
	if t.counts != nil {
		t.counts[bucket(d)]++
		return
	}
	t.exact = append(t.exact, d)
	t.sorted = false
	if len(t.exact) > maxExact {
		t.spill()
	}
}

// Merge adds all of o's durations; o stays as it is.
func (t *Times) Merge(o *Times) {
	if o.n == 0 {
		return
	}
	if o.counts == nil {
		// The length is read once: o may be t.
		for _, d := range o.exact[:len(o.exact):len(o.exact)] {
			t.Add(d)
		}
		return
	}
	t.spill()
	t.span(o.min, o.max)
	t.n += o.n
	for i, c := range o.counts {
		t.counts[i] += c
	}
}

// Count is how many durations were added.
func (t *Times) Count() int64 { return t.n }

// Min is the shortest, exactly; zero if there is none.
func (t *Times) Min() time.Duration { return t.min }

// Max is the longest, exactly; zero if there is none.
func (t *Times) Max() time.Duration { return t.max }

// Quantile is the shortest duration that at least the share q of all does not
// exceed (the nearest rank): 0.5 is the median. Below 0 it is the minimum,
// above 1 the maximum, of nothing zero.
func (t *Times) Quantile(q float64) time.Duration {
	switch {
	case t.n == 0:
		return 0
	case !(q > 0):
		return t.min
	case q >= 1:
		return t.max
	}
	rank := max(1, int64(math.Ceil(q*float64(t.n))))
	if t.counts != nil {
		return t.atRank(rank)
	}
	if !t.sorted {
		slices.Sort(t.exact)
		t.sorted = true
	}
	return t.exact[rank-1]
}

// span widens the extremes. It is called before the count changes.
func (t *Times) span(low, high time.Duration) {
	if t.n == 0 {
		t.min, t.max = low, high
		return
	}
	t.min, t.max = min(t.min, low), max(t.max, high)
}

// spill turns what is kept exactly into the histogram.
func (t *Times) spill() {
	if t.counts != nil {
		return
	}
	t.counts = make([]int64, buckets)
	for _, d := range t.exact {
		t.counts[bucket(d)]++
	}
	t.exact = nil
}

// atRank is the middle of the bucket that holds the rank-th shortest.
func (t *Times) atRank(rank int64) time.Duration {
	for i, c := range t.counts {
		if rank -= c; rank <= 0 {
			return max(t.min, min(middle(i), t.max))
		}
	}
	return t.max
}

// bucket is where d is counted: its highest seven bits, and how far they were
// shifted.
func bucket(d time.Duration) int {
	v := uint64(max(0, d))
	shift := max(0, bits.Len64(v)-stepBits)
	return shift*steps + int(v>>shift)
}

// middle is the duration in the middle of a bucket.
func middle(i int) time.Duration {
	shift := max(0, i/steps-1)
	low := int64(i-shift*steps) << shift
	return time.Duration(low + int64(1)<<shift/2)
}
