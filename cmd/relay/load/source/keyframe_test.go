package source

import (
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func TestKeyFrameStart(t *testing.T) {
	for _, test := range []struct {
		codec   Codec
		name    string
		payload string
		want    bool
	}{
		{0, "no codec", "67 42 e0 1f", false},
		{H264, "nothing", "", false},
		{H264, "one byte", "67", false},
		{H264, "SPS alone", "67 42 e0 1f", true},
		{H264, "SPS, high importance or not", "27 42 e0 1f", true},
		{H264, "PPS alone", "68 ce 0f c8", false},
		{H264, "IDR alone", "65 88 84", false},
		{H264, "slice", "41 9a 02", false},
		{H264, "STAP-A of SPS, PPS", "78 00 02 67 42 00 02 68 ce", true},
		{H264, "STAP-A of delimiter, SPS, PPS, IDR", "78 00 02 09 f0 00 02 67 42 00 02 68 ce 00 02 65 88", true},
		{H264, "STAP-A of PPS, IDR", "78 00 02 68 ce 00 02 65 88", false},
		{H264, "STAP-A, a unit longer than it", "78 00 02 68 ce 00 03 67 42", false},
		{H264, "STAP-A, an empty unit", "78 00 00 00 02 67 42", false},
		{H264, "STAP-A, cut in a size", "78 00 02 68 ce 00", false},
		{H264, "STAP-A, nothing", "78 00", false},
		{H264, "FU-A, SPS begins", "7c 87 42", true},
		{H264, "FU-A, SPS goes on", "7c 07 42", false},
		{H264, "FU-A, IDR begins", "7c 85 88", false},

		{VP8, "descriptor alone", "10", false},
		{VP8, "key frame", "10 10 02", true},
		{VP8, "interframe", "10 11 02", false},
		{VP8, "not the start", "00 10", false},
		{VP8, "another partition", "11 10", false},
		{VP8, "extended, no fields", "90 00 10", true},
		{VP8, "picture ID of 7 bits", "90 80 11 10", true},
		{VP8, "picture ID of 15 bits", "90 80 91 23 10", true},
		{VP8, "picture ID of 15 bits, interframe", "90 80 90 10 11", false},
		{VP8, "all fields", "90 f0 91 23 05 20 10", true},
		{VP8, "all fields, interframe", "90 f0 91 23 05 20 11", false},
		{VP8, "TID without KEYIDX", "90 20 40 10", true},
		{VP8, "KEYIDX without TID", "90 10 01 11", false},
		{VP8, "picture ID, cut", "90 80", false},
		{VP8, "all fields, cut", "90 f0 80 00 00 00", false},

		{VP9, "key frame", "08 82", true},
		{VP9, "predicted", "48 86", false},
		{VP9, "not the begin", "04 82", false},
		{VP9, "picture ID of 15 bits, structure", "8a 91 23 00 82", true},
		{VP9, "flexible, layer 0", "b8 91 23 00 82", true},
		{VP9, "flexible, layer 1 of a key picture", "b8 91 23 03 82", false},
		{VP9, "non-flexible, layer 2", "a8 11 05 05 82", false},
		{VP9, "temporal layer 1, switching up", "a8 11 30 05 82", true},
		{VP9, "layers without picture ID", "28 02 05 82", false},
		{VP9, "layers, cut", "a8 11", false},
		{VP9, "layers after a long picture ID, cut", "a8 91 23", false},

		{AV1, "header alone", "18", false},
		{AV1, "N bit", "18 0a", true},
		{AV1, "N bit in what goes on", "98 0a", false},
		{AV1, "sequence header first, no N bit", "20 02 08 00 30 10", true},
		{AV1, "sequence header alone", "10 08 00", true},
		{AV1, "sequence header with a size of its own", "10 0a 01 00", true},
		{AV1, "frame", "10 30 30", false},
		{AV1, "no count, delimiter, sequence header", "00 02 12 00 02 08 00", true},
		{AV1, "counted, delimiter, sequence header", "20 02 12 00 08 00", true},
		{AV1, "counted, delimiter, frame", "20 02 12 00 30 30", false},
		{AV1, "delimiter alone", "00 02 12 00", false},
		{AV1, "an element longer than the payload", "00 05 08 00", false},
		{AV1, "an empty element", "00 00 08", false},
		{AV1, "a size that does not end", "00 ff ff ff", false},
	} {
		if got := KeyFrameStart(test.codec, unhex(test.payload)); got != test.want {
			t.Errorf("%v, %s: %t", test.codec, test.name, got)
		}
	}
}

// FuzzKeyFrameStart: no payload is read past its end.
func FuzzKeyFrameStart(f *testing.F) {
	for codec := H264; codec <= AV1; codec++ {
		s, _ := New(Options{Codec: codec, FPS: 30, PacketSize: minPacket, PacketsPerFrame: 2})
		for _, p := range s.Next(testStart).Packets {
			f.Add(uint8(codec), p)
		}
	}
	f.Add(uint8(VP8), unhex("90 f0 91 23 05 20 10"))
	f.Add(uint8(VP9), unhex("a8 91 23 05 05"))
	f.Add(uint8(AV1), unhex("00 02 12 00 02 08 00"))
	f.Fuzz(func(t *testing.T, codec uint8, payload []byte) {
		longer := append(payload[:len(payload):len(payload)], 0x67, 0x08, 0x00)
		exact := KeyFrameStart(Codec(codec), payload[:len(payload):len(payload)])
		if got := KeyFrameStart(Codec(codec), longer[:len(payload)]); got != exact {
			t.Errorf("%v: %t with bytes behind it, %t without", Codec(codec), got, exact)
		}
	})
}
