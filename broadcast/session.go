package broadcast

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	// connectTime is how long a session may take from its first offer to media.
	connectTime = 10 * time.Second
	// disconnectTime is the silence after which ICE says disconnected (and the
	// session no longer counts).
	disconnectTime = 5 * time.Second
)

// Role is which end of a broadcast a session is.
type Role uint8

// A publisher sends to the relay, a viewer receives from it.
const (
	RolePublisher Role = iota
	RoleViewer
)

func (r Role) String() string { return [...]string{"publisher", "viewer"}[r] }

// Session is one PeerConnection in one role. Its life is a context, and the
// context's cause is why it ended. Close is the one way to end it, end the one
// place where that is carried out.
type Session struct {
	// static after newSession
	room    *Room
	id      string
	role    Role
	join    Join // as it was opened; without the token, which changes
	log     *slog.Logger
	began   time.Time
	since   time.Time // began, of the first session in this place
	ctx     context.Context
	cancel  context.CancelCauseFunc
	notices chan struct{} // Changed
	clock   senderClock   // a publisher's
	turn    chan struct{} // holds one token: whoever has it negotiates
	out     chan struct{} // Gone

	// owned by whoever has the turn
	offer      *offer
	candidates candidates // since ICE began

	// set with the first offer, nil again after the end
	peer  atomic.Pointer[webrtc.PeerConnection]
	downs atomic.Pointer[[]*DownTrack] // a viewer's

	received atomic.Uint64 // packets of a publisher's
	upSince  atomic.Int64  // when the media path came up, in Unix nanoseconds, until the first packet; else 0

	// guarded by relay.mu
	token      string
	offered    time.Time   // when the offer came that it connects with
	connected  bool        // media can flow: the session counts
	ever       bool        // it was connected once
	connecting bool        // it is counted in relay.connecting
	counted    bool        // it is counted in relay.census
	person     person      // who is at the other end
	picture    *bool       // a viewer's own word whether it sees the picture; nil: it says nothing
	timer      *time.Timer // of a session that does not connect or is silent (endIn), or seeks its peer (seek)
	replaces   *Session    // whose place this session takes with its first offer
	slow       *Error      // while the viewer's network can't carry the picture
}

// newSession opens a session in room. The caller holds relay.mu.
func newSession(room *Room, role Role, j Join) *Session {
	j.Token, j.Remote, j.Linger = "", j.Remote.Unmap(), cmp.Or(j.Linger, holdTime)
	s := &Session{
		room: room, id: newID(), role: role, join: j, began: time.Now(),
		notices: make(chan struct{}, 1), turn: make(chan struct{}, 1), out: make(chan struct{}),
	}
	s.since = s.began
	s.log = room.log.With("session", s.id, "role", role.String())
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	room.relay.work.Add(1)
	context.AfterFunc(s.ctx, func() {
		defer room.relay.work.Done()
		s.end()
	})
	return s
}

