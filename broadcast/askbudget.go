package broadcast

import "time"

const (
	// askBurst requests for key frames may come from a viewer in a row, and one more
	// each askRefill. Each costs everybody in the room a key frame, and who presents
	// the sharpness of text for a while. What comes later is not forgotten, but waits.
	askBurst  = 5
	askRefill = 2 * time.Second
	// sameAsk is how long a request is taken for the one before: a browser repeats it
	// until the key frame has come.
	sameAsk = 200 * time.Millisecond
)

// askBudget bounds how many key frames one viewer can make the relay ask for. Its
// health guards it.
type askBudget struct {
	used    time.Duration // of askBurst times askRefill
	at      time.Time     // when used was brought up to date
	last    time.Time     // when a request was let through
	waiting bool          // one was not
}

// allow reports whether a request at now is to be heeded.
func (b *askBudget) allow(now time.Time) bool {
	if now.Sub(b.last) < sameAsk {
		return false
	}
	if !b.at.IsZero() {
		b.used = max(0, b.used-now.Sub(b.at))
	}
	b.at = now
	b.waiting = b.used > (askBurst-1)*askRefill
	if b.waiting {
		return false
	}
	b.used += askRefill
	b.last = now
	return true
}

// due reports whether a request that waited is to be heeded at now.
func (b *askBudget) due(now time.Time) bool { return b.waiting && b.allow(now) }
