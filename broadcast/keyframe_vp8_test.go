package broadcast

import "testing"

// The payloads are laid out after RFC 7741, sections 4.2 and 4.3. 0x10 is the
// payload header of a key frame that is shown, 0x11 that of another frame.
func TestVP8KeyStart(t *testing.T) {
	checkPayloads(t, CodecVP8, []payloadTest{
		{"nothing", nil, keyNone},
		{"key frame", []byte{0x10, 0x10, 0x02}, keyPicture},
		{"interframe", []byte{0x10, 0x11, 0x02}, keyNone},
		{"not the start", []byte{0x00, 0x10}, keyNone},
		{"another partition", []byte{0x11, 0x10}, keyNone},
		{"non-reference bit", []byte{0x30, 0x10}, keyPicture},
		{"descriptor alone", []byte{0x10}, keyNone},
		{"extended, no fields", []byte{0x90, 0x00, 0x10}, keyPicture},
		{"picture ID of 7 bits", []byte{0x90, 0x80, 0x11, 0x10}, keyPicture},
		{"picture ID of 15 bits", []byte{0x90, 0x80, 0x91, 0x23, 0x10}, keyPicture},
		{"picture ID of 15 bits, interframe", []byte{0x90, 0x80, 0x90, 0x10, 0x11}, keyNone},
		{"picture ID, TL0PICIDX, TID", []byte{0x90, 0xe0, 0x91, 0x23, 0x05, 0x20, 0x10}, keyPicture},
		{"KEYIDX alone", []byte{0x90, 0x10, 0x01, 0x10}, keyPicture},
		{"TID and KEYIDX share a byte", []byte{0x90, 0x30, 0x01, 0x10}, keyPicture},
		{"all fields, interframe", []byte{0x90, 0xf0, 0x91, 0x23, 0x05, 0x20, 0x11}, keyNone},
		{"extended, cut", []byte{0x90, 0x80}, keyNone},
		{"picture ID, cut", []byte{0x90, 0x80, 0x80}, keyNone},
		{"all fields, cut", []byte{0x90, 0xf0, 0x80, 0x00, 0x00, 0x00}, keyNone},
	})
}
