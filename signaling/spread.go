package signaling

import (
	"errors"
	"sync/atomic"
	"time"

	"relay/broadcast"
)

const (
	// returnFirst is when presenters come back to a relay that starts again, so that
	// who watches finds them there; viewers come after them, returnRate in a second,
	// and all by returnLast.
	returnFirst = 500 * time.Millisecond
	returnRate  = 50
	returnLast  = 8 * time.Second
)

// returns shares out when those who are told that the relay stops come back: five
// hundred at once would be a storm.
type returns struct {
	viewers atomic.Int64 // who have a socket
	leaving atomic.Int64 // those when the relay stopped
	told    atomic.Int64 // those who have had their time
}

// enter counts a viewer in; leave, which it returns, counts it out.
func (r *returns) enter(role broadcast.Role) (leave func()) {
	if role != broadcast.RoleViewer {
		return func() {}
	}
	r.viewers.Add(1)
	return func() { r.viewers.Add(-1) }
}

// begin fixes among how many the time is shared out.
func (r *returns) begin() { r.leaving.Store(r.viewers.Load()) }

// next is when the next in the role is to come back.
func (r *returns) next(role broadcast.Role) time.Duration {
	if role != broadcast.RoleViewer {
		return returnFirst
	}
	return returnOf(int(r.told.Add(1)-1), int(r.leaving.Load()))
}

// returnOf is when viewer i of all comes back.
func returnOf(i, all int) time.Duration {
	step := time.Second / returnRate
	if longest := returnLast - returnFirst; all > int(longest/step) {
		step = longest / time.Duration(all)
	}
	return min(returnFirst+time.Duration(i)*step, returnLast)
}

// comeBack ends a socket because the relay stops: its page is told when to return.
type comeBack struct{ after time.Duration }

func (comeBack) Error() string { return "told when to come back" }
func (comeBack) Unwrap() error { return broadcast.ErrShuttingDown }

// later has the problem say when a page comes back, if the cause of its end does.
func (p problem) later(cause error) problem {
	if back := (comeBack{}); errors.As(cause, &back) {
		p.retryAfter = back.after
	}
	return p
}