func newID() string {
	var b [6]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// renewToken gives the session a new token; the one before is void. The caller
// holds relay.mu.
func (s *Session) renewToken() {
	s.forgetToken()
	old := s.token
	s.token = rand.Text() // 128 bits or more
	s.room.relay.tokens[secretOf(s.token)] = s
	if s.role == RolePublisher {
		s.room.passOn(old, s.token)
	}
}

func (s *Session) forgetToken() {
	if tokens, own := s.room.relay.tokens, secretOf(s.token); tokens[own] == s {
		delete(tokens, own)
	}
}

// ID names the session in logs and APIs; it is no secret.
func (s *Session) ID() string { return s.id }

// Role is the session's role.
func (s *Session) Role() Role { return s.role }

// RoomName is the name of the session's room.
func (s *Session) RoomName() string { return s.room.name }

// Token resumes the session: it is a secret of the session's page, and new each
// time Publish or Subscribe hands the session out.
func (s *Session) Token() string {
	s.room.relay.mu.Lock()
	defer s.room.relay.mu.Unlock()
	return s.token
}

// Room is the state of the session's room, as far as its role is told.
func (s *Session) Room() RoomState {
	s.room.relay.mu.Lock()
	defer s.room.relay.mu.Unlock()
	state := s.room.state()
	if s.role == RoleViewer {
		state.Locked, state.MaxViewers, state.Requests = false, 0, 0
	}
	return state
}

// Trouble is why a connected viewer is sent no picture, while that lasts:
// codec-unsupported, or rate-limited when its network is too slow. Nil: none.
func (s *Session) Trouble() *Error {
	s.room.relay.mu.Lock()
	defer s.room.relay.mu.Unlock()
	return s.trouble()
}

// trouble is Trouble for callers that hold relay.mu.
func (s *Session) trouble() *Error {
	switch {
	case s.room.since.IsZero():
		return nil
	case s.lacksCodec():
		return errorf(CodeCodecUnsupported, "This browser can't play %s, which the presenter sends.", s.room.video.flowing())
	}
	return s.slow
}

// lacksCodec reports whether the viewer can't play what flows.
func (s *Session) lacksCodec() bool {
	return s.room.video.flowing() != CodecNone && slices.ContainsFunc(s.downTracks(), func(d *DownTrack) bool { return d.lacking.Load() })
}

// setSlow is called when the viewer's network turns out to be too slow and,
// with nil, when the picture is tried again.
func (s *Session) setSlow(trouble *Error) {
	s.room.relay.mu.Lock()
	defer s.room.relay.mu.Unlock()
	s.slow = trouble
	s.notify()
}

// Changed receives when Room or Trouble may have changed. Changes are
// coalesced: read both again.
func (s *Session) Changed() <-chan struct{} { return s.notices }

func (s *Session) notify() {
	select {
	case s.notices <- struct{}{}:
	default:
	}
}

// Done is closed when the session is over; Cause then says why.
func (s *Session) Done() <-chan struct{} { return s.ctx.Done() }

// Gone is closed when an ended session is out of its room: the next publisher
// may have it.
func (s *Session) Gone() <-chan struct{} { return s.out }

// Cause is why the session ended: one of the package's Err values or an
// *Error. Nil while it lasts.
func (s *Session) Cause() error { return context.Cause(s.ctx) }

// Close ends the session. The first cause counts.
func (s *Session) Close(cause error) { s.cancel(cause) }

// end carries a session's end out.
func (s *Session) end() {
	cause := s.Cause()
	relay := s.room.relay
	relay.mu.Lock()
	s.forgetToken()
	s.stopTimer()
	s.setConnecting(false)
	ever := s.ever
	s.room.gone(s, cause)
	relay.mu.Unlock()
	close(s.out)
	relay.observer.Ended(s.join, s.role, cause)
	for _, d := range s.downTracks() {
		d.fanout.leave(d)
	}
	if pc := s.peer.Load(); pc != nil {
		_ = pc.GracefulClose()
	}
	if ever {
		s.log.Info(s.role.String()+" left", "cause", cause, "via", s.join.Via, "browser", s.join.Browser,
			"after", time.Since(s.began).Round(time.Millisecond), s.traffic())
	} else {
		s.log.Debug("session ended", "cause", cause)
	}
	// Whoever still has the session keeps nothing of Pion's with it: its queues
	// hold what a flood left there.
	s.peer.Store(nil)
	s.downs.Store(nil)
}

func (s *Session) downTracks() []*DownTrack {
	if downs := s.downs.Load(); downs != nil {
		return *downs
	}
	return nil
}

// up notes that media can flow.
func (s *Session) up() {
	relay := s.room.relay
	relay.mu.Lock()
	if s.ctx.Err() != nil || s.connected {
		relay.mu.Unlock()
		return
	}
	first := !s.ever
	s.connected, s.ever = true, true
	s.stopTimer()
	s.setConnecting(false)
	s.room.up(s)
	if first && s.room.stateNow() == StateLive {
		s.upSince.Store(time.Now().UnixNano())
	}
	took := time.Since(s.offered)
	for _, d := range s.downTracks() { // under the lock: end, which takes them out, comes later
		if first {
			d.fanout.join(d)
		} else {
			d.back()
		}
	}
	relay.mu.Unlock()
	if first {
		relay.observer.Connected(s.join, s.role, took)
		s.log.Info(s.role.String()+" joined", "remote", s.join.Remote, "via", s.join.Via, "browser", s.join.Browser,
			"connected_in", took.Round(time.Millisecond))
	}
}

// down notes that the peer fell silent. It is kept for a while, for an ICE
// restart, a resumed page, or a network that comes back.
func (s *Session) down() {
	relay := s.room.relay
	relay.mu.Lock()
	defer relay.mu.Unlock()
	if !s.connected {
		return
	}
	s.connected = false
	for _, d := range s.downTracks() {
		d.absent.Store(true)
	}
	s.endIn(s.join.Linger, ErrSilent)
	s.room.down(s)
}

// endIn ends the session after a while, unless media flows by then. The caller
// holds relay.mu.
func (s *Session) endIn(d time.Duration, cause error) {
	s.stopTimer()
	s.timer = time.AfterFunc(d, func() {
		s.room.relay.mu.Lock()
		connected := s.connected
		s.room.relay.mu.Unlock()
		if !connected {
			s.Close(cause)
		}
	})
}

func (s *Session) stopTimer() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// inherit takes over what the replaced session had. The caller holds relay.mu.
func (s *Session) inherit() {
	s.token = s.replaces.token
	s.room.relay.tokens[secretOf(s.token)] = s
	s.replaces.count(false)
	s.count(true)
	s.replaces.Close(ErrReplaced)
	s.replaces = nil
}

// Replace opens a session in the place of this one, with its ID and token, for
// a peer that made a new PeerConnection (see ErrNewPeer). With the new one's
// offer this one ends with ErrReplaced; until then it stays as it is.
func (s *Session) Replace() (*Session, error) {
	relay := s.room.relay
	relay.mu.Lock()
	defer relay.mu.Unlock()
	switch {
	case relay.closed:
		return nil, shuttingDown()
	case s.ctx.Err() != nil:
		return nil, s.Cause()
	}
	next := newSession(s.room, s.role, s.join)
	next.id, next.log, next.replaces = s.id, s.log, s
	next.since, next.person = s.since, s.person
	s.room.sessions[next] = struct{}{}
	return next, nil
}
