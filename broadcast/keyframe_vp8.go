package broadcast

// vp8KeyStart reads the payload descriptor (RFC 7741 section 4.2): the first
// packet has S set and partition 0, and a key frame has the P bit of the
// payload header clear (section 4.3).
func vp8KeyStart(payload []byte) bool {
	const start, partition = 0x10, 0x07
	if len(payload) == 0 || payload[0]&start == 0 || payload[0]&partition != 0 {
		return false
	}
	size := vp8DescriptorSize(payload)
	return size < len(payload) && payload[size]&0x01 == 0
}

// vp8DescriptorSize may be over the payload's end.
func vp8DescriptorSize(payload []byte) int {
	const extended, pictureID, long, tl0PicIdx, tidKeyIdx = 0x80, 0x80, 0x80, 0x40, 0x30
	if payload[0]&extended == 0 {
		return 1
	}
	if len(payload) < 3 {
		return len(payload)
	}
	size := 2
	if payload[1]&pictureID != 0 {
		size++
		if payload[2]&long != 0 {
			size++
		}
	}
	if payload[1]&tl0PicIdx != 0 {
		size++
	}
	if payload[1]&tidKeyIdx != 0 {
		size++
	}
	return size
}
