package broadcast

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// holdTime is how long a room waits for its presenter, and a session for
	// its peer, after media stopped.
	holdTime = 30 * time.Second
	// restartTime is when a relay that shuts down can be expected back.
	restartTime = 2 * time.Second
	// housekeeping is the interval of sender reports and of slow viewers' retries.
	housekeeping = time.Second

	maxRoomName = 64
)

// State of a room.
type State string

// A room is idle when nobody presents, live, or away when its presenter is
// expected back.
const (
	StateIdle State = "idle"
	StateLive State = "live"
	StateAway State = "away"
)

// RoomState is what everybody in a room may know of it.
type RoomState struct {
	State State
	// Since is when the presentation began; zero when idle.
	Since time.Time
	// Video is the codec that flows, CodecNone when there is none.
	Video Codec
	// Audio says that sound flows.
	Audio bool
	// Viewers is how many are connected.
	Viewers int
	// Unplayable is how many of them lack the codec.
	Unplayable int
	// Locked and MaxViewers are as in Rules, Requests is how many people ask for the
	// room: a viewer's session is told none of these.
	Locked     bool
	MaxViewers int
	Requests   int
}

// ValidRoom reports whether name can be a room's: 1 to 64 of A-Z a-z 0-9 _ -.
func ValidRoom(name string) bool {
	if name == "" || len(name) > maxRoomName {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// Room is one presentation with its viewers. Viewers' sessions belong to it,
// not to the publisher, who may leave, come back, or be another one.
type Room struct {
	// static after newRoom
	relay        *Relay
	name         string
	log          *slog.Logger
	video, audio *fanout
	stop         context.CancelFunc

	asked atomic.Bool // there are requests

	// guarded by relay.mu
	sessions  map[*Session]struct{}
	publisher *Session    // who presents, or is about to
	since     time.Time   // when the presentation began; zero when idle
	hold      secret      // while away: of the token that may take the room
	holdTimer *time.Timer // while away: ends the presentation
	kept      *time.Timer // of a room with rules from before a restart: until when nobody need be in it
	rules     rules
	requests  []*roomRequest // for the room, oldest first
	viewers   int            // sessions that count
}

// newRoom makes an idle room and starts its goroutines. The caller holds relay.mu.
func newRoom(relay *Relay, name string) *Room {
	ctx, stop := context.WithCancel(context.Background())
	room := &Room{relay: relay, name: name, log: relay.log.With("room", name), stop: stop, sessions: map[*Session]struct{}{}}
	room.video = newFanout(kindVideo, relay.crew, room.changed)
	room.audio = newFanout(kindAudio, relay.crew, room.changed)
	relay.work.Go(func() { room.video.run(ctx) })
	relay.work.Go(func() { room.audio.run(ctx) })
	relay.work.Go(func() { room.keep(ctx) })
	return room
}

// keep does once a second what is due for each viewer, and for who presents.
func (room *Room) keep(ctx context.Context) {
	ticker := time.NewTicker(housekeeping)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			room.video.keep(now)
			room.audio.keep(now)
			room.forgetRequests(now)
			room.limitPublisher(now)
		}
	}
}

func (room *Room) fanout(k kind) *fanout {
	if k == kindVideo {
		return room.video
	}
	return room.audio
}

// state is the room's state. The caller holds relay.mu.
func (room *Room) state() RoomState {
	state := RoomState{
		State: room.stateNow(), Since: room.since,
		Locked: room.rules.Locked, MaxViewers: room.rules.MaxViewers, Requests: room.waiting(),
	}
	if state.State != StateIdle {
		state.Video, state.Audio = room.video.flowing(), room.audio.flowing() != CodecNone
	}
	for s := range room.sessions {
		if s.role == RoleViewer && s.connected {
			state.Viewers++
			if s.lacksCodec() {
				state.Unplayable++
			}
		}
	}
	return state
}

// stateNow is the room's state alone. The caller holds relay.mu.
func (room *Room) stateNow() State {
	switch {
	case room.since.IsZero():
		return StateIdle
	case room.publisher != nil && room.publisher.connected:
		return StateLive
	}
	return StateAway
}

// changed tells every session of the room that its state may have changed.
func (room *Room) changed() {
	room.relay.mu.Lock()
	defer room.relay.mu.Unlock()
	room.notify()
}

