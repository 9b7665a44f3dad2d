package broadcast

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// classroom is a fan-out in a time of its own: each step is a millisecond.
type classroom struct {
	*fanout
	track *Track
	now   time.Time
	head  rtp.Header // of the next packet
	seats []*seat
}

// seat is a viewer who writes down what it is sent.
type seat struct {
	*DownTrack
	got   []delivery
	bytes int // on the wire
}

type delivery struct {
	header rtp.Header
	size   int
	at     time.Time
}

// plug is a binding's end at a seat.
type plug struct {
	*seat
	room *classroom
}

func (p plug) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	p.got = append(p.got, delivery{*h, len(payload), p.room.now})
	p.seat.bytes += wireOverhead + len(payload)
	return len(payload), nil
}

func (p plug) Write([]byte) (int, error) { panic("not in use") }

func newClassroom() *classroom {
	f := newFanout(kindVideo, newCrew(unheld{}), func() {})
	room := &classroom{fanout: f, now: time.Unix(1000, 0), head: rtp.Header{SequenceNumber: 65000, Timestamp: 1<<32 - 9000, PayloadType: 96}}
	room.present()
	return room
}

// newLesson is one in which a GOP went by: a key frame of perFrame packets, and
// frames after it.
func newLesson(frames, perFrame int) *classroom {
	room := newClassroom()
	room.frame(true, perFrame)
	for range frames - 1 {
		room.frame(false, perFrame)
	}
	room.pass()
	return room
}

// present makes another publisher the room's.
func (c *classroom) present() {
	c.track = &Track{session: &Session{}, fanout: c.fanout, formats: map[uint8]*format{96: testVP8}}
	c.setSource(c.track)
}

// frame publishes one of n packets of a kilobyte.
func (c *classroom) frame(key bool, n int) {
	c.head.Timestamp += 3000
	for i := range n {
		payload := make([]byte, 1000)
		payload[0] = 0x10 // a frame's start
		if i > 0 {
			payload[0] = 0
		}
		if !key || i > 0 {
			payload[1] = 1
		}
		c.head.Marker = i == n-1
		c.store(c.track, testVP8, &c.head, payload, c.now)
		c.head.SequenceNumber++
	}
}

func (c *classroom) sit(n int) {
	for range n {
		s := &seat{DownTrack: &DownTrack{session: &Session{}, fanout: c.fanout}}
		s.binding.Store(&binding{ssrc: 1, rtxSSRC: 2, types: []payloadType{{format: *testVP8, media: 96, rtx: 97}}, write: plug{s, c}})
		s.header.SSRC = 1
		c.seats = append(c.seats, s)
		c.join(s.DownTrack)
	}
}

// pass is what run does, without waiting.
func (c *classroom) pass() {
	burst, downs := c.collect()
	c.fanout.forward(burst, downs, c.now)
	c.observe(burst, c.now)
	c.spare = burst
	c.fanout.serve(nil, c.now)
}

// until passes each time that a slice is due, and a frame of perFrame packets comes
// 30 times a second, until the condition holds. It returns how long that took.
func (c *classroom) until(t *testing.T, perFrame int, condition func() bool) time.Duration {
	t.Helper()
	began := c.now
	for ms := 1; ; ms++ {
		c.now = c.now.Add(time.Millisecond)
		framed := perFrame > 0 && ms%33 == 0
		if framed {
			c.frame(false, perFrame)
		}
		if framed || c.joined.Load() || !c.primer.next.IsZero() && !c.now.Before(c.primer.next) {
			c.pass()
		}
		if condition() {
			return c.now.Sub(began)
		}
		if ms > 60_000 {
			t.Fatal("it takes more than a minute")
		}
	}
}

func (c *classroom) caughtUp() bool {
	for _, s := range c.seats {
		if s.backlog != nil || s.phase <= phasePriming {
			return false
		}
	}
	return true
}

// unbroken fails unless the numbers go up by one from the first on, timestamps
// never go back, and no number came twice.
func (s *seat) unbroken(t *testing.T) {
	t.Helper()
	for i := 1; i < len(s.got); i++ {
		before, here := s.got[i-1].header, s.got[i].header
		if here.SequenceNumber != before.SequenceNumber+1 || int32(here.Timestamp-before.Timestamp) < 0 {
			t.Fatalf("packet %d: number %d at %d after %d at %d", i, here.SequenceNumber, here.Timestamp, before.SequenceNumber, before.Timestamp)
		}
	}
}

// A GOP that fits goes out in one piece.
func TestSmallGOPGoesAtOnce(t *testing.T) {
	room := newLesson(10, 3)
	room.sit(1)
	room.pass()
	if s := room.seats[0]; len(s.got) != 30 || s.backlog != nil {
		t.Errorf("%d of 30 packets at once", len(s.got))
	}
	if left := room.primer.level; left != primeBurst-room.seats[0].bytes {
		t.Errorf("%d bytes are left for others", left)
	}
}

