package tally

import "time"

// Counts is what became of the packets of one stream, or of the sum of many.
type Counts struct {
	// Expected is how many numbers there are from the first packet's to the
	// highest, both included, summed over the epochs of the stream.
	Expected int64
	// Received is how many of them came by themselves, late ones included,
	// copies and repairs not.
	Received int64
	// Repaired is how many of the lost ones came because they were asked for,
	// on the RTX SSRC (RFC 4588) or on the stream's own.
	Repaired int64
	// Duplicates is how many packets came again without being asked for.
	Duplicates int64
	// Needless is how many retransmissions brought what was there already.
	Needless int64
	// Reordered is how many of Received came below the highest number so far
	// (RFC 4737, section 3.3) and were no answer to a NACK, as far as can be told
	// (Stream.RTT).
	Reordered int64
	// Strays is how many packets had a number that fits nowhere.
	Strays int64
	// Restarts is how often the numbering began anew (RFC 3550, A.1): with another
	// SSRC, or with a jump that no outage explains. What was lost across it cannot
	// be known and is in none of the figures; LongestGap shows it.
	Restarts int64
	// LongestGap is the longest time without a packet. In a window it is the
	// part that lies inside, and the silence before the end counts once the
	// window is cut.
	LongestGap time.Duration
	// LastAt is when the last packet came, on the caller's clock; it means
	// something only if a packet came.
	LastAt time.Duration
}

// Lost is how many packets did not come by themselves: loss before repair.
func (c Counts) Lost() int64 { return c.Expected - c.Received }

// Missing is how many packets never came, in spite of NACKs.
func (c Counts) Missing() int64 { return c.Expected - c.Received - c.Repaired }

// Loss is the share of the expected packets that was lost before repair, 0 to
// 1. It is 0 when nothing was expected.
func (c Counts) Loss() float64 { return share(c.Lost(), c.Expected) }

// Delivery is the share of the expected packets that came, repairs included,
// 0 to 1. It is 0 when nothing was expected.
func (c Counts) Delivery() float64 { return share(c.Received+c.Repaired, c.Expected) }

func share(part, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

// Add is the sum of both; of the longest gaps and of the last moments it is
// the greater.
func (c Counts) Add(o Counts) Counts {
	c.Expected += o.Expected
	c.Received += o.Received
	c.Repaired += o.Repaired
	c.Duplicates += o.Duplicates
	c.Needless += o.Needless
	c.Reordered += o.Reordered
	c.Strays += o.Strays
	c.Restarts += o.Restarts
	c.LongestGap = max(c.LongestGap, o.LongestGap)
	c.LastAt = max(c.LastAt, o.LastAt)
	return c
}

// window is the share of a stream between two cuts. Its numbers end at edge;
// a packet counts in the window of its number, whenever it comes.
type window struct {
	edge   int64
	from   time.Duration
	counts Counts
}

// Cut ends the window that runs, at the highest number so far, and begins the
// next. A packet that comes, or is repaired, later than the cut still counts
// in the window of its number, so that neither edge makes losses of its own:
// read a window a little after it was cut. The first window begins with the
// stream, and a stream without packets can be cut like any.
func (s *Stream) Cut(now time.Duration) {
	s.silence(now)
	s.running.edge = s.top
	s.past = append(s.past, s.running)
	s.running = window{from: now}
}

// Window is the counts of the i-th window: 0 is what came before the first
// Cut, and the number of cuts made is the running one. Beyond it all is zero.
func (s *Stream) Window(i int) Counts {
	switch {
	case i >= 0 && i < len(s.past):
		return s.past[i].counts
	case i == len(s.past):
		return s.running.counts
	}
	return Counts{}
}

// Counts is what became of the whole stream so far, all windows together.
func (s *Stream) Counts() Counts {
	sum := s.running.counts
	for i := range s.past {
		sum = sum.Add(s.past[i].counts)
	}
	sum.LongestGap = s.longest
	return sum
}

// counts is where what happens to number n is counted.
func (s *Stream) counts(n int64) *Counts {
	at := &s.running
	for i := len(s.past) - 1; i >= 0 && n <= s.past[i].edge; i-- {
		at = &s.past[i]
	}
	return &at.counts
}
