package broadcast

import "time"

const (
	// budgetWindow and budgetShare: a viewer may have again 15 % of what it was
	// sent in its last 5 s.
	budgetWindow = 5 * time.Second
	budgetShare  = 0.15
	// budgetFloor is the credit in packets that a still picture leaves: it
	// sends little, but what is lost of it is all the more needed.
	budgetFloor = 128
	// repeatTime is the least time before the same number is sent again, even
	// on a network with a shorter round trip.
	repeatTime = 10 * time.Millisecond
	// budgetNumbers is how many numbers are remembered, a power of two.
	budgetNumbers = 512
)

// nackBudget bounds what one viewer's NACKs of one kind can make the relay
// send. Its bucket holds a window's allowance and fills once a window, so that
// the allowance holds over the window and a burst of losses is still repaired
// at once. That viewer's feedback owns it.
type nackBudget struct {
	start  time.Time // of the first NACK
	filled time.Time // when credit was brought up to date
	credit float64   // in packets

	// mark and marked are the viewer's counter at the start of the running
	// window, window is what the last whole one sent.
	mark   time.Time
	marked uint64
	window float64

	// again holds, at a number modulo its size, until when not to repeat it. An
	// entry that another number takes over allows a repeat too many, no more. Most
	// viewers lose nothing: it is made with the first NACK.
	again []resent
}

// resent is a number and the milliseconds from start until it may be sent again.
type resent struct {
	until uint32
	seq   uint16
}

// allow reports whether the packet seq may be sent again at now, and takes it
// as sent. sent is the number of media packets that this viewer was sent so far.
func (b *nackBudget) allow(seq uint16, sent uint64, rtt time.Duration, now time.Time) bool {
	if b.start.IsZero() {
		b.begin(sent, now)
	}
	wait := max(rtt, repeatTime)
	elapsed := now.Sub(b.start)
	entry := &b.again[seq%budgetNumbers]
	if entry.seq == seq && millis(elapsed) < entry.until {
		return false
	}
	b.fill(sent, now)
	if b.credit < 1 {
		return false
	}
	b.credit--
	*entry = resent{millis(elapsed + wait), seq}
	return true
}

// begin starts with the floor: over which time the packets so far were sent is
// not known.
func (b *nackBudget) begin(sent uint64, now time.Time) {
	b.start, b.filled, b.mark, b.marked = now, now, now, sent
	b.again = make([]resent, budgetNumbers)
	b.credit = budgetFloor
}

// fill adds the credit since the last call.
func (b *nackBudget) fill(sent uint64, now time.Time) {
	capacity := b.capacity(sent)
	share := now.Sub(b.filled).Seconds() / budgetWindow.Seconds()
	b.credit = min(b.credit+capacity*share, capacity)
	b.filled = now
	if elapsed := now.Sub(b.mark); elapsed >= budgetWindow {
		b.window = float64(sent-b.marked) * budgetWindow.Seconds() / elapsed.Seconds()
		b.mark, b.marked = now, sent
	}
}

// capacity is a window's allowance.
func (b *nackBudget) capacity(sent uint64) float64 {
	return max(budgetFloor, budgetShare*max(b.window, float64(sent-b.marked)))
}

// millis wraps after 49 days, which costs at most a repeat too few or too many.
func millis(d time.Duration) uint32 { return uint32(d.Milliseconds()) }
