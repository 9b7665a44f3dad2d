package broadcast

import "encoding/binary"

// Bits of the payload descriptor's first byte (RFC 9628 section 4.2).
const (
	vp9PictureID = 0x80
	vp9Predicted = 0x40
	vp9Layers    = 0x20
	vp9Flexible  = 0x10
	vp9Begins    = 0x08
	vp9Structure = 0x02
)

// vp9KeyStart reads the payload descriptor, which has the same beginning in
// flexible and in non-flexible mode: a key frame starts where a frame begins
// that predicts from no other picture, in the lowest spatial layer (SID 0).
func vp9KeyStart(payload []byte) bool {
	if len(payload) < 2 || payload[0]&vp9Predicted != 0 || payload[0]&vp9Begins == 0 {
		return false
	}
	if payload[0]&vp9Layers == 0 {
		return true
	}
	at := vp9LayersAt(payload)
	return at < len(payload) && payload[at]>>1&0x07 == 0
}

// vp9LayersAt is where the layer indices are, if there are any, in a payload of
// at least two bytes. It may be over the payload's end.
func vp9LayersAt(payload []byte) int {
	const long = 0x80
	switch {
	case payload[0]&vp9PictureID == 0:
		return 1
	case payload[1]&long == 0:
		return 2
	}
	return 3
}

// vp9Size is the resolution of a key frame: that of the highest layer in the
// scalability structure, or else what the frame's header says.
func vp9Size(payload []byte) (width, height int) {
	if !vp9KeyStart(payload) {
		return 0, 0
	}
	at := vp9LayersAt(payload)
	if payload[0]&vp9Layers != 0 {
		at++
		if payload[0]&vp9Flexible == 0 {
			at++ // TL0PICIDX
		}
	}
	if at >= len(payload) {
		return 0, 0
	}
	if payload[0]&vp9Structure != 0 {
		return vp9StructureSize(payload[at:])
	}
	return vp9HeaderSize(payload[at:])
}

// vp9StructureSize reads N_S, Y, and a width and height for each layer (RFC
// 9628 section 4.2.1). A structure without sizes says nothing.
func vp9StructureSize(structure []byte) (width, height int) {
	const hasSizes, size = 0x10, 4
	top := 1 + int(structure[0]>>5)*size
	if structure[0]&hasSizes == 0 || len(structure) < top+size {
		return 0, 0
	}
	width = int(binary.BigEndian.Uint16(structure[top:]))
	height = int(binary.BigEndian.Uint16(structure[top+2:]))
	return sane(width, height, false)
}

// vp9HeaderSize reads a key frame's uncompressed header (VP9 section 6.2).
func vp9HeaderSize(frame []byte) (width, height int) {
	const marker, syncCode, rgb = 2, 0x498342, 7
	r := bitReader{rest: frame}
	if r.bits(2) != marker {
		return 0, 0
	}
	profile := r.bits(1) | r.bits(1)<<1
	if profile == 3 {
		r.flag()
	}
	if r.bits(2) != 0 { // show_existing_frame, frame_type
		return 0, 0
	}
	r.bits(2) // show_frame, error_resilient_mode
	if r.bits(24) != syncCode {
		return 0, 0
	}
	if profile >= 2 {
		r.flag() // ten_or_twelve_bit
	}
	if r.bits(3) != rgb { // color_space
		r.flag() // color_range
		if profile&1 != 0 {
			r.bits(3)
		}
	} else if profile&1 != 0 {
		r.flag()
	}
	width, height = int(r.bits(16))+1, int(r.bits(16))+1
	return sane(width, height, r.over)
}
