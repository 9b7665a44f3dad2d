package broadcast

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Viewer is a viewer's session as who presents may see it.
type Viewer struct {
	// ID names the session; it is no secret.
	ID string
	// Name, Browser and Via are what the viewer's Join said last.
	Name, Browser, Via string
	Since              time.Time
	// Connected says that media can flow to it.
	Connected bool
	// Codec is what it is sent as video; CodecNone: nothing.
	Codec Codec
	// Bitrate is what it was sent over the last seconds, in bits per second, of
	// payloads and without repairs.
	Bitrate int
	// Loss is the part of the packets that did not come by themselves, 0 to 1, as it
	// reported last.
	Loss float64
	// RTT is the round trip; 0: not known.
	RTT time.Duration
	// Picture says that the viewer sees the picture: by its page's own word, or, from
	// one that says nothing, that packets are sent to it and reports come back.
	Picture bool
	// Trouble is why it is sent no picture; nil: none. See Session.Trouble.
	Trouble *Error
}

// People are a room's viewers, and what who presents has settled or has to settle.
type People struct {
	Rules
	// Viewers are sorted by when they came.
	Viewers []Viewer
	// Requests are those that nobody has answered, oldest first.
	Requests []Request
}

// person is who a session's peer says to be, and the relay's guess at its device.
type person struct {
	name, browser, via, device, client string
	vouched                            bool // the name is
}

// refusable is the device by which the person is known again.
func (p person) refusable() string { return cmp.Or(p.device, p.client) }

// introduce takes over what a join says of the person. The caller holds relay.mu.
func (s *Session) introduce(j Join) {
	before := s.person
	s.person = person{j.Name, j.Browser, j.Via, cmp.Or(j.Device, before.device), cmp.Or(j.Client, before.client), j.Vouched}
	if before.vouched && !j.Vouched {
		s.person.name, s.person.vouched = before.name, true
	}
}

// SetPicture says whether the viewer sees the picture, by its page's own word.
func (s *Session) SetPicture(seen bool) {
	s.room.relay.mu.Lock()
	defer s.room.relay.mu.Unlock()
	s.picture = &seen
}

// People tells about a room; one that nobody is in has none.
func (r *Relay) People(room string) People {
	viewers, people := r.listPeople(room)
	now := time.Now()
	for _, v := range viewers {
		v.measure(now)
		people.Viewers = append(people.Viewers, v.Viewer)
	}
	slices.SortFunc(people.Viewers, func(a, b Viewer) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return people
}

// seenViewer is a Viewer without its figures, which need no lock of the relay's.
type seenViewer struct {
	Viewer
	said    *bool // the page's word on its picture
	playing Codec // in the room
	downs   []*DownTrack
}

func (r *Relay) listPeople(name string) (viewers []seenViewer, people People) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.rooms[name]
	if room == nil {
		return nil, People{}
	}
	people.Rules = room.rules.copied()
	for _, q := range room.requests {
		if q.state == RequestWaiting {
			people.Requests = append(people.Requests, q.Request)
		}
	}
	for s := range room.sessions {
		if s.role == RoleViewer && s.replaces == nil && s.ctx.Err() == nil {
			viewers = append(viewers, s.seen())
		}
	}
	return viewers, people
}

// seen is what the relay's lock guards of a viewer. The caller holds it.
func (s *Session) seen() seenViewer {
	v := seenViewer{said: s.picture, downs: s.downTracks(), playing: s.room.video.flowing()}
	v.ID, v.Since, v.Connected = s.id, s.since, s.connected
	v.Name, v.Browser, v.Via = s.person.name, s.person.browser, s.person.via
	if s.connected {
		v.Trouble = s.trouble()
	}
	return v
}

// measure fills in the figures.
func (v *seenViewer) measure(now time.Time) {
	if !v.Connected {
		return
	}
	for _, d := range v.downs {
		f := d.figures(now)
		v.Bitrate += f.bitrate
		v.RTT = cmp.Or(v.RTT, f.rtt)
		if d.fanout.kind == kindVideo {
			v.Loss, v.Picture = f.loss, f.plays && v.Trouble == nil && v.playing != CodecNone
			if f.served {
				v.Codec = v.playing
			}
		} else {
			v.Loss = max(v.Loss, f.loss)
		}
	}
	if v.said != nil {
		v.Picture = *v.said
	}
}

