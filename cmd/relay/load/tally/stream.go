package tally

import (
	"slices"
	"time"
)

const (
	// maxJump is the furthest that a number may lie above or below the
	// highest and still belong to it whatever the time between the two
	// (MAX_DROPOUT of RFC 3550, A.1).
	maxJump = 3000
	// maxMisorder is how far below the first number of an epoch a late packet
	// may lie (MAX_MISORDER of RFC 3550, A.1), and how far apart the two
	// packets are that prove a new epoch. The RFC wants these two to be
	// neighbours; on a bad network the one between them may be lost.
	maxMisorder = 100
	// settling is what of a stream's begin says nothing about its rate: a server
	// may begin with all that came since the last key frame.
	settling = 200 * time.Millisecond
	// measuring is how much longer than a packet takes a round trip may be measured:
	// on one machine ICE's checks take 1 to 4 ms, an answer to a NACK 0.2.
	measuring = 5 * time.Millisecond
	// likeness is by what factor a jump of the numbers may differ from what the
	// stream's rate makes of the silence, and still be the packets of then.
	likeness = 2
)

// Verdict is what a packet was to its stream.
type Verdict uint8

// The verdicts.
const (
	// New has a number above all before.
	New Verdict = iota
	// Duplicate came before, or was repaired already.
	Duplicate
	// Late has a number below the highest, and came by itself.
	Late
	// Repaired was lost, and came because it was asked for. On the stream's own
	// SSRC that cannot be told for sure: see Stream.RTT.
	Repaired
	// Stray has a number far from all others. It is counted with the next one
	// if that follows it: the numbering has begun anew.
	Stray
)

// Span is Count numbers in a row, beginning with First; it may wrap.
type Span struct {
	First uint16
	Count int
}

// Stream counts the packets of one SSRC by their sequence numbers, which stand
// in the clear part of a packet. Its zero value is a stream that has not begun.
type Stream struct {
	// RTX says that retransmissions come on an SSRC of their own (RFC 4588). Then
	// what comes late on the stream's own SSRC came by itself, asked for or not.
	RTX bool
	// RTT is the shortest round trip to the server that was measured; zero if
	// unknown. Without RTX a late packet that comes too soon after the NACK to be
	// its answer came by itself. An original that is later still is taken for a
	// repair: the two look the same.
	RTT time.Duration

	// The numbering. An extended number never wraps, and begins at epochGap
	// or higher, so that all of them are above zero.
	started bool
	anew    bool   // the next packet begins an epoch
	seq     uint16 // of the highest number
	top     int64  // the highest, extended
	floor   int64  // the lowest of this epoch
	cycles  uint32 // wraps of this epoch, shifted by 16 (RFC 3550, A.1)
	gap     Span   // what the last packet left out
	stray   stray
	pace    pace

	// What became of each of the last span numbers. A number can be both
	// repaired by RTX and seen, if the original was only very late.
	seen, repaired, asked marks
	asks                  []ask // the last ones, which can't have been answered yet

	// The counts.
	past     []window
	running  window
	last     time.Duration // of the last packet that brought something
	longest  time.Duration // between two such, whatever was cut
	arrived  int64         // all packets on this SSRC, copies too (RFC 3550, A.3)
	reported reported
}

// epochGap separates the extended numbers of two epochs: a late packet of one
// is never taken for one of the other.
const epochGap = 2 * span

// ask is when a number was first asked for.
type ask struct {
	n  int64
	at time.Duration
}

// pace is the rate at which the highest number of an epoch grows.
type pace struct {
	begun   time.Duration // the epoch
	top     int64         // at the moment from on which it is measured
	from    time.Duration
	highest time.Duration // when the highest number came
}

// stray is a packet whose number fits nowhere, kept until the next one says
// whether a new epoch began with it.
type stray struct {
	kept bool
	seq  uint16
}