// However long the GOP, and however many join: what all of them are sent of it, in
// any window of time, stays under the rates; and who joins has it soon.
func TestReplayIsPaced(t *testing.T) {
	for _, test := range []struct {
		name             string
		frames, perFrame int // of the GOP
		joiners          int
		live             int // packets a frame
		most             time.Duration
	}{
		{"one, of a still picture", 100, 1, 1, 0, 40 * time.Millisecond},
		{"one", 200, 5, 1, 5, 450 * time.Millisecond},
		{"one, of a long still picture", 230, 15, 1, 0, 1450 * time.Millisecond},
		{"one, at 24 Mbit/s live", 11, 100, 1, 100, 480 * time.Millisecond},
		{"40 of a still picture", 60, 2, 40, 0, 700 * time.Millisecond},
		{"20 of a picture that moves", 60, 2, 20, 2, 350 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			room := newLesson(test.frames-1, test.perFrame)
			room.frame(false, test.perFrame) // comes with the joiners
			if test.live == 0 {
				room.now = room.now.Add(restTime)
			}
			room.sit(test.joiners)
			took := room.until(t, test.live, room.caughtUp)
			if took > test.most {
				t.Errorf("it took %v, want %v", took, test.most)
			}
			total := 0
			for _, s := range room.seats {
				s.unbroken(t)
				total += len(s.got)
				if s.reached.Load() != 0 || s.phase != phaseLive {
					t.Fatal("it is not live")
				}
			}
			frames := test.frames + int(took/(33*time.Millisecond))*min(test.live, 1)
			if want := test.joiners * (test.frames*test.perFrame + (frames-test.frames)*test.live); total != want {
				t.Errorf("%d packets, want %d", total, want)
			}
			room.checkRates(t, test.live)
		})
	}
}

// checkRates looks at every stretch of time that begins with a pass.
func (c *classroom) checkRates(t *testing.T, live int) {
	t.Helper()
	const packet = wireOverhead + 1000
	spent := map[time.Time]int{}
	for _, s := range c.seats {
		for _, d := range s.got {
			spent[d.at] += packet
		}
	}
	for from := range spent {
		sum := 0
		for at := from; !at.After(c.now); at = at.Add(time.Millisecond) {
			sum += spent[at]
			since := at.Sub(from)
			frames := int(since/(33*time.Millisecond)) + 1
			allowed := primeBurst + int(roomRate*since.Seconds()) + len(c.seats)*packet*(1+frames*live)
			if len(c.seats) == 1 {
				allowed = primeBurst + int(viewerRate*since.Seconds()) + packet*(1+frames*live)
			}
			if sum > allowed {
				t.Fatalf("%d bytes within %v, %d are allowed", sum, since, allowed)
			}
		}
	}
}

// Of a GOP that would take the joiners too long, they are sent nothing: a key frame
// is quicker.
func TestCrowdGetsAKeyFrame(t *testing.T) {
	room := newLesson(60, 5) // 300 kB
	for _, test := range []struct {
		joiners int
		still   time.Duration
		want    bool
	}{
		{1, 0, true}, {12, 0, true}, {13, 0, false},
		{13, restTime, true}, {37, restTime, true}, {38, restTime, false},
	} {
		if r := room.prime(test.joiners, room.now.Add(test.still)); r.ok != test.want {
			t.Errorf("%d joiners are primed %v after the last frame: %t", test.joiners, test.still, r.ok)
		}
	}
}

// A key frame makes the frames before it useless to who has not got them yet. Their
// numbers come as empty packets, and if asked for again they are empty again.
func TestKeyFrameOvertakesTheBacklog(t *testing.T) {
	room := newLesson(101, 10)
	room.sit(1)
	room.until(t, 0, func() bool { return len(room.seats[0].got) >= 205 })
	s := room.seats[0]
	b, first := s.binding.Load(), s.got[0].header.SequenceNumber
	var budget nackBudget
	late := room.head.SequenceNumber - 1
	s.repairs(b, nackFor(first+500), &budget, room.now) // not sent yet
	s.repeatTail(room.history.newest())
	if n := s.repeated.Load(); n != 0 {
		t.Errorf("%d packets that were not sent were sent again", n)
	}
	room.frame(true, 10)
	room.frame(false, 10)
	took := room.until(t, 0, room.caughtUp)
	if took > 30*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	s.unbroken(t)
	empty := 0
	for i, d := range s.got {
		if d.size > 0 {
			continue
		}
		empty++
		if i%10 == 0 && empty == 1 { // GOP frames have ten packets
			if i < 205 || i > 300 {
				t.Errorf("the first empty packet is the %dth", i)
			}
		}
		if d.header.Marker {
			t.Error("an empty packet ends a frame")
		}
	}
	if len(s.got) != 1030 || empty < 600 || empty%10 != 0 || s.got[1009].size > 0 || s.got[1010].size == 0 {
		t.Fatalf("%d packets, %d of them empty", len(s.got), empty)
	}
	s.got = nil
	s.repairs(b, nackFor(late, first), &budget, room.now.Add(time.Second))
	if len(s.got) != 2 || s.got[0].size != osnSize || s.got[1].size != osnSize+1000 {
		t.Errorf("sent again: %+v", s.got)
	}
}