// figures are what is known of one kind of a viewer's media.
type figures struct {
	bitrate int
	loss    float64
	rtt     time.Duration
	served  bool // it is sent what flows
	plays   bool // and says that it gets it
}

// reportsTime without a receiver report is more than any client takes for the next
// (RFC 3550 section 6.2 has 5 s).
const reportsTime = 12 * time.Second

func (d *DownTrack) figures(now time.Time) figures {
	bitrate := d.pace.rate(d.octets.Load(), now)
	h := &d.health
	h.mu.Lock()
	defer h.mu.Unlock()
	f := figures{bitrate: bitrate, rtt: h.rtt}
	reported := !h.heard.IsZero() && now.Sub(h.heard) < reportsTime
	if reported {
		f.loss = float64(h.lost) / 256
	}
	f.served = d.playing.Load() && !d.lacking.Load() && !d.slow.Load() && !d.absent.Load()
	f.plays = f.served && reported && d.sent.Load() > 0
	return f
}

// paceSeconds is the time over which a viewer's bitrate is taken: as long as the
// publisher's, see meterSeconds.
const paceSeconds = 4

// pace is a viewer's bitrate, from a sample each second.
type pace struct {
	mu      sync.Mutex // guards what follows
	samples [paceSeconds]sample
	next    int // where the oldest is
}

type sample struct {
	at     time.Time // zero: none yet
	octets uint64
}

// note takes the second's sample.
func (p *pace) note(octets uint64, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.samples[p.next] = sample{now, octets}
	p.next = (p.next + 1) % len(p.samples)
}

// rate is in bits per second, since the oldest sample.
func (p *pace) rate(octets uint64, now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.samples {
		oldest := p.samples[(p.next+i)%len(p.samples)]
		if elapsed := now.Sub(oldest.at); !oldest.at.IsZero() && elapsed >= time.Second {
			return int(float64(octets-oldest.octets) * 8 / elapsed.Seconds())
		}
	}
	return 0
}

// Remove sends a viewer out, by its session's ID: the session ends with ErrRemoved, and
// so do all others of its Device, which is refused for 60 s. It is false when there is
// no such viewer.
func (r *Relay) Remove(room, id string) bool {
	_, ok := r.sendOut(room, id, ErrRemoved, func(room *Room, s *Session) string {
		room.rules.remove(s.person.refusable(), time.Now())
		return ""
	})
	return ok
}

// Block sends a viewer out as Remove does, with ErrBlocked, and refuses its device until
// it is unblocked, by the ID that is returned. It is not ok when there is no such viewer.
func (r *Relay) Block(room, id string) (blocked string, ok bool) {
	return r.sendOut(room, id, ErrBlocked, func(room *Room, s *Session) string {
		device := s.person.refusable()
		if p := room.publisher; p != nil && p.person.device == device {
			device = "" // it looks at its own room: blocked, it could not present again
		}
		return room.rules.block(device, s.person.name, time.Now())
	})
}

// sendOut ends the sessions of a viewer's device: those that are in the room go on by
// their tokens, whatever is refused to newcomers.
func (r *Relay) sendOut(name, id string, cause error, note func(*Room, *Session) string) (noted string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.rooms[name]
	if room == nil {
		return "", false
	}
	s := room.viewerBy(id)
	if s == nil {
		return "", false
	}
	noted = note(room, s)
	for other := range room.sessions {
		if other.role == RoleViewer && (other.id == id || s.person.device != "" && other.person.device == s.person.device) {
			other.Close(cause)
		}
	}
	return noted, true
}

// viewerBy is a viewer's session by its ID, one of two while one takes the other's
// place; nil: there is none. The caller holds relay.mu.
func (room *Room) viewerBy(id string) *Session {
	for s := range room.sessions {
		if s.role == RoleViewer && s.id == id && s.ctx.Err() == nil {
			return s
		}
	}
	return nil
}
