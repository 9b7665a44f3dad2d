package source

import "encoding/binary"

// NAL unit types (H.264 table 7-1, RFC 6184 section 5.2).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSEI   = 6
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28

	nalType = 0x1f
	// What a unit matters to others (nal_ref_idc), in its header.
	nalKeyRef = 3 << 5
	nalRef    = 2 << 5

	fuStart = 0x80
	fuEnd   = 0x40
)

var (
	// h264SPS is 1280x720 in Constrained Baseline, level 3.1, as libx264 writes it
	// without what is told of display (VUI): four bits of frame_num, pictures
	// shown in the order in which they come.
	h264SPS = []byte{nalKeyRef | nalSPS, 0x42, 0xe0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe4}
	// h264PPS: CAVLC, the deblocking filter told in each slice.
	h264PPS = []byte{0x68, 0xce, 0x0f, 0xc8}
	// h264SEI is user data (H.264 section D.1.7) under a UUID of our own: a packet
	// of parameter sets needs something that can end with a stamp.
	h264SEI = append([]byte{nalSEI, 5, seiUUID + byte(StampSize) - 1}, "relay-load-stamp"...)
)

const seiUUID = 16

// h264Parameters is a STAP-A (RFC 6184 section 5.7.1) of SPS, PPS and the SEI
// that the stamp ends.
func h264Parameters(b []byte) []byte {
	b = append(b, nalKeyRef|nalSTAPA)
	b = append(appendSize(b, len(h264SPS)), h264SPS...)
	b = append(appendSize(b, len(h264PPS)), h264PPS...)
	b = append(appendSize(b, len(h264SEI)+StampSize), h264SEI...)
	return append(b, make([]byte, StampSize)...)
}

func appendSize(b []byte, size int) []byte { return binary.BigEndian.AppendUint16(b, uint16(size)) }

// h264Header begins a slice: one packet, or fragments of it (FU-A, RFC 6184
// section 5.8).
func h264Header(b []byte, at place) []byte {
	kind, ref := byte(nalSlice), byte(nalRef)
	if at.key {
		kind, ref = nalIDR, nalKeyRef
	}
	switch {
	case at.first && at.last:
		return h264Slice(append(b, ref|kind), at)
	case at.first:
		return h264Slice(append(b, ref|nalFUA, fuStart|kind), at)
	case at.last:
		return append(b, ref|nalFUA, fuEnd|kind)
	}
	return append(b, ref|nalFUA, kind)
}

// h264Slice is the slice header (H.264 section 7.3.3) that goes with the parameter
// sets: bits from the highest down, filled up with ones. frame_num counts the
// frames since the key frame, and idr_pic_id tells one key frame from the next.
// No byte of it is 0.
func h264Slice(b []byte, at place) []byte {
	const (
		// first_mb_in_slice 0, slice_type 7 (I) or 5 (P), pic_parameter_set_id 0.
		islice, islicePrefix = 0b1_0001000_1, 9
		pslice, pslicePrefix = 0b1_00110_1, 7
	)
	// Behind the number: idr_pic_id, two flags of marking (I), or three of lists and
	// marking (P); slice_qp_delta 0, filter off; what is left.
	switch number := at.sinceKey & 0x0f; {
	case !at.key:
		return appendBits(b, pslice<<17|number<<13|0b000_1_010_111111, pslicePrefix+17)
	case at.keys&1 == 0:
		return appendBits(b, islice<<15|number<<11|0b1_00_1_010_1111, islicePrefix+15)
	default:
		return appendBits(b, islice<<15|number<<11|0b010_00_1_010_11, islicePrefix+15)
	}
}

// appendBits appends the lowest n bits, which are whole bytes, the highest first.
func appendBits(b []byte, bits uint32, n int) []byte {
	for n -= 8; n >= 0; n -= 8 {
		b = append(b, byte(bits>>n))
	}
	return b
}