// notify is changed for callers that hold relay.mu.
func (room *Room) notify() {
	for s := range room.sessions {
		s.notify()
	}
}

// mayPublish tells whether the holder of token may present. The caller holds relay.mu.
func (room *Room) mayPublish(token string) error {
	if room.free() || room.expects(token) {
		return nil
	}
	since := room.since
	if since.IsZero() {
		since = room.publisher.began
	}
	return &Error{
		Code:     CodeRoomBusy,
		Sentence: "Somebody presents in this room since " + since.Format("15:04") + ".",
		Since:    since,
	}
}

// claim makes s the room's publisher, in the place of who had it. From here on
// packets of the one before are refused. The caller holds relay.mu.
func (room *Room) claim(s *Session) error {
	if room.publisher == s {
		return nil
	}
	token := s.token
	if s.replaces != nil {
		token = s.replaces.token
	}
	if s.replaces == nil || room.publisher != s.replaces {
		if room.relay.drained != nil && room.since.IsZero() {
			return draining()
		}
		if err := room.mayPublish(token); err != nil {
			return err
		}
	}
	room.handOver(s, token)
	room.publisher = s
	room.unhold() // s has connectTime
	for _, f := range []*fanout{room.video, room.audio} {
		f.setSource(nil)
		f.codec.Store(uint32(CodecNone))
	}
	return nil
}

// up notes that s is connected. The caller holds relay.mu.
func (room *Room) up(s *Session) {
	if room.publisher == s {
		if room.since.IsZero() {
			room.since = time.Now()
		}
		room.unhold()
	}
	room.notify()
}

// down notes that s fell silent: its presentation is away. The caller holds relay.mu.
func (room *Room) down(s *Session) {
	if room.publisher == s && !room.since.IsZero() {
		room.holdFor(s.token)
	}
	room.notify()
}

// holdFor keeps the room for whoever has the token. The caller holds relay.mu.
func (room *Room) holdFor(token string) {
	room.hold = secretOf(token)
	room.startHold()
}

// startHold ends the presentation in a while. The caller holds relay.mu.
func (room *Room) startHold() {
	if room.holdTimer == nil && !room.relay.closed {
		room.holdTimer = time.AfterFunc(holdTime, room.expire)
	}
}

func (room *Room) unhold() {
	room.hold = secret{}
	if room.holdTimer != nil {
		room.holdTimer.Stop()
		room.holdTimer = nil
	}
}

// expire ends a presentation whose presenter did not come back.
func (room *Room) expire() {
	room.relay.mu.Lock()
	defer room.relay.mu.Unlock()
	if room.holdTimer == nil || room.state().State != StateAway {
		return
	}
	if room.publisher != nil {
		room.publisher.Close(ErrSilent)
		room.publisher = nil
	}
	room.finish()
	room.release()
}

// finish ends the presentation: the room is idle. The caller holds relay.mu.
func (room *Room) finish() {
	room.since = time.Time{}
	room.requests = nil
	room.unhold()
	for _, f := range []*fanout{room.video, room.audio} {
		f.setSource(nil)
		f.forget()
	}
	room.notify()
	room.relay.checkDrained()
}

// gone takes an ended session out. The caller holds relay.mu.
func (room *Room) gone(s *Session, cause error) {
	room.relay.ended.addSession(s)
	delete(room.sessions, s)
	s.count(false)
	s.connected = false
	if room.publisher == s {
		room.publisher = nil
		room.video.setSource(nil)
		room.audio.setSource(nil)
		if errors.Is(cause, ErrLeft) || s.join.Final || room.since.IsZero() {
			room.finish()
		} else {
			room.holdFor(s.token)
		}
	}
	room.notify()
	room.release()
}

// release frees a room that nobody is in or expected in. The caller holds relay.mu.
func (room *Room) release() {
	if len(room.sessions) == 0 && room.since.IsZero() && room.kept == nil && room.relay.rooms[room.name] == room {
		room.relay.ended.addRoom(room)
		delete(room.relay.rooms, room.name)
		room.stop()
	}
}

// abandon frees a room whose relay shuts down. The caller holds relay.mu.
func (room *Room) abandon() {
	room.unhold()
	if room.kept != nil {
		room.kept.Stop()
	}
	room.stop()
}
