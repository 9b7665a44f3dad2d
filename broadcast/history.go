package broadcast

import (
	"sync"
	"time"
)

const (
	// The ring has minSlots to begin with, and grows to what its bounds need.
	// maxSlots is 2 s of 65 Mbit/s in packets of 1.0 kB.
	minSlots = 256
	maxSlots = 16384
	// repairTime is how long a hole may be a packet on its way: the track asks
	// its publisher for a second.
	repairTime = time.Second
)

// bounds are what a history holds. Packets up to minAge stay, for NACKs at any rate
// of the track's, unless they are over mostBytes; those up to maxAge, and older
// ones of the running GOP, while there are no more than bytes.
type bounds struct {
	minAge, maxAge   time.Duration
	bytes, mostBytes int // of raw packets
}

// history is the one ring of a room and kind. It outlives publishers: its
// numbers and timestamps are those of the room's timeline. It holds the last
// packets by age, and the running GOP for as long as there are bytes for it and
// joiners may get it.
//
// One writer (the reader of the live track) adds; the feedback of all viewers
// reads.
type history struct {
	// Static after construction.
	bounds

	mu sync.Mutex // guards what follows
	// slots has a power of two of entries, each at its number modulo that.
	slots []slot
	// low and high are the lowest and the highest number, extended beyond 16
	// bits. Both are stored; between them may be holes. 0: the ring is empty.
	low, high uint64
	// key is where the newest key frame starts, 0 before the first.
	key  uint64
	held int // bytes
	// outgrown is since when the running GOP has too many frames to be replayed.
	// Zero: it has not.
	outgrown time.Time
}

// slot holds a packet under its extended number, which tells it from the
// packets of earlier and later rounds.
type slot struct {
	number uint64
	packet *packet
}

func newHistory(b bounds) *history { return &history{bounds: b, slots: make([]slot, minSlots)} }

// add stores p and sets the ordinal of its frame. It returns false for a
// duplicate and for a packet that is too old to store; neither may be forwarded.
func (h *history) add(p *packet) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	number := h.number(p.seq)
	if number < h.low || h.at(number) != nil {
		return false
	}
	p.frame = h.frameOf(number, p)
	if number > h.high {
		h.advance(number)
	}
	*h.slot(number) = slot{number, p}
	h.held += len(p.raw)
	h.noteKey(number, p)
	h.noteLength()
	h.expire()
	return true
}

// get returns the packet with the number seq, or nil.
func (h *history) get(seq uint16) *packet {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at(h.number(seq))
}

// newest returns the packet with the highest number, or nil.
func (h *history) newest() *packet {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at(h.high)
}

// number extends seq: it is the number nearest to the highest one. The first
// leaves room below it, so that no number is ever under 0.
func (h *history) number(seq uint16) uint64 {
	if h.high == 0 {
		return 1<<16 | uint64(seq)
	}
	return h.high + uint64(int64(int16(seq-uint16(h.high))))
}

func (h *history) slot(number uint64) *slot {
	return &h.slots[number&uint64(len(h.slots)-1)]
}

// at returns the packet stored under the extended number, or nil.
func (h *history) at(number uint64) *packet {
	if s := h.slot(number); s.number == number {
		return s.packet
	}
	return nil
}

// advance makes number the highest. The ring grows as long as it may; then the
// slots that number comes round to are emptied.
func (h *history) advance(number uint64) {
	for len(h.slots) < maxSlots && h.overruns(number) && number-h.low < maxSlots {
		h.resize(2 * len(h.slots))
	}
	for h.overruns(number) {
		h.evict()
	}
	if h.low > h.high || h.high == 0 {
		h.low = number
	}
	h.high = number
}

// overruns reports whether number comes round to the lowest packet.
func (h *history) overruns(number uint64) bool {
	return h.low <= h.high && h.high != 0 && number-h.low >= uint64(len(h.slots))
}

// resize gives the ring another number of slots, a power of two that holds what
// there is.
func (h *history) resize(count int) {
	old := h.slots
	h.slots = make([]slot, count)
	for _, s := range old {
		if s.packet != nil {
			*h.slot(s.number) = s
		}
	}
}

// trim lets all packets go but the newest, which the timeline goes on from: what is
// stored is of no more use.
func (h *history) trim() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.low < h.high {
		h.evict()
	}
	if len(h.slots) > minSlots {
		h.resize(minSlots)
	}
}

// evict drops the lowest packet and the holes above it.
func (h *history) evict() {
	s := h.slot(h.low)
	h.held -= len(s.packet.raw)
	*s = slot{}
	for h.low++; h.low <= h.high && h.at(h.low) == nil; {
		h.low++
	}
}

