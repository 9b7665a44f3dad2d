package broadcast

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// senderClock relates a publisher's wall clock to the relay's. The offset is
// fixed by its first report: one that followed the network's delay would move
// sound against picture.
type senderClock struct {
	mu     sync.Mutex // guards what follows
	known  bool
	offset time.Duration // the relay's clock minus the publisher's
}

// relayTime is the relay's time for the publisher's ntp, of a report that came at now.
func (c *senderClock) relayTime(ntp, now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		c.known, c.offset = true, now.Sub(ntp)
	}
	return ntp.Add(c.offset)
}

// senderReport is what a publisher's report says, in the relay's clock.
type senderReport struct {
	at  time.Time
	rtp uint32
}

// note keeps a report of the publisher's.
func (t *Track) note(sr *rtcp.SenderReport, now time.Time) {
	at := t.clock.relayTime(fromNTP(sr.NTPTime), now)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report = &senderReport{at: at, rtp: sr.RTPTime}
}

// instant is the publisher's RTP time at now; not ok before its first report.
func (t *Track) instant(now time.Time) (rtp uint32, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.report == nil {
		return 0, false
	}
	rate := CodecVP8.clockRate()
	if t.fanout.kind == kindAudio {
		rate = CodecOpus.clockRate()
	}
	return t.report.rtp + ticks(now.Sub(t.report.at), rate), true
}

// ticks is d in units of an RTP clock; negative ones wrap as timestamps do. The
// seconds go by themselves: a publisher's clock may be decades off.
func ticks(d time.Duration, clockRate uint32) uint32 {
	rest := d % time.Second
	return uint32(int64(d/time.Second)*int64(clockRate)) + uint32(rest.Microseconds()*int64(clockRate)/1e6)
}

// ntpEpoch is 1900-01-01 in Unix seconds (RFC 5905).
const ntpEpoch = -2208988800

// toNTP is t in NTP's 32.32 fixed point.
func toNTP(t time.Time) uint64 {
	seconds := uint64(t.Unix() - ntpEpoch)
	return seconds<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

func fromNTP(ntp uint64) time.Time {
	nanos := (ntp & 0xffffffff) * uint64(time.Second) >> 32
	return time.Unix(int64(ntp>>32)+ntpEpoch, int64(nanos))
}

// middleNTP is the middle 32 bits, as in a reception report (RFC 3550 section 6.4.1).
func middleNTP(t time.Time) uint32 { return uint32(toNTP(t) >> 16) }

// roundTrip is the time since a sender report of ours, less what the viewer
// took to answer; 0 if it answers none.
func roundTrip(r *rtcp.ReceptionReport, now time.Time) time.Duration {
	if r.LastSenderReport == 0 {
		return 0
	}
	units := int32(middleNTP(now) - r.LastSenderReport - r.Delay)
	return max(0, time.Duration(units)*time.Second>>16)
}
