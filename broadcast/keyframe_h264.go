package broadcast

import "encoding/binary"

// NAL unit types (H.264 table 7-1, RFC 6184 section 5.2).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
)

// nalUnits calls visit for each NAL unit that begins in a payload (RFC 6184),
// with its type and what follows its header. Of packetization modes 0 and 1
// these are the single NAL unit, the STAP-A and the FU-A; the interleaved mode 2
// is never negotiated.
func nalUnits(payload []byte, visit func(kind byte, body []byte)) {
	if len(payload) == 0 {
		return
	}
	switch kind := payload[0] & 0x1f; kind {
	case nalSTAPA:
		stapUnits(payload[1:], visit)
	case nalFUA: // start bit and type (section 5.8)
		if len(payload) > 1 && payload[1]&0x80 != 0 {
			visit(payload[1]&0x1f, payload[2:])
		}
	default:
		visit(kind, payload[1:])
	}
}

// stapUnits reads aggregated NAL units, each after its size in two bytes
// (section 5.7.1).
func stapUnits(units []byte, visit func(kind byte, body []byte)) {
	for len(units) > 2 {
		size := int(binary.BigEndian.Uint16(units))
		if size == 0 || size > len(units)-2 {
			return
		}
		visit(units[2]&0x1f, units[3:2+size])
		units = units[2+size:]
	}
}

// h264KeyStart goes by the NAL unit types.
func h264KeyStart(payload []byte) keyPart {
	best := keyNone
	nalUnits(payload, func(kind byte, _ []byte) {
		switch kind {
		case nalSPS:
			best = keyParameters
		case nalIDR:
			best = max(best, keyPicture)
		}
	})
	return best
}

// h264Bipredicted reports whether a B slice begins in the payload: one that
// also takes from pictures that are shown after it (H.264 table 7-6).
func h264Bipredicted(payload []byte) bool {
	const typeB, types = 1, 5 // each type has two codes
	found := false
	nalUnits(payload, func(kind byte, body []byte) {
		if kind != nalSlice {
			return
		}
		r := bitReader{rest: body, escaped: true}
		r.ue() // first_mb_in_slice
		found = found || r.ue()%types == typeB && !r.over
	})
	return found
}

// h264Size is the resolution in the payload's sequence parameter set.
func h264Size(payload []byte) (width, height int) {
	nalUnits(payload, func(kind byte, body []byte) {
		if kind == nalSPS {
			width, height = spsSize(body)
		}
	})
	return width, height
}

// spsSize reads a sequence parameter set up to its cropping (H.264 section 7.3.2.1.1).
func spsSize(sps []byte) (width, height int) {
	r := bitReader{rest: sps, escaped: true}
	profile := r.bits(8)
	r.bits(16) // constraints, level_idc
	r.ue()     // seq_parameter_set_id
	chroma := uint32(1)
	if hasChroma(profile) {
		chroma = skipHigh(&r)
	}
	r.ue() // log2_max_frame_num_minus4
	skipOrder(&r)
	r.ue()   // max_num_ref_frames
	r.flag() // gaps_in_frame_num_value_allowed_flag
	const macroblock = 16
	width = int(r.ue()+1) * macroblock
	height = int(r.ue()+1) * macroblock
	unitX, unitY := 1, 1 // of the cropping (table 6-1)
	if chroma == 1 || chroma == 2 {
		unitX = 2
	}
	if chroma == 1 {
		unitY = 2
	}
	if !r.flag() { // frame_mbs_only_flag: fields are half as high
		r.flag()
		height, unitY = 2*height, 2*unitY
	}
	r.flag()      // direct_8x8_inference_flag
	if r.flag() { // frame_cropping_flag
		width -= int(r.ue()+r.ue()) * unitX
		height -= int(r.ue()+r.ue()) * unitY
	}
	return sane(width, height, r.over)
}

// hasChroma names the profiles whose parameter sets say how colours are kept.
func hasChroma(profile uint32) bool {
	switch profile {
	case 44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244:
		return true
	}
	return false
}

// skipHigh reads what High and later profiles have more, and returns
// chroma_format_idc.
func skipHigh(r *bitReader) (chroma uint32) {
	const separate = 3
	lists := 8
	if chroma = r.ue(); chroma == separate {
		r.flag()
		lists = 12
	}
	r.ue()   // bit_depth_luma_minus8
	r.ue()   // bit_depth_chroma_minus8
	r.flag() // qpprime_y_zero_transform_bypass_flag
	if !r.flag() {
		return chroma
	}
	for i := range lists {
		if size := 16; r.flag() {
			if i >= 6 {
				size = 64
			}
			skipScalingList(r, size)
		}
	}
	return chroma
}

// skipScalingList: section 7.3.2.1.1.1. A scale of 0 ends the list.
func skipScalingList(r *bitReader, size int) {
	scale := 8
	for range size {
		if scale = (scale + r.se()) & 0xff; scale == 0 || r.over {
			return
		}
	}
}

// skipOrder skips how pictures are put in order.
func skipOrder(r *bitReader) {
	switch r.ue() {
	case 0:
		r.ue()
	case 1:
		r.flag()
		r.ue()
		r.ue()
		for range min(r.ue(), 255) {
			r.ue()
		}
	}
}
