package broadcast

import (
	"sync/atomic"
	"time"
)

const (
	// sliceTime is the clock of replays.
	sliceTime = 5 * time.Millisecond
	// primeBurst is what all joiners together are sent at once, in bytes: so much
	// fits into the shortest queues of access points, of 64 packets.
	primeBurst = 48 << 10
	// viewerRate is what one joiner is sent of what it has missed, roomRate what
	// all of a room are, in bytes a second. What is live comes on top of it, so
	// that every replay comes to its end.
	//
	// Behind links with short queues, packets dropped at these rates, and when all
	// was sent at once: 30 Mbit/s and 64 packets, one joiner of 900 kB: 0 and 350
	// (at 40 Mbit/s: 118); 50 Mbit/s and 128 packets, 20 joiners of 200 kB within a
	// second: 30 and 1,800 (at 200 Mbit/s for the room: 340); 100 Mbit/s and 256
	// packets, 40 joiners at 20 a second: 0 and 4.
	viewerRate = 20_000_000 / 8
	roomRate   = 60_000_000 / 8

	// A GOP beyond these is not replayed to a joiner: decoding or sending it takes
	// longer than a new key frame does. That is there after some 60 ms from a
	// picture that moves, but after 1 to 2 s from one that stands still. What a
	// replay takes is its bytes over viewerRate, or over a share of roomRate.
	maxPrimeFrames = 240
	maxMovingPrime = 500 * time.Millisecond
	maxStillPrime  = 1500 * time.Millisecond
	// An encoder that can't be asked for one is waited for instead, so more is
	// replayed: 5 s at 60 frames a second, 4 s of 12 Mbit/s.
	maxEncoderFrames = 300
	maxEncoderBytes  = 6 << 20
)

// primer paces what a room's joiners are sent of the running GOP: in one piece it
// would overrun the queue of a network that they have in common, such as an access
// point's.
//
// The fan-out's run owns it, and changes nothing but spent while a pass sends.
type primer struct {
	called  bool      // some of this pass's audience may be to be primed
	pending audience  // who is sent a part of a replay in this pass
	replay  replay    // for those who come with this pass
	share   int       // bytes for each in this pass
	level   int       // bytes that all may be sent now; under 0: they had more
	filled  time.Time // when level was brought up to date
	next    time.Time // when the next slice is due; zero: nobody waits for one

	spent atomic.Int64 // bytes of level, in this pass
}

// replay is what a joiner gets before it is live: the running GOP, as it is at
// order. It is not ok when the joiner has to wait for a key frame.
type replay struct {
	packets  []*packet
	squeezed squeeze
	order    uint64
	ok       bool
	rtp      uint32 // the room's RTP time, when flowing
	flowing  bool
}

// prepare begins a pass: it finds out who joins, and shares out what they may be
// sent.
func (f *fanout) prepare(to audience, now time.Time) {
	p := &f.primer
	if !p.called && p.pending == nil {
		return
	}
	joins := p.gather(to)
	joiners := p.pending.size()
	if joiners == 0 {
		return
	}
	p.level, p.filled = refill(p.level, roomRate, now.Sub(p.filled)), now
	p.share = p.level / joiners
	if joins && f.kind == kindVideo {
		p.replay = f.prime(joiners, now)
	}
}

// gather finds who is to be primed, or has a backlog; joins: some are to be primed.
func (p *primer) gather(to audience) (joins bool) {
	p.pending = make(audience, len(to))
	for lane, downs := range to {
		for _, d := range downs {
			switch {
			case d.phase == phaseJoining && d.binding.Load() != nil: // Bind sets joined, too
				d.phase, joins = phasePriming, true
			case d.backlog == nil:
				continue
			}
			p.pending[lane] = append(p.pending[lane], d)
		}
	}
	return joins
}

// settle ends a pass.
func (p *primer) settle(now time.Time) {
	p.replay = replay{}
	p.level -= int(p.spent.Swap(0))
	p.next = time.Time{}
	for d := range p.pending.all() {
		if d.backlog != nil {
			p.next = now.Add(sliceTime)
			return
		}
	}
	p.pending = nil
}

// refill is a level after some time at a rate: primeBurst at most.
func refill(level, rate int, elapsed time.Duration) int {
	if elapsed > time.Second { // the first, or a product that is too big
		return primeBurst
	}
	return min(level+int(int64(rate)*int64(elapsed)/int64(time.Second)), primeBurst)
}

// maxPrimeBytes is what so many joiners can be sent each before a key frame would
// be there, of a picture that has been still for a time.
func maxPrimeBytes(joiners int, still time.Duration) int {
	within := maxMovingPrime
	if still >= restTime {
		within = maxStillPrime
	}
	return int(float64(min(viewerRate, roomRate/joiners)) * within.Seconds())
}

// prime is the replay for a pass with so many joiners.
func (f *fanout) prime(joiners int, now time.Time) replay {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := replay{order: f.order}
	frames, bytes := maxPrimeFrames, maxPrimeBytes(joiners, now.Sub(f.heard))
	if f.encoder.watched {
		frames, bytes = maxEncoderFrames, maxEncoderBytes
	}
	packets, last, edge, ok := f.history.gop(frames, bytes, now)
	if !ok || packets[0].order <= f.floor {
		return r
	}
	r.packets, r.ok = packets, true
	r.squeezed = squeeze{first: packets[0].frame, last: last, edge: edge}
	r.rtp, r.flowing = f.instant(now)
	return r
}
