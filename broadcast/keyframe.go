package broadcast

// keyPart is what part of a key frame begins with a packet, the better place
// to start decoding last.
type keyPart uint8

const (
	keyNone keyPart = iota
	// keyPicture is the picture of a key frame.
	keyPicture
	// keyParameters is what has to come before the picture, where that is a
	// packet by itself (H264).
	keyParameters
)

// keyFrames finds the packet with which a key frame starts. It and what is said
// of a publisher to its operator (see meter, encoder) are all that the relay
// reads of a payload. The fan-out guards it.
type keyFrames struct {
	// timestamp is that of the key frame seen last, part its best start so far.
	timestamp uint32
	part      keyPart
}

// start reports whether the packet starts a key frame, and what part of one it
// begins. A frame starts once; only parameter sets that come after their picture
// (reordered: they were sent before it) are a start again, since they are the
// better one.
func (k *keyFrames) start(c Codec, ts uint32, payload []byte) (part keyPart, starts bool) {
	part = keyStart(c, payload)
	if part == keyNone {
		return part, false
	}
	if ts != k.timestamp {
		k.timestamp, k.part = ts, keyNone
	}
	if part <= k.part {
		return part, false
	}
	k.part = part
	return part, true
}

// keyStart returns what part of a key frame the payload begins.
func keyStart(c Codec, payload []byte) keyPart {
	switch c {
	case CodecH264:
		return h264KeyStart(payload)
	case CodecVP8:
		return picture(vp8KeyStart(payload))
	case CodecVP9:
		return picture(vp9KeyStart(payload))
	case CodecAV1:
		return picture(av1KeyStart(payload))
	}
	return keyNone
}

func picture(starts bool) keyPart {
	if starts {
		return keyPicture
	}
	return keyNone
}

// maxSide is more than any codec's level allows: a header that says more is
// misread.
const maxSide = 16384

// frameSize is the resolution that a packet with which a key frame starts
// tells; 0: it does not.
func frameSize(c Codec, payload []byte) (width, height int) {
	switch c {
	case CodecH264:
		return h264Size(payload)
	case CodecVP8:
		return vp8Size(payload)
	case CodecVP9:
		return vp9Size(payload)
	case CodecAV1:
		return av1Size(payload)
	}
	return 0, 0
}

func sane(width, height int, over bool) (int, int) {
	if over || width <= 0 || height <= 0 || width > maxSide || height > maxSide {
		return 0, 0
	}
	return width, height
}