// Packet counts a packet that came on the stream's own SSRC at the given
// moment. The verdict is never an error: each is counted.
func (s *Stream) Packet(seq uint16, now time.Duration) Verdict {
	s.gap = Span{}
	s.arrived++
	if !s.started || s.anew {
		s.begin(seq, now)
		return New
	}
	delta := int64(int16(seq - s.seq))
	n := s.top + delta
	switch {
	case delta > 0 && (delta <= maxJump || s.isOutage(delta, now)):
		s.advance(n, now)
		s.receive(n, now)
		return New
	case delta <= 0 && delta >= -maxJump && n >= s.floor-maxMisorder:
		return s.below(n, now)
	}
	return s.far(seq, now)
}

// Repair counts a packet that came on the RTX SSRC and carries the original
// number osn (RFC 4588, section 4), at the given moment. It sets RTX, which then
// was not known. One ahead of all is the end of a frame repeated unasked; one far
// ahead is of numbers that are no more.
func (s *Stream) Repair(osn uint16, now time.Duration) Verdict {
	s.gap = Span{}
	s.RTX = true
	delta := int64(int16(osn - s.seq))
	n := s.top + delta
	switch {
	case !s.started || s.anew || delta > maxMisorder || delta < -maxJump:
		s.running.counts.Strays++
		return Stray
	case delta > 0:
		s.advance(n, now)
	case n < s.floor || s.seen.has(n) || s.repaired.has(n):
		s.counts(n).Needless++
		return Duplicate
	}
	s.mend(n, now)
	return Repaired
}

// Asked says that a NACK for these numbers was sent at the given moment.
func (s *Stream) Asked(seqs []uint16, now time.Duration) {
	s.asks = slices.DeleteFunc(s.asks, func(a ask) bool { return s.mayBeAnswered(a, now) })
	for _, seq := range seqs {
		delta := int64(int16(seq - s.seq))
		n := s.top + delta
		if delta > 0 || delta < -maxJump || n < s.floor || s.asked.has(n) {
			continue
		}
		s.asked.set(n)
		if a := (ask{n, now}); !s.RTX && !s.mayBeAnswered(a, now) {
			s.asks = append(s.asks, a)
		}
	}
}

// mayBeAnswered allows for a round trip measured too long.
func (s *Stream) mayBeAnswered(a ask, now time.Duration) bool {
	return now-a.at >= s.RTT/2-measuring
}

// isAnswer is whether a late packet is what was asked for, as far as can be told.
func (s *Stream) isAnswer(n int64, now time.Duration) bool {
	if s.RTX || !s.asked.has(n) {
		return false
	}
	i := slices.IndexFunc(s.asks, func(a ask) bool { return a.n == n })
	return i < 0 || s.mayBeAnswered(s.asks[i], now)
}

// Restart says that what follows has another SSRC: the next packet begins the
// numbering anew, however close its number is.
func (s *Stream) Restart() {
	s.anew = s.started
	if s.stray.kept {
		s.running.counts.Strays++
	}
	s.stray, s.gap = stray{}, Span{}
}

// Gap is the numbers that the last packet left out, none for most packets:
// those between the highest before it and its own.
func (s *Stream) Gap() Span { return s.gap }

// begin starts an epoch with a packet of this number.
func (s *Stream) begin(seq uint16, now time.Duration) {
	if s.started {
		s.running.counts.Restarts++
	}
	s.seen, s.repaired, s.asked, s.asks = marks{}, marks{}, marks{}, s.asks[:0]
	s.seq, s.cycles, s.anew = seq, 0, false
	s.top += epochGap
	s.floor = s.top
	s.pace = pace{begun: now, top: s.top, from: now, highest: now}
	s.running.counts.Expected++
	s.receive(s.top, now)
	s.started = true
}

// advance makes n the highest number.
func (s *Stream) advance(n int64, now time.Duration) {
	by := n - s.top
	s.gap = Span{First: s.seq + 1, Count: int(by) - 1}
	s.running.counts.Expected += by
	for m := max(s.top, n-span) + 1; m <= n; m++ {
		s.seen.clear(m)
		s.repaired.clear(m)
		s.asked.clear(m)
	}
	seq := s.seq + uint16(by)
	if seq < s.seq {
		s.cycles += 1 << 16
	}
	s.top, s.seq = n, seq
	s.pace.advanced(n, now)
}

