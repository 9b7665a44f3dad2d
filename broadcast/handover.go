package broadcast

import (
	"slices"
	"time"
)

const (
	// askTime is how long a request for a room lasts that is not repeated: its page
	// does so every two seconds.
	askTime = 10 * time.Second
	// grantTime is how long the room is promised to whom it was granted: to choose a
	// screen takes people a while.
	grantTime = time.Minute
	// maxRequests is how many may ask for a room at a time.
	maxRequests = 32
)

// RequestState is what has become of a request for a room.
type RequestState string

// A request waits until who presents grants or declines it. A room is free when
// nobody presents in it, nor is expected back.
const (
	RequestWaiting  RequestState = "waiting"
	RequestGranted  RequestState = "granted"
	RequestDeclined RequestState = "declined"
	RequestFree     RequestState = "free"
)

// Request is somebody's wish to present in a room that another one has.
type Request struct {
	// ID names the request; it is no secret. Name is what the person is called.
	ID, Name string
	Since    time.Time
}

// roomRequest is a Request as its room keeps it.
type roomRequest struct {
	Request
	state   RequestState
	asked   secret    // of who asks
	seen    time.Time // when it was repeated last
	granted time.Time
	token   secret // of the session that came to take the room
}

// Ask asks for a room that another one has, or asks again: a request lasts for 10 s
// after that. The secret is the asker's: with it as a token, Publish opens a session
// that takes the room once the request is granted, with its first Offer and within
// 60 s. Errors: room-full when too many ask.
func (r *Relay) Ask(room, secret, name string) (RequestState, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.rooms[room]
	if held == nil || held.free() {
		return RequestFree, nil
	}
	return held.ask(secret, name, time.Now())
}

// free reports whether anybody may present. The caller holds relay.mu.
func (room *Room) free() bool { return room.publisher == nil && room.since.IsZero() }

func (room *Room) ask(asker, name string, now time.Time) (RequestState, error) {
	q := room.requestBy(asker)
	if q == nil {
		if len(room.requests) >= maxRequests {
			return "", &Error{Code: CodeRoomFull, Sentence: "Too many ask for this room; try again in a moment.", RetryAfter: askTime}
		}
		q = &roomRequest{Request: Request{ID: newID(), Since: now}, state: RequestWaiting, asked: secretOf(asker)}
		room.requests = append(room.requests, q)
		room.asked.Store(true)
		room.notify()
	}
	q.seen, q.Name = now, name
	return q.state, nil
}

// requestBy is the request of whoever has the token: the secret that was asked with,
// or the token of the session that came of it; nil: there is none.
func (room *Room) requestBy(token string) *roomRequest {
	for _, q := range room.requests {
		if q.asked.is(token) || q.token.is(token) {
			return q
		}
	}
	return nil
}

// Withdraw takes a request back.
func (r *Relay) Withdraw(room, secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if room := r.rooms[room]; room != nil {
		room.drop(room.requestBy(secret))
	}
}

func (room *Room) drop(q *roomRequest) {
	if i := slices.Index(room.requests, q); i >= 0 {
		room.requests = slices.Delete(room.requests, i, i+1)
		room.notify()
	}
}

// Answer grants a request, by its ID, or declines it. One room is granted to one:
// who had it granted before and did not come is declined. It is false when there is
// no such request any more.
func (r *Relay) Answer(room, id string, grant bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.rooms[room]
	if held == nil {
		return false
	}
	return held.answer(id, grant, time.Now())
}

func (room *Room) answer(id string, grant bool, now time.Time) bool {
	i := slices.IndexFunc(room.requests, func(q *roomRequest) bool { return q.ID == id && q.state != RequestDeclined })
	if i < 0 {
		return false
	}
	if grant {
		for _, q := range room.requests {
			q.lapse()
		}
		room.requests[i].state, room.requests[i].granted = RequestGranted, now
	} else {
		room.requests[i].state = RequestDeclined
	}
	room.notify()
	return true
}

// lapse ends a grant.
func (q *roomRequest) lapse() {
	if q.state == RequestGranted {
		q.state = RequestDeclined
	}
}

// heir is the granted request of whoever has the token; nil: the room is not
// promised to it. The caller holds relay.mu.
func (room *Room) heir(token string, now time.Time) *roomRequest {
	if q := room.requestBy(token); q != nil && q.state == RequestGranted && now.Sub(q.granted) < grantTime {
		return q
	}
	return nil
}

// expects reports whether the room is held for, or promised to, whoever has the
// token. The caller holds relay.mu.
func (room *Room) expects(token string) bool {
	return room.hold.is(token) || room.heir(token, time.Now()) != nil
}

// passOn gives what was held for, or promised to, the holder of a token to the next
// token in its place. The caller holds relay.mu.
func (room *Room) passOn(token, next string) {
	if room.hold.is(token) {
		room.hold = secretOf(next)
	}
	if q := room.requestBy(token); q != nil {
		q.token = secretOf(next)
	}
}

// handOver ends the session of who presented until now, and what is to take its place,
// if the room was promised to the holder of token. The caller holds relay.mu, and gives
// the room to heir.
func (room *Room) handOver(heir *Session, token string) {
	q := room.heir(token, time.Now())
	if q == nil {
		return
	}
	room.drop(q)
	for s := range room.sessions {
		if s != heir && room.publisher != nil && (s == room.publisher || s.replaces == room.publisher) {
			s.Close(ErrHandedOver)
		}
	}
}

// forgetRequests lets those go that were not repeated, and grants that nobody came
// for. It is called once a second.
func (room *Room) forgetRequests(now time.Time) {
	if !room.asked.Load() {
		return
	}
	room.relay.mu.Lock()
	defer room.relay.mu.Unlock()
	before := room.waiting()
	room.requests = slices.DeleteFunc(room.requests, func(q *roomRequest) bool {
		if now.Sub(q.granted) >= grantTime {
			q.lapse()
		}
		return q.state != RequestGranted && now.Sub(q.seen) >= askTime
	})
	room.asked.Store(len(room.requests) > 0)
	if room.waiting() != before {
		room.notify()
	}
}

// waiting is how many requests nobody has answered. The caller holds relay.mu.
func (room *Room) waiting() (n int) {
	for _, q := range room.requests {
		if q.state == RequestWaiting {
			n++
		}
	}
	return n
}

// Presents reports whether token is that of who presents in the room, or is expected
// back there.
func (r *Relay) Presents(room, token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.rooms[room]
	if held == nil {
		return false
	}
	return held.hold.is(token) || held.publisher != nil && secretOf(held.publisher.token).is(token)
}

// EndForAll ends the presentation, the session of who presents and those of all
// viewers, with ErrEnded.
func (r *Relay) EndForAll(room string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.rooms[room]
	if held == nil {
		return
	}
	for s := range held.sessions {
		if s.role == RoleViewer || s == held.publisher || s.replaces != nil {
			s.Close(ErrEnded)
		}
	}
	held.publisher = nil
	held.finish()
	held.release()
}
