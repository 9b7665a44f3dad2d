package tally

import (
	"slices"
	"time"
)

const (
	// reorderWait is how long a gap may close by itself: packets that overtake
	// each other on a network are rarely further apart.
	reorderWait = 10 * time.Millisecond
	// minRepeat is how long an answer may take where the round trip is short:
	// a server may gather its retransmissions.
	minRepeat = 50 * time.Millisecond
	// maxAsks and maxAge are when a number is given up: no player would wait
	// longer for it.
	maxAsks = 10
	maxAge  = time.Second
	// maxAsked bounds the list; beyond it the oldest are given up, which are
	// the least likely to come in time.
	maxAsked = 1000
)

// Nacker decides which missing packets to ask for, and when: 10 ms after the
// gap was seen, then every round trip or 50 ms, whichever is longer, ten times
// at most and no later than one second after the gap. Its zero value is ready.
type Nacker struct {
	// RTT is the round trip to the server as last measured; zero if unknown.
	RTT time.Duration

	missing []missing // in the order in which the gaps were seen
	due     []uint16  // what Due returns, used again
}

// missing is a number that is asked for.
type missing struct {
	seq  uint16
	asks int
	seen time.Duration
	next time.Duration
}

// Missing adds numbers that were found missing at the given moment. Those of an
// outage are not asked for: a player gives them up, and goes on at a key frame.
func (n *Nacker) Missing(gap Span, now time.Duration) {
	if gap.Count >= maxJump {
		return
	}
	for i := max(0, gap.Count-maxAsked); i < gap.Count; i++ {
		seq := gap.First + uint16(i)
		n.missing = append(n.missing, missing{seq: seq, seen: now, next: now + reorderWait})
	}
	if over := len(n.missing) - maxAsked; over > 0 {
		n.missing = slices.Delete(n.missing, 0, over)
	}
}

// Got says that this number came, in whatever way.
func (n *Nacker) Got(seq uint16) {
	n.missing = slices.DeleteFunc(n.missing, func(m missing) bool { return m.seq == seq })
}

// Due is the numbers to ask for now, in the order in which they were missed.
// It counts them as asked for. The slice is used again by the next call.
func (n *Nacker) Due(now time.Duration) []uint16 {
	n.due = n.due[:0]
	if len(n.missing) == 0 {
		return nil
	}
	n.giveUp(now)
	for i := range n.missing {
		m := &n.missing[i]
		if m.next > now {
			continue
		}
		m.asks++
		m.next = now + max(n.RTT, minRepeat)
		n.due = append(n.due, m.seq)
	}
	return n.due
}

// giveUp forgets what is too old to be asked for again. A number that was asked
// for the last time goes when its next turn comes.
func (n *Nacker) giveUp(now time.Duration) {
	n.missing = slices.DeleteFunc(n.missing, func(m missing) bool {
		return now-m.seen > maxAge || m.asks == maxAsks && m.next <= now
	})
}