// expire drops what is over the bounds, but never the newest packet.
func (h *history) expire() {
	now := h.at(h.high).arrived
	for h.low < h.high && h.over(now) {
		h.evict()
	}
}

// over reports whether the lowest packet is over the bounds. The start of the
// running GOP has no age, and protects what follows it, until the last joiner who
// got it has asked for what it missed.
func (h *history) over(now time.Time) bool {
	age := now.Sub(h.at(h.low).arrived)
	protects := h.low == h.key && (h.outgrown.IsZero() || now.Sub(h.outgrown) <= h.maxAge)
	return h.held > h.mostBytes || h.held > h.bytes && age > h.minAge || !protects && age > h.maxAge
}

// noteLength notes when the running GOP becomes too long for any joiner.
func (h *history) noteLength() {
	start, newest := h.at(h.key), h.at(h.high)
	switch {
	case start == nil:
	case newest.frame-start.frame < max(maxPrimeFrames, maxEncoderFrames):
		h.outgrown = time.Time{}
	case h.outgrown.IsZero():
		h.outgrown = newest.arrived
	}
}

// noteKey notes where the newest key frame starts. A start that came late is
// the better one of its frame: parameter sets that the picture overtook.
func (h *history) noteKey(number uint64, p *packet) {
	if !p.keyStart {
		return
	}
	start := h.at(h.key)
	sameKey := start != nil && start.timestamp == p.timestamp
	if sameKey == (number < h.key) {
		h.key = number
	}
}

// frameOf is the ordinal of p's frame. Packets of one timestamp are one frame,
// and a frame's ordinal is above that of the frame before by as much as the
// numbers are: what is missing between the two then has ordinals left for it,
// should it come late.
func (h *history) frameOf(number uint64, p *packet) uint64 {
	if h.high == 0 {
		return 1
	}
	below, at := h.below(number)
	step := number - at
	if p.padding() { // it belongs to the frame before, even if that one is missing
		return below.frame + step - 1
	}
	if sameFrame(below, p) {
		return below.frame
	}
	if above := h.above(number); sameFrame(above, p) {
		return above.frame
	}
	return below.frame + step
}

// sameFrame reports whether the neighbour q is of p's frame. The timestamp of
// padding says nothing; it comes between frames, never within one.
func sameFrame(q, p *packet) bool {
	return q != nil && !q.padding() && q.timestamp == p.timestamp
}

// below returns the next packet under number, and its number. There is one,
// since the lowest number is always stored.
func (h *history) below(number uint64) (*packet, uint64) {
	for at := min(number-1, h.high); ; at-- {
		if p := h.at(at); p != nil {
			return p, at
		}
	}
}

// above returns the next packet over number, or nil.
func (h *history) above(number uint64) *packet {
	for at := number + 1; at <= h.high; at++ {
		if p := h.at(at); p != nil {
			return p
		}
	}
	return nil
}

// gop returns the running GOP, for a joiner: from the newest key frame's start
// to the newest packet, in the order of their numbers, without what is missing
// and may still come; the ordinal of the last frame that was sent to its end
// (0: not even the key frame was), and that frame's timestamp. It is not ok if
// the ring has no key frame, if the GOP is longer than the bounds, or if it has
// a hole that nobody will fill any more: a joiner could not decode it to its end.
func (h *history) gop(maxFrames, maxBytes int, now time.Time) (packets []*packet, last uint64, edge uint32, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	packets, ok = h.running(now)
	if !ok || tooLong(packets, maxFrames, maxBytes) {
		return nil, 0, 0, false
	}
	for _, p := range packets {
		if ends(p) {
			last, edge = p.frame, p.timestamp
		}
	}
	return packets, last, edge, true
}

// running collects the packets of the running GOP.
func (h *history) running(now time.Time) (packets []*packet, ok bool) {
	if h.at(h.key) == nil {
		return nil, false
	}
	packets = make([]*packet, 0, h.high-h.key+1)
	hole := false
	for number := h.key; number <= h.high; number++ {
		p := h.at(number)
		if p == nil {
			hole = true
			continue
		}
		if hole && now.Sub(p.arrived) > repairTime {
			return nil, false
		}
		hole = false
		packets = append(packets, p)
	}
	return packets, true
}

// ends reports whether p is the last packet of a frame.
func ends(p *packet) bool { return p.marker && !p.padding() }

func tooLong(packets []*packet, maxFrames, maxBytes int) bool {
	first, newest := packets[0], packets[len(packets)-1]
	if newest.frame-first.frame >= uint64(maxFrames) {
		return true
	}
	bytes := 0
	for _, p := range packets {
		bytes += len(p.payload())
	}
	return bytes > maxBytes
}
