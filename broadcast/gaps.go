package broadcast

import "time"

const (
	// reorderTime is how long a missing packet may be merely late.
	reorderTime = 10 * time.Millisecond
	// A repair takes a round trip that is not known. The second request guesses
	// a short one.
	nackSoon  = 50 * time.Millisecond
	nackLater = 100 * time.Millisecond
	// After maxNacks, or after repairTime, a missing packet is given up.
	maxNacks = 8
	// maxGap is the longest gap that is asked for. A longer one is an outage,
	// and a key frame is the quicker way out of it.
	maxGap = 500
	// maxMissing bounds what several gaps add up to.
	maxMissing = 1024
)

// gaps finds the packets that a publisher sent and that did not come, and says
// when to ask for them. It counts in the publisher's own numbers. The
// fan-out guards it.
type gaps struct {
	began   bool
	newest  uint16
	missing []missing // in the order of their numbers
	nacks   []uint16  // what due returned last
	lost    int       // of these, were asked for the first time: not just late
}

// missing is one packet that did not come.
type missing struct {
	seq   uint16
	since time.Time
	next  time.Time
	nacks int
}

// received notes a packet.
func (g *gaps) received(seq uint16, now time.Time) {
	ahead := int(int16(seq - g.newest))
	switch {
	case !g.began || ahead > maxGap+1 || ahead < -maxMisorder:
		g.reset()
		g.began, g.newest = true, seq
	case ahead > 0:
		g.miss(g.newest+1, seq, now)
		g.newest = seq
	default:
		g.found(seq)
	}
}

// due returns the numbers to ask for at now, and takes them as asked for. The
// slice is good until the next call.
func (g *gaps) due(now time.Time) []uint16 {
	g.nacks, g.lost = g.nacks[:0], 0
	kept := g.missing[:0]
	for _, m := range g.missing {
		if now.Sub(m.since) >= repairTime {
			continue
		}
		if !now.Before(m.next) {
			g.nacks = append(g.nacks, m.seq)
			if m.nacks == 0 {
				g.lost++
			}
			m.asked(now)
		}
		if m.nacks < maxNacks {
			kept = append(kept, m)
		}
	}
	g.missing = kept
	return g.nacks
}

// next returns when due will have something to say; zero: not before another
// packet.
func (g *gaps) next() time.Time {
	var next time.Time
	for _, m := range g.missing {
		if next.IsZero() || m.next.Before(next) {
			next = m.next
		}
	}
	return next
}

// reset forgets everything: the next packet is another publisher's first.
func (g *gaps) reset() {
	g.began = false
	g.missing = g.missing[:0]
}

// miss notes the numbers from first up to, but not including, end.
func (g *gaps) miss(first, end uint16, now time.Time) {
	for seq := first; seq != end; seq++ {
		g.missing = append(g.missing, missing{seq: seq, since: now, next: now.Add(reorderTime)})
	}
	if over := len(g.missing) - maxMissing; over > 0 {
		g.missing = g.missing[:copy(g.missing, g.missing[over:])]
	}
}

func (g *gaps) found(seq uint16) {
	for i, m := range g.missing {
		if m.seq == seq {
			g.missing = append(g.missing[:i], g.missing[i+1:]...)
			return
		}
	}
}

func (m *missing) asked(now time.Time) {
	m.nacks++
	m.next = now.Add(nackLater)
	if m.nacks == 1 {
		m.next = now.Add(nackSoon)
	}
}