// below judges a packet whose number is not above the highest.
func (s *Stream) below(n int64, now time.Duration) Verdict {
	if n < s.floor {
		s.counts(n).Expected += s.floor - n
		s.floor = n
	}
	switch {
	case s.seen.has(n) && s.asked.has(n):
		s.counts(n).Needless++
		return Duplicate
	case s.seen.has(n):
		s.counts(n).Duplicates++
		return Duplicate
	case s.isAnswer(n, now):
		s.seen.set(n)
		s.mend(n, now)
		return Repaired
	}
	s.counts(n).Reordered++
	s.overtaken(n)
	s.receive(n, now)
	return Late
}

// overtaken takes back the repair of a number whose original came after all:
// it was late, and the repair needless.
func (s *Stream) overtaken(n int64) {
	if !s.repaired.has(n) {
		return
	}
	s.repaired.clear(n)
	at := s.counts(n)
	at.Repaired--
	at.Needless++
}

// far judges a packet whose number fits nowhere: a second one close behind the
// first proves that the numbering began anew (RFC 3550, A.1).
func (s *Stream) far(seq uint16, now time.Duration) Verdict {
	first := s.stray
	ahead := seq - first.seq
	if !first.kept || ahead == 0 || ahead > maxMisorder {
		if first.kept {
			s.running.counts.Strays++
		}
		s.stray = stray{kept: true, seq: seq}
		return Stray
	}
	s.stray = stray{}
	s.begin(first.seq, now)
	s.advance(s.top+int64(ahead), now)
	s.receive(s.top, now)
	return New
}

// isOutage is whether numbers that jump by so much are those of the packets that
// the silence before has swallowed, going by the rate until then. Sequence
// arithmetic bounds it: of 32,768 packets and more in a row it cannot be told.
func (s *Stream) isOutage(jump int64, now time.Duration) bool {
	took := s.pace.highest - s.pace.from
	if took < settling {
		return false
	}
	due := float64(s.top-s.pace.top) / float64(took) * float64(now-s.pace.highest)
	return float64(jump) <= due*likeness && float64(jump) >= due/likeness
}

// advanced notes a new highest number.
func (p *pace) advanced(n int64, now time.Duration) {
	if now-p.begun < settling {
		p.top, p.from = n, now
	}
	p.highest = max(p.highest, now)
}

// receive counts number n as come by itself.
func (s *Stream) receive(n int64, now time.Duration) {
	s.seen.set(n)
	s.counts(n).Received++
	s.heard(now)
}

// mend counts number n as repaired.
func (s *Stream) mend(n int64, now time.Duration) {
	s.repaired.set(n)
	s.counts(n).Repaired++
	s.heard(now)
}

// heard notes a packet that brought something.
func (s *Stream) heard(now time.Duration) {
	s.silence(now)
	s.last = max(s.last, now)
	s.running.counts.LastAt = s.last
}

// silence ends the time without packets, which began at the last one.
func (s *Stream) silence(now time.Duration) {
	if !s.started {
		return
	}
	s.longest = max(s.longest, now-s.last)
	inside := now - max(s.last, s.running.from)
	s.running.counts.LongestGap = max(s.running.counts.LongestGap, inside)
}

// span is for how many numbers below the highest a stream remembers what
// became of each. A power of two above maxJump; at 350 packets/s it is 11 s,
// ten times as long as anything is asked for.
const span = 4096

// marks is one bit for each of the last span extended sequence numbers.
type marks [span / 64]uint64

func (m *marks) has(n int64) bool { return m[n%span/64]&(1<<(n%64)) != 0 }
func (m *marks) set(n int64)      { m[n%span/64] |= 1 << (n % 64) }
func (m *marks) clear(n int64)    { m[n%span/64] &^= 1 << (n % 64) }
