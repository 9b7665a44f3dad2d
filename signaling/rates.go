package signaling

import (
	"slices"
	"sync"
	"time"
)

const (
	// A bitrate is taken over minRateTime at least, or it would be a frame's, and over
	// maxRateTime at most, or it would be history.
	minRateTime = 900 * time.Millisecond
	maxRateTime = 10 * time.Second
)

// rates tells bitrates from the counters as they were when somebody asked before.
type rates struct {
	mu    sync.Mutex
	notes []rateNote // the oldest first; guarded by mu
}

// rateNote is what had come and gone at a time, in bytes.
type rateNote struct {
	at      time.Time
	in, out uint64
}

// next is the bits per second since somebody asked before; nil when nobody has, or
// just now, or too long ago. It notes t.
func (r *rates) next(t totalCounts, now time.Time) (in, out *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = slices.DeleteFunc(r.notes, func(n rateNote) bool { return now.Sub(n.at) > maxRateTime })
	if len(r.notes) == 0 {
		r.notes = append(r.notes, rateNote{now, t.BytesIn, t.BytesOut})
		return nil, nil
	}
	from := r.notes[0]
	elapsed := now.Sub(from.at)
	if elapsed < minRateTime {
		return nil, nil
	}
	if now.Sub(r.notes[len(r.notes)-1].at) >= minRateTime { // so they are few, however many ask
		r.notes = append(r.notes, rateNote{now, t.BytesIn, t.BytesOut})
	}
	perSecond := func(now, then uint64) *int {
		n := int(float64(now-then) * 8 / elapsed.Seconds())
		return &n
	}
	return perSecond(t.BytesIn, from.in), perSecond(t.BytesOut, from.out)
}
