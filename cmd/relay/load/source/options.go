package source

import (
	"errors"
	"fmt"
	"time"
)

// Bounds of what can be asked for.
const (
	// minPacket leaves room for the longest headers and the stamp in each half
	// of a frame that is one byte too long for one packet.
	minPacket = 128
	// maxPacket keeps RTP, SRTP and UDP within an Ethernet frame of 1,500 bytes.
	maxPacket  = 1400
	minFrame   = minPacket / 2
	maxPackets = 2000
	maxFPS     = 240
)

// Options say what a Source makes.
type Options struct {
	// Codec is what the frames look like.
	Codec Codec
	// FPS is the frames a second, over 0 and at most 240.
	FPS float64
	// PacketsPerFrame is how many packets of PacketSize a frame has, 1 to 2,000.
	// Not used with a Bitrate.
	PacketsPerFrame int
	// PacketSize is the bytes of RTP payload in a packet, 128 to 1,400. With a
	// Bitrate no packet has more.
	PacketSize int
	// Bitrate in bits of RTP payload a second, if not 0, decides the bytes of a
	// frame, which are then spread evenly over as few packets as hold them.
	Bitrate int
	// GOP is the time from one key frame to the next; 0: after the first one only
	// when asked for, as browsers do.
	GOP time.Duration
	// Still makes it a screen on which nothing moves: one frame a second, of the
	// size that FPS gives it.
	Still bool
}

// Screen is a shared screen on which little moves: H264, 30 frames a second of two
// packets.
func Screen() Options {
	return Options{Codec: H264, FPS: 30, PacketsPerFrame: 2, PacketSize: 1100}
}

// Video is a shared film: H264, 30 frames a second of ten packets, 2.6 Mbit/s.
func Video() Options {
	return Options{Codec: H264, FPS: 30, PacketsPerFrame: 10, PacketSize: 1100}
}

func (o *Options) check() error {
	switch {
	case !o.Codec.known():
		return errors.New("no video codec chosen")
	case !(o.FPS > 0 && o.FPS <= maxFPS): // so that NaN is refused
		return fmt.Errorf("%v frames a second: must be over 0 and at most %d", o.FPS, maxFPS)
	case o.PacketSize < minPacket || o.PacketSize > maxPacket:
		return fmt.Errorf("packets of %d bytes: must be %d to %d", o.PacketSize, minPacket, maxPacket)
	case o.Bitrate < 0:
		return fmt.Errorf("bitrate of %d bits/s: must not be negative", o.Bitrate)
	case o.GOP < 0:
		return fmt.Errorf("key frames every %v: must not be negative", o.GOP)
	}
	return o.checkFrame()
}

func (o *Options) checkFrame() error {
	if o.Bitrate == 0 {
		if o.PacketsPerFrame < 1 || o.PacketsPerFrame > maxPackets {
			return fmt.Errorf("%d packets a frame: must be 1 to %d", o.PacketsPerFrame, maxPackets)
		}
		return nil
	}
	size := o.frameSize()
	if size < minFrame {
		return fmt.Errorf("%d bits/s at %v frames a second: a frame must have %d bytes at least", o.Bitrate, o.FPS, minFrame)
	}
	if size > float64(maxPackets*o.PacketSize) {
		return fmt.Errorf("%d bits/s at %v frames a second: a frame can have %d packets at most", o.Bitrate, o.FPS, maxPackets)
	}
	return nil
}

// frameSize is the bytes of a frame on average.
func (o *Options) frameSize() float64 {
	if o.Bitrate == 0 {
		return float64(o.PacketsPerFrame * o.PacketSize)
	}
	return float64(o.Bitrate) / 8 / o.FPS
}
