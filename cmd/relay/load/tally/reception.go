package tally

import "time"

// Reception is what a receiver report says of a stream's losses (RFC 3550,
// section 6.4.1). As there, copies and repairs on the stream's own SSRC count
// as received.
type Reception struct {
	// Fraction is the share lost since the last Reception, in 256ths.
	Fraction uint8
	// Lost is how many were lost since the stream began, 24 bits, two's
	// complement: copies can make it negative.
	Lost uint32
	// Highest is the highest number, with the count of wraps above it.
	Highest uint32
}

// reported is where the last Reception stood.
type reported struct{ expected, arrived int64 }

// Reception is the figures of the next receiver report, and begins the interval
// of the one after it. They are zero before the first packet.
func (s *Stream) Reception() Reception {
	now := reported{expected: s.Counts().Expected, arrived: s.arrived}
	expected := now.expected - s.reported.expected
	lost := expected - (now.arrived - s.reported.arrived)
	s.reported = now
	return Reception{
		Fraction: fraction(lost, expected),
		Lost:     signed24(now.expected - now.arrived),
		Highest:  s.cycles + uint32(s.seq),
	}
}

// fraction is RFC 3550, A.3, kept inside a byte: all lost is 255, not 256.
func fraction(lost, expected int64) uint8 {
	if expected <= 0 || lost <= 0 {
		return 0
	}
	return uint8(min(255, lost*256/expected))
}

func signed24(n int64) uint32 {
	return uint32(max(-1<<23, min(n, 1<<23-1))) & 0xffffff
}

// Jitter is the interarrival jitter of a stream (RFC 3550, section 6.4.1). Its
// zero value is ready.
type Jitter struct {
	begun   bool
	transit uint32
	scaled  uint32 // sixteen times the jitter, as in RFC 3550, A.8
}

// Packet adds a packet with this RTP time stamp; rate is its clock in Hz.
func (j *Jitter) Packet(stamp uint32, now time.Duration, rate uint32) {
	transit := ticks(now, rate) - stamp
	d := int32(transit - j.transit)
	j.transit = transit
	if !j.begun {
		j.begun = true
		return
	}
	if d < 0 {
		d = -d
	}
	j.scaled += uint32(d) - (j.scaled+8)>>4
}

// Value is the jitter in units of the RTP clock.
func (j *Jitter) Value() uint32 { return j.scaled >> 4 }

// ticks is a moment on an RTP clock. Seconds and the rest go separately: their
// product in nanoseconds would overflow after a day.
func ticks(now time.Duration, rate uint32) uint32 {
	seconds, rest := now/time.Second, now%time.Second
	return uint32(int64(seconds)*int64(rate) + int64(rest)*int64(rate)/int64(time.Second))
}
