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
	count := int(payload[0] >> 4 & 0x03)
	return av1FirstOBU(payload[1:], count) == obuSequenceHeader
}

// av1FirstOBU is the type of the first OBU that says something. Temporal
// delimiters should not be sent, but are. count is the number of elements, 0 if
// not told; the last of a told number goes without its size. 0: there is none.
func av1FirstOBU(elements []byte, count int) byte {
	for i := 1; len(elements) > 0; i++ {
		size := len(elements)
		if i != count {
			size, elements = leb128(elements)
		}
		if size == 0 || size > len(elements) {
			return 0
		}
		if kind := elements[0] >> 3 & 0x0f; kind != obuTemporalDelimiter {
			return kind
		}
		elements = elements[size:]
	}
	return 0
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
