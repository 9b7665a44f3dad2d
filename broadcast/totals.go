package broadcast

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// Observer hears of what happens once in a session's life. It is called while media
// flows: its methods must wait for nothing.
type Observer interface {
	// Connected is called when a session has its media path; took is the time since
	// its offer.
	Connected(j Join, role Role, took time.Duration)
	// FirstPacket is called with the first packet of a publisher, and with the first
	// to a viewer who came while somebody presented; took is the time since the media
	// path came up.
	FirstPacket(role Role, took time.Duration)
	// Ended is called when a session is over.
	Ended(j Join, role Role, cause error)
}

// nobody is the Observer of a Relay that has none.
type nobody struct{}

func (nobody) Connected(Join, Role, time.Duration) {}
func (nobody) FirstPacket(Role, time.Duration)     {}
func (nobody) Ended(Join, Role, error)             {}

// Totals is what a Relay holds, and what it did since it was made. It is put
// together when it is asked for: nothing of it costs a packet any time.
type Totals struct {
	// Rooms counts the rooms that somebody is in, or is expected back in.
	Rooms map[State]int
	// Sessions counts the sessions, connected or not.
	Sessions map[SessionKind]int
	// Connected counts those of them whose media can flow.
	Connected map[SessionKind]int
	// Video and Audio never fall.
	Video, Audio MediaTotals
}

// SessionKind is a role and the door that a session came by (Join.Via).
type SessionKind struct {
	Role Role
	Via  string
}

// MediaTotals counts one kind of media. Bytes are those of payloads.
type MediaTotals struct {
	// From publishers:
	PacketsIn, BytesIn uint64
	// KeyFrames that came, and the PLI and FIR by which they were asked for.
	KeyFrames, PLISent, FIRSent uint64
	// NACKSent is how many packets publishers were asked for again.
	NACKSent uint64

	// To viewers, without repairs:
	PacketsOut, BytesOut uint64
	// NACKReceived is how many packets viewers asked for again, Repaired how many
	// were sent again, of which RTX went by RFC 4588.
	NACKReceived, Repaired, RTX uint64
	// PLIReceived and FIRReceived are those of viewers.
	PLIReceived, FIRReceived uint64

	// Drops counts by reason what was not stored, or not sent.
	Drops map[string]uint64
}

// ingest counts what comes from a room's publishers, of one kind.
type ingest struct {
	packets, bytes, keyFrames, plis, firs, nacks atomic.Uint64
}

// asked counts what one viewer asked for.
type asked struct {
	packets, plis, firs atomic.Uint64
}

// sum adds up counters of one kind of media.
type sum struct {
	media MediaTotals // without Drops
	drops [dropReasons]uint64
}

// sums are those of video and of audio.
type sums [2]sum

func (s *sums) of(k kind) *sum {
	if k == kindVideo {
		return &s[0]
	}
	return &s[1]
}

// addSession adds what a session was sent.
func (s *sums) addSession(session *Session) {
	for _, d := range session.downTracks() {
		s.of(d.fanout.kind).addDownTrack(d)
	}
}

// addRoom adds what came to a room.
func (s *sums) addRoom(room *Room) {
	for _, f := range []*fanout{room.video, room.audio} {
		s.of(f.kind).addFanout(f)
	}
}

func (s *sum) addDownTrack(d *DownTrack) {
	m := &s.media
	m.PacketsOut += d.sent.Load()
	m.BytesOut += d.octets.Load()
	m.Repaired += d.repeated.Load()
	m.RTX += d.rtxSent.Load()
	m.NACKReceived += d.asked.packets.Load()
	m.PLIReceived += d.asked.plis.Load()
	m.FIRReceived += d.asked.firs.Load()
	s.addDrops(&d.drops)
}

func (s *sum) addFanout(f *fanout) {
	m := &s.media
	m.PacketsIn += f.ingest.packets.Load()
	m.BytesIn += f.ingest.bytes.Load()
	m.KeyFrames += f.ingest.keyFrames.Load()
	m.PLISent += f.ingest.plis.Load()
	m.FIRSent += f.ingest.firs.Load()
	m.NACKSent += f.ingest.nacks.Load()
	s.addDrops(&f.drops)
}

func (s *sum) addDrops(d *drops) {
	for i := range d {
		s.drops[i] += d[i].Load()
	}
}

// total has every reason, those that never occurred as well.
func (s *sum) total() MediaTotals {
	total := s.media
	total.Drops = make(map[string]uint64, dropReasons)
	for i, n := range s.drops {
		total.Drops[dropNames[i]] = n
	}
	return total
}

// Totals counts what the Relay holds and did.
func (r *Relay) Totals() Totals {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := Totals{
		Rooms:    map[State]int{StateIdle: 0, StateLive: 0, StateAway: 0},
		Sessions: map[SessionKind]int{}, Connected: map[SessionKind]int{},
	}
	all := r.ended
	for _, room := range r.rooms {
		t.Rooms[room.stateNow()]++
		all.addRoom(room)
		for s := range room.sessions {
			all.addSession(s)
			t.countSession(s)
		}
	}
	t.Video, t.Audio = all.of(kindVideo).total(), all.of(kindAudio).total()
	return t
}

// countSession notes a session. The caller holds relay.mu.
func (t *Totals) countSession(s *Session) {
	kind := SessionKind{s.role, s.join.Via}
	t.Sessions[kind]++
	if s.connected {
		t.Connected[kind]++
	}
}

// firstPacket tells the Observer, once, that media has begun.
func (s *Session) firstPacket() {
	if since := s.upSince.Swap(0); since != 0 {
		s.room.relay.observer.FirstPacket(s.role, time.Since(time.Unix(0, since)))
	}
}

// traffic is what the log says of a session's packets.
func (s *Session) traffic() slog.Attr {
	var facts []any
	for _, d := range s.downTracks() {
		facts = append(facts, slog.Group(d.fanout.kind.String(),
			"packets", d.sent.Load(), "bytes", d.octets.Load(), "repeated", d.repeated.Load(), "dropped", &d.drops))
	}
	if s.role == RolePublisher {
		facts = append(facts, "packets", s.received.Load(), "room_video_dropped", &s.room.video.drops, "room_audio_dropped", &s.room.audio.drops)
	}
	return slog.Group("traffic", facts...)
}
