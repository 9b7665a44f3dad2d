package broadcast

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

const (
	// tooMuch is the share of its bitrate that a publisher may send over meterSeconds:
	// congestion control overshoots, and a page flip is one large frame.
	tooMuch = 1.2
	// leastPacket is what a packet counts as, in bytes, however small it is: it costs
	// the relay and each viewer about the same.
	leastPacket = 250
)

// ReasonTooMuch is the Reason of the Error that ends a publisher's session which was
// over its bitrate.
const ReasonTooMuch = "too-much"

// bound is what a publisher may send, in bits per second; 0: anything.
func (s *Session) bound() int {
	own, all := s.join.MaxBitrate, s.room.relay.limits.Bitrate
	if own > 0 && all > 0 {
		return min(own, all)
	}
	return cmp.Or(own, all)
}

// MaxBitrate is how much a publisher should send at most, in bits per second.
func (s *Session) MaxBitrate() int {
	most := maxBitrateElsewhere
	if isPrivate(s.join.Remote) {
		most = maxBitratePrivate
	}
	if bound := s.bound(); bound > 0 {
		return min(most, bound)
	}
	return most
}

// limitPublisher ends the session of a publisher that sends too much for too long.
func (room *Room) limitPublisher(now time.Time) {
	room.relay.mu.Lock()
	s := room.publisher
	room.relay.mu.Unlock()
	if s == nil || s.bound() == 0 {
		return
	}
	video, audio := room.video.spent(now), room.audio.spent(now)
	if err := judgeBitrate(video.bytes+audio.bytes, video.expected+audio.expected, s.bound()); err != nil {
		s.Close(err)
	}
}

// spent is what the source sent in the last meterSeconds whole seconds.
func (f *fanout) spent(now time.Time) tally {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.meter.spent(now)
}

// judgeBitrate says what is wrong with so many bytes and packets in meterSeconds, if
// bound is what may come, in bits per second. Whoever sends far too much is told
// before these seconds are over.
func judgeBitrate(bytes, packets, bound int) error {
	allowed := tooMuch * float64(bound) * meterSeconds / 8
	switch {
	case float64(bytes) > allowed:
		return tooMuchOf(megabits(8*bytes/meterSeconds), megabits(bound), "Mbit/s", "Lower the resolution or the bitrate")
	case float64(packets*leastPacket) > allowed:
		return tooMuchOf(strconv.Itoa(packets/meterSeconds), strconv.Itoa(bound/8/leastPacket), "packets a second", "Send larger packets")
	}
	return nil
}

func tooMuchOf(sent, allowed, unit, advice string) *Error {
	e := errorf(CodeRateLimited, "You sent %s %s over %d s, and %s are allowed here. %s, and present again.", sent, unit, meterSeconds, allowed, advice)
	e.Reason = ReasonTooMuch
	return e
}

// megabits is a rate in Mbit/s, for people: with a decimal where it has one.
func megabits(rate int) string {
	return strings.TrimSuffix(strconv.FormatFloat(float64(rate)/1e6, 'f', 1, 64), ".0")
}
