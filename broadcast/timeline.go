package broadcast

import "time"

const (
	// maxMisorder is how far behind the newest number a packet may be. Anything
	// further back is not late: its source counts anew (RFC 3550 appendix A.1).
	maxMisorder = 8192
	// maxPause keeps the step between two publishers well under half of the
	// 32 bit circle, or a viewer would take it for a step back. It is 3.3 hours
	// of a 90 kHz clock.
	maxPause = 1 << 30
)

// timeline puts the packets of one publisher after the other on the numbering
// and the clock of a room and kind: the next publisher continues where the last
// one stopped. The fan-out guards it.
type timeline struct {
	// began says that the next packet is a source's first.
	began bool
	// newest is the source's highest number, reach its distance from the
	// source's first.
	newest uint16
	reach  uint64
	// restart is the number that would prove that the source counts anew.
	restart    uint16
	restarting bool

	// The shift of the live source, constant until the next begins.
	shiftSeq uint16
	shiftTS  uint32

	// Where the room's timeline stands: its newest number and timestamp, and
	// when that timestamp was first seen. A zero lastAt: no packet ever came.
	lastSeq uint16
	lastTS  uint32
	lastAt  time.Time
}

// begin says that the next packet is another publisher's first.
func (t *timeline) begin() { t.began = true }

// shift puts one packet of the live source on the room's timeline. It is not
// ok if the packet's number is before the source's first: that place belongs
// to the publisher before.
func (t *timeline) shift(seq uint16, ts uint32, clockRate uint32, now time.Time) (outSeq uint16, outTS uint32, ok bool) {
	if t.began || t.lastAt.IsZero() || t.restarted(seq) {
		t.start(seq, ts, clockRate, now)
	}
	if !t.reached(seq) {
		return 0, 0, false
	}
	outSeq, outTS = seq+t.shiftSeq, ts+t.shiftTS
	t.advance(outSeq, outTS, now)
	return outSeq, outTS, true
}

// timestamp puts a timestamp of the publisher's sender report on the room's
// timeline. It makes sense once the publisher's first packet was shifted.
func (t *timeline) timestamp(ts uint32) uint32 { return ts + t.shiftTS }

// start fixes the shift of a source from its first packet. The first source of
// all keeps its own numbers.
func (t *timeline) start(seq uint16, ts uint32, clockRate uint32, now time.Time) {
	if !t.lastAt.IsZero() {
		t.shiftSeq = t.lastSeq + 1 - seq
		t.shiftTS = t.lastTS + pause(now.Sub(t.lastAt), clockRate) - ts
	}
	t.began, t.restarting = false, false
	t.newest, t.reach = seq, 0
	t.lastSeq, t.lastTS, t.lastAt = seq+t.shiftSeq, ts+t.shiftTS, now
}

// pause is the step of the timestamp from one source to the next: never none,
// never back.
func pause(elapsed time.Duration, clockRate uint32) uint32 {
	ticks := elapsed.Microseconds() * int64(clockRate) / 1e6
	return uint32(min(max(ticks, 1), maxPause))
}

// restarted reports whether the source counts anew, which takes two packets in
// sequence far behind the newest: one alone may be an old one that lost its way.
func (t *timeline) restarted(seq uint16) bool {
	if int16(seq-t.newest) >= -maxMisorder {
		t.restarting = false
		return false
	}
	if t.restarting && seq == t.restart {
		return true
	}
	t.restarting, t.restart = true, seq+1
	return false
}

// reached notes a number of the source. It reports false for one from before
// the source's first, and for one too far behind.
func (t *timeline) reached(seq uint16) bool {
	ahead := int(int16(seq - t.newest))
	if ahead > 0 {
		t.newest = seq
		t.reach += uint64(ahead)
		return true
	}
	return -ahead <= maxMisorder && uint64(-ahead) <= t.reach
}

// advance moves the end of the room's timeline; a late packet does not.
func (t *timeline) advance(seq uint16, ts uint32, now time.Time) {
	if int16(seq-t.lastSeq) > 0 {
		t.lastSeq = seq
	}
	if int32(ts-t.lastTS) > 0 {
		t.lastTS, t.lastAt = ts, now
	}
}
