package broadcast

import "testing"

// The payloads are laid out after RFC 9628, figures 2 (flexible mode) and 3
// (non-flexible mode): I P L F B E V Z, picture ID, layer indices, and in
// non-flexible mode TL0PICIDX.
func TestVP9KeyStart(t *testing.T) {
	checkPayloads(t, CodecVP9, []payloadTest{
		{"nothing", nil, keyNone},
		{"descriptor alone", []byte{0x08}, keyNone},
		{"key frame", []byte{0x08, 0x82}, keyPicture},
		{"predicted", []byte{0x48, 0x86}, keyNone},
		{"not the begin", []byte{0x04, 0x82}, keyNone},
		{"picture ID of 7 bits", []byte{0x88, 0x11, 0x82}, keyPicture},
		{"picture ID of 15 bits", []byte{0x8a, 0x91, 0x23, 0x00, 0x82}, keyPicture},
		{"flexible, layer 0", []byte{0xb8, 0x91, 0x23, 0x00, 0x82}, keyPicture},
		{"flexible, layer 1 of a key picture", []byte{0xb8, 0x91, 0x23, 0x03, 0x82}, keyNone},
		{"flexible, predicted", []byte{0xf8, 0x91, 0x23, 0x00, 0x02, 0x82}, keyNone},
		{"non-flexible, layer 0", []byte{0xa8, 0x11, 0x00, 0x05, 0x82}, keyPicture},
		{"non-flexible, layer 2", []byte{0xa8, 0x11, 0x05, 0x05, 0x82}, keyNone},
		{"temporal layer 1, switching up", []byte{0xa8, 0x11, 0x30, 0x05, 0x82}, keyPicture},
		{"layers without picture ID", []byte{0x28, 0x02, 0x05, 0x82}, keyNone},
		{"layers, cut", []byte{0xa8, 0x11}, keyNone},
		{"layers after a long picture ID, cut", []byte{0xa8, 0x91, 0x23}, keyNone},
	})
}
