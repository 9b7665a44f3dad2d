package source

import "encoding/binary"

// place is where in which frame a packet is.
type place struct {
	key         bool
	first, last bool
	frame       uint32 // how many frames came before it
	keys        uint32 // how many key frames there were, with this one
	sinceKey    uint32 // how many frames came since the key frame; 0: is one
	size        int    // bytes of all the frame's packets
}

// header appends what comes before the filler in a packet.
func (c Codec) header(b []byte, at place) []byte {
	switch c {
	case H264:
		return h264Header(b, at)
	case VP8:
		return vp8Header(b, at)
	case VP9:
		return vp9Header(b, at)
	case AV1:
		return av1Header(b, at)
	}
	return b
}

// pictureID is a picture number of 15 bits, with the bit before it that says so
// (RFC 7741 section 4.2, RFC 9628 section 4.2).
func pictureID(b []byte, frame uint32) []byte {
	return binary.BigEndian.AppendUint16(b, 0x8000|uint16(frame))
}

// The frame tag of VP8 (RFC 6386 section 9.1).
const (
	vp8Inter     = 0x01
	vp8Show      = 0x10
	vp8PartShift = 5
	vp8MaxPart   = 1<<19 - 1
)

// vp8KeyHeader is the start code, and width and height, little-endian.
var vp8KeyHeader = []byte{0x9d, 0x01, 0x2a, Width & 0xff, Width >> 8, Height & 0xff, Height >> 8}

// vp8Header writes the payload descriptor (RFC 7741 section 4.2) with a picture
// ID, and at a frame's start its header. The first partition, which holds modes
// and motion, is said to be a quarter of the frame.
func vp8Header(b []byte, at place) []byte {
	const extended, start, hasPictureID = 0x80, 0x10, 0x80
	if !at.first {
		return pictureID(append(b, extended, hasPictureID), at.frame)
	}
	b = pictureID(append(b, extended|start, hasPictureID), at.frame)
	tag := uint32(min(at.size/4, vp8MaxPart))<<vp8PartShift | vp8Show
	if !at.key {
		tag |= vp8Inter
	}
	b = append(b, byte(tag), byte(tag>>8), byte(tag>>16))
	if at.key {
		b = append(b, vp8KeyHeader...)
	}
	return b
}

// Bits of VP9's payload descriptor (RFC 9628 section 4.2).
const (
	vp9PictureID = 0x80
	vp9Predicted = 0x40
	vp9Layers    = 0x20
	vp9Begins    = 0x08
	vp9Ends      = 0x04
	vp9Structure = 0x02
	vp9NotUpper  = 0x01 // no higher spatial layer takes from it
)

var (
	// vp9Scalability is one spatial layer and its size, and a picture group of one
	// picture that takes from the one before (RFC 9628 section 4.2.1).
	vp9Scalability = []byte{0x18, Width >> 8, Width & 0xff, Height >> 8, Height & 0xff, 1, 0x14, 1}
	// vp9KeyHeader and vp9InterHeader are uncompressed headers that libvpx wrote (VP9
	// section 6.2), the first with sync code and size. Their last 16 bits are
	// changed: a compressed header of 16 bytes follows, which the smallest frame holds.
	vp9KeyHeader = []byte{
		0x82, 0x49, 0x83, 0x42, 0x00, 0x4f, 0xf0, 0x2c, 0xf6,
		0x06, 0x38, 0x24, 0x1c, 0x18, 0x4a, 0x18, 0x00, 0x40,
	}
	vp9InterHeader = []byte{0x86, 0x00, 0x40, 0x92, 0x9c, 0x48, 0x50, 0x01, 0x80, 0x04, 0x00}
)

// vp9Header writes the payload descriptor of non-flexible mode, and at a frame's
// start its header.
func vp9Header(b []byte, at place) []byte {
	b = pictureID(append(b, vp9Descriptor(at)), at.frame)
	switch {
	case !at.first:
		return b
	case at.key:
		return append(append(b, vp9Scalability...), vp9KeyHeader...)
	}
	return append(b, vp9InterHeader...)
}

func vp9Descriptor(at place) byte {
	bits := byte(vp9PictureID | vp9NotUpper)
	if !at.key {
		bits |= vp9Predicted
	}
	if at.first {
		bits |= vp9Begins
	}
	if at.last {
		bits |= vp9Ends
	}
	if at.key && at.first {
		bits |= vp9Structure
	}
	return bits
}

// Bits of AV1's aggregation header (AV1 RTP section 4.4), and OBU types in their
// place in an OBU's header (AV1 section 5.3.2), which tells no size here.
const (
	av1Continues   = 0x80
	av1Continued   = 0x40
	av1Count       = 4 // where the number of elements is
	av1NewSequence = 0x08

	obuSequenceHeader = 1 << 3
	obuFrame          = 6 << 3
)

var (
	// av1Sequence is a sequence header that libaom wrote: main profile, level 3.1.
	av1Sequence = []byte{obuSequenceHeader, 0x00, 0x00, 0x00, 0x2d, 0x4c, 0xff, 0xb3, 0xcd, 0xaf, 0x90, 0x04}
	// av1KeyHeader is a frame header of the same encoder, av1InterHeader another one
	// from behind its order hint.
	av1KeyHeader   = []byte{obuFrame, 0x10, 0x00, 0x85, 0xa0, 0x04, 0x10, 0x41, 0x08, 0x14, 0x50}
	av1InterHeader = []byte{
		0x80, 0x80, 0xfd, 0xf8, 0x06, 0x90, 0x00, 0x16, 0x59, 0x65, 0x8a, 0x14, 0x52, 0x80, 0x00,
	}
)

// av1Header writes the aggregation header, and at a frame's start the sequence
// header, if it is a key frame's, and the frame's header. A temporal
// delimiter is not sent (AV1 RTP section 5).
func av1Header(b []byte, at place) []byte {
	var bits byte
	if !at.first {
		bits |= av1Continues
	}
	if !at.last {
		bits |= av1Continued
	}
	switch {
	case !at.first:
		return append(b, bits|1<<av1Count)
	case at.key:
		b = append(b, bits|2<<av1Count|av1NewSequence, byte(len(av1Sequence)))
		return append(append(b, av1Sequence...), av1KeyHeader...)
	}
	// Seven bits of order hint (AV1 section 5.9.2); the last belongs to what follows.
	const inter, follows = 0x30, 0x01
	b = append(b, bits|1<<av1Count, obuFrame, inter, byte(at.sinceKey<<1)|follows)
	return append(b, av1InterHeader...)
}
