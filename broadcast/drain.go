package broadcast

import "time"

// drainRetry is when a newcomer may ask again, of a relay that lets nobody new in:
// another may be in its place by then.
const drainRetry = 15 * time.Second

// Drain lets nobody new in from now on: newcomers and new presentations are told
// that the relay is shutting down. Who is in goes on, and comes back by token. The
// channel is closed when the last presentation has ended.
func (r *Relay) Drain() (ended <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.drained == nil {
		r.drained = make(chan struct{})
		r.checkDrained()
	}
	return r.drained
}

// Draining is true from Drain on.
func (r *Relay) Draining() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.drained != nil
}

// checkDrained says so when nobody presents any more. The caller holds r.mu.
func (r *Relay) checkDrained() {
	if r.drained == nil {
		return
	}
	for _, room := range r.rooms {
		if !room.free() { // somebody presents, is expected back, or connects
			return
		}
	}
	select {
	case <-r.drained: // before: a presentation may begin while another ends
	default:
		close(r.drained)
	}
}

// mayEnter refuses newcomers of a relay that drains, but who may have a room in which
// there is a presentation. The caller holds r.mu.
func (r *Relay) mayEnter(j Join, role Role) error {
	if r.drained == nil {
		return nil
	}
	if room := r.rooms[j.Room]; role == RolePublisher && room != nil && !room.since.IsZero() && room.mayPublish(j.Token) == nil {
		return nil
	}
	return draining()
}

func draining() *Error {
	return &Error{
		Code:       CodeShuttingDown,
		Sentence:   "The relay is about to stop, and lets nobody new in. Try again in a moment: it may be back, or another in its place.",
		RetryAfter: drainRetry,
	}
}
