package source

import "encoding/binary"

// KeyFrameStart reports whether decoding can start at an RTP payload: whether it
// is the first packet of a key frame. All that the decoder needs is in the
// packets from here to the one with the marker bit, if none is missing.
//
// H264 (RFC 6184): a sequence parameter set begins; an IDR picture without one
// shows nothing to who has just joined. VP8: RFC 7741 section 4.2. VP9: RFC 9628
// section 4.2, lowest spatial layer. AV1: AV1 RTP section 4.4. It is false for an
// unknown codec and for what is cut short.
func KeyFrameStart(codec Codec, payload []byte) bool {
	if len(payload) < 2 {
		return false
	}
	switch codec {
	case H264:
		return h264KeyStart(payload)
	case VP8:
		return vp8KeyStart(payload)
	case VP9:
		return vp9KeyStart(payload)
	case AV1:
		return av1KeyStart(payload)
	}
	return false
}

// h264KeyStart looks into single units, aggregates, and at the first of fragments.
func h264KeyStart(payload []byte) bool {
	switch payload[0] & nalType {
	case nalSPS:
		return true
	case nalFUA:
		return payload[1]&fuStart != 0 && payload[1]&nalType == nalSPS
	case nalSTAPA:
		return stapHasSPS(payload[1:])
	}
	return false
}

// stapHasSPS walks through units, each after its size (RFC 6184 section 5.7.1).
func stapHasSPS(units []byte) bool {
	for len(units) > 2 {
		size := int(binary.BigEndian.Uint16(units))
		units = units[2:]
		if size == 0 || size > len(units) {
			return false
		}
		if units[0]&nalType == nalSPS {
			return true
		}
		units = units[size:]
	}
	return false
}

// vp8KeyStart: the first packet of partition 0, and a frame tag without the bit of
// interframes.
func vp8KeyStart(payload []byte) bool {
	const start, partition = 0x10, 0x07
	if payload[0]&start == 0 || payload[0]&partition != 0 {
		return false
	}
	at := vp8FrameAt(payload)
	return at < len(payload) && payload[at]&vp8Inter == 0
}

// vp8FrameAt is where the payload descriptor ends, which may be over the
// payload's end.
func vp8FrameAt(payload []byte) int {
	const extended, hasPictureID, long, hasTL0, hasTIDOrKey = 0x80, 0x80, 0x80, 0x40, 0x30
	if payload[0]&extended == 0 {
		return 1
	}
	at := 2
	if payload[1]&hasPictureID != 0 {
		if at < len(payload) && payload[at]&long != 0 {
			at++
		}
		at++
	}
	if payload[1]&hasTL0 != 0 {
		at++
	}
	if payload[1]&hasTIDOrKey != 0 {
		at++
	}
	return at
}

// vp9KeyStart: where a frame begins that takes from no other picture. The first
// byte, picture ID and layers are the same in flexible and non-flexible mode.
func vp9KeyStart(payload []byte) bool {
	if payload[0]&vp9Begins == 0 || payload[0]&vp9Predicted != 0 {
		return false
	}
	if payload[0]&vp9Layers == 0 {
		return true
	}
	const long, spatial = 0x80, 0x0e
	at := 1
	if payload[0]&vp9PictureID != 0 {
		if payload[at]&long != 0 {
			at++
		}
		at++
	}
	return at < len(payload) && payload[at]&spatial == 0
}

// av1KeyStart: the N bit, or for those who do not set it a sequence header before
// all else but temporal delimiters, which should not be sent but are.
func av1KeyStart(payload []byte) bool {
	if payload[0]&av1Continues != 0 {
		return false
	}
	if payload[0]&av1NewSequence != 0 {
		return true
	}
	const kind, delimiter = 0x78, 2 << 3
	count := int(payload[0] >> av1Count & 3)
	for elements := payload[1:]; len(elements) > 0; count-- {
		var element []byte
		if element, elements = av1Element(elements, count == 1); len(element) == 0 {
			return false
		}
		if element[0]&kind != delimiter {
			return element[0]&kind == obuSequenceHeader
		}
	}
	return false
}

// av1Element cuts off the first element. The last of a told number goes without
// its size. No element: the payload is malformed.
func av1Element(elements []byte, last bool) (element, rest []byte) {
	if last {
		return elements, nil
	}
	size, n := binary.Uvarint(elements) // LEB128 (AV1 section 4.10.5) is the same
	if n <= 0 || size == 0 || size > uint64(len(elements)-n) {
		return nil, nil
	}
	return elements[n:][:size], elements[n:][size:]
}
