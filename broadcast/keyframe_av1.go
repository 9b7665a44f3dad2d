package broadcast

// OBU types (AV1 section 6.2.2).
const (
	obuSequenceHeader    = 1
	obuTemporalDelimiter = 2
)

// av1KeyStart reads the aggregation header (RTP Payload Format For AV1, section
// 4.4). A coded video sequence starts with a key frame, and the N bit marks its
// first packet; for those who do not set it, a sequence header comes first.
func av1KeyStart(payload []byte) bool {
	const continues, newSequence = 0x80, 0x08
	if len(payload) < 2 || payload[0]&continues != 0 {
		return false
	}
	if payload[0]&newSequence != 0 {
		return true
	}
	obu := av1FirstOBU(payload)
	return obu != nil && obuType(obu) == obuSequenceHeader
}

func obuType(obu []byte) byte { return obu[0] >> 3 & 0x0f }

// av1FirstOBU is the first OBU that says something, or nil. Temporal delimiters
// should not be sent, but are. The aggregation header's count of elements is 0 if
// not told; the last of a told number goes without its size.
func av1FirstOBU(payload []byte) []byte {
	count, elements := int(payload[0]>>4&0x03), payload[1:]
	for i := 1; len(elements) > 0; i++ {
		size := len(elements)
		if i != count {
			size, elements = leb128(elements)
		}
		if size == 0 || size > len(elements) {
			return nil
		}
		if obuType(elements) != obuTemporalDelimiter {
			return elements[:size]
		}
		elements = elements[size:]
	}
	return nil
}

// av1Size is the largest frame size of the sequence header that a key frame
// starts with.
func av1Size(payload []byte) (width, height int) {
	if !av1KeyStart(payload) {
		return 0, 0
	}
	obu := av1FirstOBU(payload)
	if obu == nil || obuType(obu) != obuSequenceHeader {
		return 0, 0
	}
	const extended, sized = 0x04, 0x02 // AV1 section 5.3.2
	header, rest := obu[0], obu[1:]
	if header&extended != 0 && len(rest) > 0 {
		rest = rest[1:]
	}
	if header&sized != 0 {
		_, rest = leb128(rest)
	}
	return av1SequenceSize(rest)
}

// av1SequenceSize reads a sequence header (AV1 section 5.5.1). One with timing
// information, which no live encoder sends, says nothing.
func av1SequenceSize(header []byte) (width, height int) {
	r := bitReader{rest: header}
	r.bits(4)     // seq_profile, still_picture
	if r.flag() { // reduced_still_picture_header
		r.bits(5) // seq_level_idx
	} else {
		if r.flag() { // timing_info_present_flag
			return 0, 0
		}
		delays := r.flag() // initial_display_delay_present_flag
		for range r.bits(5) + 1 {
			skipOperatingPoint(&r, delays)
		}
	}
	widthBits, heightBits := int(r.bits(4))+1, int(r.bits(4))+1
	width, height = int(r.bits(widthBits))+1, int(r.bits(heightBits))+1
	return sane(width, height, r.over)
}

func skipOperatingPoint(r *bitReader, delays bool) {
	const highTier = 8 // from this level on there are two tiers
	r.bits(12)         // operating_point_idc
	if r.bits(5) >= highTier {
		r.flag()
	}
	if delays && r.flag() {
		r.bits(4)
	}
}

// leb128 reads a size (AV1 section 4.10.5) and returns what follows it. A size
// of four bytes is over any packet's; a longer or broken one counts as 0.
func leb128(b []byte) (size int, rest []byte) {
	for i := 0; i < len(b) && i < 4; i++ {
		size |= int(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return size, b[i+1:]
		}
	}
	return 0, nil
}
