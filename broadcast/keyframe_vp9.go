package broadcast

// vp9KeyStart reads the payload descriptor (RFC 9628 section 4.2), which has
// the same beginning in flexible and in non-flexible mode: a key frame starts
// where a frame begins (B) that predicts from no other picture (P clear), in
// the lowest spatial layer (SID 0).
func vp9KeyStart(payload []byte) bool {
	const predicted, begins = 0x40, 0x08
	if len(payload) < 2 || payload[0]&predicted != 0 || payload[0]&begins == 0 {
		return false
	}
	sid, ok := vp9SpatialLayer(payload)
	return ok && sid == 0
}

// vp9SpatialLayer is the layer of a payload of at least two bytes: 0 where
// there are no layers.
func vp9SpatialLayer(payload []byte) (sid byte, ok bool) {
	const pictureID, layers, long = 0x80, 0x20, 0x80
	if payload[0]&layers == 0 {
		return 0, true
	}
	at := 1
	if payload[0]&pictureID != 0 {
		at++
		if payload[1]&long != 0 {
			at++
		}
	}
	if at >= len(payload) {
		return 0, false
	}
	return payload[at] >> 1 & 0x07, true
}
