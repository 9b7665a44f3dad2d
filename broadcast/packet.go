package broadcast

import (
	"encoding/binary"
	"time"
)

// osnSize is what raw holds before the payload: the original sequence number
// of RFC 4588 section 4, so that an RTX payload needs no copy.
const osnSize = 2

// packet is one RTP packet on the room's timeline. The Track's reader fills it,
// history.add sets its frame, and from then on nothing changes it: all viewers
// read it at the same time.
type packet struct {
	seq       uint16
	timestamp uint32
	marker    bool
	keyStart  bool
	// frame is the ordinal of the packet's frame on the room's timeline.
	frame  uint64
	format *format
	// raw is the sequence number, big endian, and then the payload.
	raw     []byte
	arrived time.Time
	// order counts packets as they arrived, which a late one's number does not tell.
	order uint64
}

// newPacket copies payload, in one allocation with room for the original
// sequence number.
func newPacket(seq uint16, payload []byte) *packet {
	raw := make([]byte, osnSize+len(payload))
	binary.BigEndian.PutUint16(raw, seq)
	copy(raw[osnSize:], payload)
	return &packet{seq: seq, raw: raw}
}

// payload is what the media SSRC carries.
func (p *packet) payload() []byte { return p.raw[osnSize:] }

// osn is what the RTX SSRC carries: the payload with the original sequence
// number in front.
func (p *packet) osn() []byte { return p.raw }

// padding reports whether the packet had nothing but padding.
func (p *packet) padding() bool { return len(p.raw) == osnSize }