// Parameter sets that their picture overtook are a start again, before which nothing
// of that picture is left out.
func TestKeyFrameThatStartsLate(t *testing.T) {
	room := newLesson(101, 10)
	h264 := &format{codec: CodecH264, fmtp: "packetization-mode=1;profile-level-id=42e01f"}
	room.sit(1)
	s := room.seats[0]
	b := s.binding.Load()
	b.types = append(b.types, payloadType{format: *h264, media: 102})
	room.primer.level, room.primer.filled = 0, room.now // others had it all
	room.pass()
	room.head.Timestamp += 3000
	first := room.head.SequenceNumber
	for _, p := range []struct {
		after   uint16
		payload []byte
	}{{1, []byte{0x65, 0x88}}, {2, []byte{0x65, 0x08}}, {0, []byte{0x67, 0x42, 0xe0, 0x1f}}} {
		room.head.SequenceNumber, room.head.Marker = first+p.after, p.after == 2
		room.store(room.track, h264, &room.head, p.payload, room.now)
	}
	room.pass()
	room.until(t, 0, room.caughtUp)
	if len(s.got) != 3 {
		t.Errorf("%d of a key frame's 3 packets", len(s.got))
	}
}

func nackFor(numbers ...uint16) (pairs []rtcp.NackPair) {
	for _, n := range numbers {
		pairs = append(pairs, rtcp.NackPair{PacketID: n})
	}
	return pairs
}

// Nothing of a backlog waits for a viewer who is not to be sent it any more.
func TestBacklogOfAnAbsentViewer(t *testing.T) {
	room := newLesson(200, 5)
	room.sit(1)
	room.until(t, 0, func() bool { return len(room.seats[0].got) >= 300 })
	s := room.seats[0]
	s.absent.Store(true)
	before := len(s.got)
	if took := room.until(t, 0, room.caughtUp); took > 2*sliceTime {
		t.Errorf("it took %v to leave the rest out", took)
	}
	if len(s.got) != before || s.drops[dropAbsent].Load() == 0 {
		t.Errorf("it was sent %d packets more, %d were left out", len(s.got)-before, s.drops[dropAbsent].Load())
	}
	s.back()
	room.frame(false, 1)
	room.pass()
	room.frame(true, 3)
	room.pass()
	if len(s.got) != before+3 {
		t.Errorf("it goes on with %d packets", len(s.got)-before)
	}
}

// A packet that comes late, from before the key frame that a viewer began with, is not
// for it.
func TestNothingFromBeforeTheFirst(t *testing.T) {
	room := newClassroom()
	room.frame(true, 3)
	missing := room.head
	room.head.SequenceNumber += 3
	room.head.Timestamp += 3000
	room.frame(true, 3)
	room.pass()
	room.sit(1)
	room.pass()
	next := room.head
	room.head = missing
	room.frame(false, 3)
	room.head = next
	room.frame(false, 1)
	room.pass()
	s := room.seats[0]
	s.unbroken(t)
	if n := s.drops[dropBefore].Load(); len(s.got) != 4 || n != 3 {
		t.Errorf("%d packets, %d are from before the first", len(s.got), n)
	}
}

// Another publisher takes over while a joiner is being primed.
func TestTakeOverWhilePriming(t *testing.T) {
	room := newLesson(101, 10)
	room.sit(2)
	room.until(t, 0, func() bool { return len(room.seats[0].got) >= 100 })
	room.present()
	room.now = room.now.Add(time.Millisecond)
	room.head.SequenceNumber, room.head.Timestamp = 7, 7
	room.frame(true, 10)
	room.frame(false, 10)
	room.until(t, 0, room.caughtUp)
	for _, s := range room.seats {
		s.unbroken(t)
		if n := len(s.got); n != 1030 || s.got[n-20].size == 0 {
			t.Errorf("%d packets", n)
		}
	}
}

// What an ended presentation has left is let go, once nobody can ask for it again.
func TestEndedPresentationIsLetGo(t *testing.T) {
	room := newLesson(1, 1000)
	room.setSource(nil)
	room.keep(room.now.Add(10 * time.Second)) // the presenter may come back
	if held := room.history.held; held < 1000*1000 {
		t.Errorf("%d bytes are held of a presenter who is away", held)
	}
	room.forget()
	room.keep(room.now.Add(time.Second))
	if held := room.history.held; held < 1000*1000 {
		t.Errorf("%d bytes are held for who still repairs", held)
	}
	room.keep(room.now.Add(10 * time.Second))
	if held := room.history.held; held > 2000 || len(room.history.slots) != minSlots {
		t.Errorf("%d bytes are held in %d slots", held, len(room.history.slots))
	}
}

// Who joins after a pass has taken its audience is primed in the next.
func TestJoinWithinAPass(t *testing.T) {
	room := newLesson(10, 3)
	burst, downs := room.collect()
	room.sit(1)
	room.fanout.forward(burst, downs, room.now)
	room.pass()
	if s := room.seats[0]; len(s.got) != 30 || s.phase != phaseLive {
		t.Errorf("it was sent %d of 30 packets", len(s.got))
	}
}
