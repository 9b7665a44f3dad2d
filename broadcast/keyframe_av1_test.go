package broadcast

import "testing"

// The payloads are laid out after the RTP Payload Format For AV1, section 4.4
// (aggregation header: Z Y WW N ---), and AV1 section 5.3.2 (OBU header). 0x0a
// begins a sequence header, 0x12 a temporal delimiter, 0x32 a frame, each with
// the has_size bit as encoders leave it; 0x08 and 0x30 are without.
func TestAV1KeyStart(t *testing.T) {
	checkPayloads(t, CodecAV1, []payloadTest{
		{"nothing", nil, keyNone},
		{"header alone", []byte{0x08}, keyNone},
		{"new sequence", []byte{0x18, 0x08, 0x00}, keyPicture},
		{"new sequence, two elements", []byte{0x28, 0x02, 0x08, 0x00, 0x30, 0x10}, keyPicture},
		{"continued", []byte{0x98, 0x08, 0x00}, keyNone},
		{"a frame", []byte{0x10, 0x30, 0x10}, keyNone},
		{"sequence header, the only element", []byte{0x10, 0x08, 0x00}, keyPicture},
		{"sequence header, with its size", []byte{0x00, 0x02, 0x0a, 0x00, 0x01, 0x32}, keyPicture},
		{"sequence header, then a frame", []byte{0x20, 0x02, 0x08, 0x00, 0x30}, keyPicture},
		{"a frame, then a sequence header", []byte{0x20, 0x01, 0x30, 0x08, 0x00}, keyNone},
		{"delimiter, then a sequence header", []byte{0x20, 0x02, 0x12, 0x00, 0x0a}, keyPicture},
		{"delimiter, then a frame", []byte{0x20, 0x02, 0x12, 0x00, 0x32}, keyNone},
		{"delimiter alone", []byte{0x10, 0x12, 0x00}, keyNone},
		{"padded size", []byte{0x00, 0x82, 0x80, 0x00, 0x08, 0x00}, keyPicture},
		{"size 0", []byte{0x00, 0x00, 0x08}, keyNone},
		{"size too large", []byte{0x00, 0x7f, 0x08}, keyNone},
		{"size without end", []byte{0x00, 0x80, 0x80, 0x80, 0x80, 0x80}, keyNone},
		{"size cut", []byte{0x00, 0x80}, keyNone},
	})
}
