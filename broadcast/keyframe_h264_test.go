package broadcast

import "testing"

// The payloads are laid out after RFC 6184: figure 1 (NAL unit header), figure
// 7 (STAP-A), figures 14 and 15 (FU-A).
func TestH264KeyStart(t *testing.T) {
	checkPayloads(t, CodecH264, []payloadTest{
		{"nothing", nil, keyNone},
		{"single SPS", []byte{0x67, 0x42, 0x00, 0x1f}, keyParameters},
		{"single PPS", []byte{0x68, 0xce, 0x3c, 0x80}, keyNone},
		{"single IDR", []byte{0x65, 0x88, 0x84}, keyPicture},
		{"IDR of low importance", []byte{0x25, 0x88}, keyPicture},
		{"single slice", []byte{0x41, 0x9a, 0x02}, keyNone},
		{"single SEI", []byte{0x06, 0x05}, keyNone},
		{"access unit delimiter", []byte{0x09, 0xf0}, keyNone},
		{"STAP-A of SPS, PPS", []byte{0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce}, keyParameters},
		{"STAP-A of PPS, IDR", []byte{0x78, 0, 2, 0x68, 0xce, 0, 1, 0x65}, keyPicture},
		{"STAP-A of SPS, PPS, IDR", []byte{0x78, 0, 1, 0x67, 0, 1, 0x68, 0, 1, 0x65}, keyParameters},
		{"STAP-A of delimiter, SPS", []byte{0x78, 0, 2, 0x09, 0xf0, 0, 1, 0x67}, keyParameters},
		{"STAP-A of slices", []byte{0x78, 0, 2, 0x41, 0x9a, 0, 2, 0x41, 0x9a}, keyNone},
		{"STAP-A, empty", []byte{0x78}, keyNone},
		{"STAP-A, size alone", []byte{0x78, 0, 1}, keyNone},
		{"STAP-A, size too large", []byte{0x78, 0, 9, 0x67, 0x42}, keyNone},
		{"STAP-A, size 0", []byte{0x78, 0, 0, 0x67}, keyNone},
		{"STAP-A, broken after SPS", []byte{0x78, 0, 1, 0x67, 0xff, 0xff, 0x65}, keyParameters},
		{"FU-A, start of IDR", []byte{0x7c, 0x85, 0x88}, keyPicture},
		{"FU-A, middle of IDR", []byte{0x7c, 0x05, 0x88}, keyNone},
		{"FU-A, end of IDR", []byte{0x7c, 0x45, 0x88}, keyNone},
		{"FU-A, start of slice", []byte{0x5c, 0x81, 0x9a}, keyNone},
		{"FU-A, start of SPS", []byte{0x7c, 0x87, 0x42}, keyParameters},
		{"FU-A without a header", []byte{0x7c}, keyNone},
		{"FU-B, start of IDR", []byte{0x7d, 0x85, 0, 0}, keyNone},
	})
}
