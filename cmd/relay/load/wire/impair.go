package wire

import (
	"math/rand/v2"
	"time"
)

// bucket says how many bytes may be read at a rate. It may be overdrawn by what
// was read at once, which later reads pay back: over time the rate is exact.
type bucket struct {
	rate, depth, tokens float64 // bytes per second, bytes, bytes
	last                time.Time
}

// newBucket makes a bucket of bitsPerSecond that starts with one packet's bytes
// and never holds more than four ticks' or one packet's.
func newBucket(bitsPerSecond int, now time.Time) *bucket {
	rate := float64(bitsPerSecond) / 8
	return &bucket{
		rate:   rate,
		depth:  max(rate*(4*slowTick).Seconds(), packetSize),
		tokens: packetSize,
		last:   now,
	}
}

// allowance is the bytes that may be read now; nothing may if it is 0 or less.
func (b *bucket) allowance(now time.Time) int {
	if passed := now.Sub(b.last); passed > 0 {
		b.tokens = min(b.tokens+b.rate*passed.Seconds(), b.depth)
		b.last = now
	}
	return int(b.tokens)
}

// spend takes bytes that were read.
func (b *bucket) spend(bytes int) { b.tokens -= float64(bytes) }

// loser drops a share of packets, the same ones for the same seed.
type loser struct {
	fraction float64
	random   *rand.Rand
}

func newLoser(fraction float64, seed uint64) *loser {
	return &loser{fraction: fraction, random: rand.New(rand.NewPCG(seed, 0))}
}

func (l *loser) drops() bool { return l.random.Float64() < l.fraction }
