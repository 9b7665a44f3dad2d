package broadcast

import "encoding/binary"

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

// vp8Size reads a key frame's header (RFC 6386 section 9.1): frame tag, start
// code, and width and height of 14 bits each, under two bits of scaling.
func vp8Size(payload []byte) (width, height int) {
	if !vp8KeyStart(payload) {
		return 0, 0
	}
	header := payload[vp8DescriptorSize(payload):]
	if len(header) < 10 || header[3] != 0x9d || header[4] != 0x01 || header[5] != 0x2a {
		return 0, 0
	}
	const bits = 1<<14 - 1
	width = int(binary.LittleEndian.Uint16(header[6:]) & bits)
	height = int(binary.LittleEndian.Uint16(header[8:]) & bits)
	return sane(width, height, false)
}
