package source

import "time"

const (
	// AudioClock is the RTP clock of Opus in Hz (RFC 7587 section 4.1).
	AudioClock = 48000
	// AudioInterval is the time from one packet to the next: 50 a second.
	AudioInterval = 20 * time.Millisecond
	// AudioSize is the bytes of a packet, 32 kbit/s.
	AudioSize = 80

	// audioTOC: CELT, full band, 20 ms, stereo, one frame (RFC 6716 section 3.1).
	audioTOC   = 31<<3 | 1<<2
	audioTicks = uint32(AudioClock * AudioInterval / time.Second)
)

// Audio makes Opus packets (RFC 7587). It is one goroutine's.
type Audio struct {
	timestamp uint32
	packets   [1][]byte
}

// NewAudio returns an Audio.
func NewAudio() *Audio {
	packet := append([]byte{audioTOC}, newFiller()[:AudioSize-1]...)
	return &Audio{packets: [1][]byte{packet}}
}

// Next makes the next packet, stamped with now: a frame of one, which is no key
// frame. Its time stamp counts samples, however late Next is called.
func (a *Audio) Next(now time.Time) Frame {
	frame := Frame{Packets: a.packets[:], Timestamp: a.timestamp}
	Stamp(a.packets[0], now)
	a.timestamp += audioTicks
	return frame
}
