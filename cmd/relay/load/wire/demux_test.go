package wire

import "testing"

func TestIsMedia(t *testing.T) {
	for name, test := range map[string]struct {
		first, second byte
		size          int
		media         bool
	}{
		"RTP":                       {0x80, 96, 12, true},
		"RTP with marker":           {0x80, 128 + 96, 1200, true},
		"RTP, padding, extension":   {0xBF, 111, 40, true},
		"last type before RTCP":     {0x80, 191, 12, true},
		"first RTCP":                {0x80, 192, 12, false},
		"sender report":             {0x80, 200, 28, false},
		"feedback":                  {0x81, 206, 12, false},
		"last RTCP":                 {0x80, 223, 12, false},
		"first type after RTCP":     {0x80, 224, 12, true},
		"STUN":                      {0x00, 1, 20, false},
		"ZRTP":                      {16, 0, 20, false},
		"DTLS":                      {22, 254, 1200, false},
		"TURN channel":              {64, 0, 20, false},
		"below RTP":                 {127, 96, 20, false},
		"above RTP":                 {192, 96, 20, false},
		"shorter than a RTP header": {0x80, 96, 11, false},
		"one byte":                  {0x80, 0, 1, false},
		"empty":                     {0, 0, 0, false},
	} {
		packet := append([]byte{test.first, test.second}, make([]byte, 1500)...)[:test.size]
		if media := isMedia(packet); media != test.media {
			t.Errorf("%s: isMedia is %v", name, media)
		}
	}
}

// FuzzIsMedia: whatever is media has a whole header of RTP's version 2.
func FuzzIsMedia(f *testing.F) {
	f.Add(mediaPacket(65535, 12))
	f.Add([]byte{0x80, 200})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packet []byte) {
		if isMedia(packet) && (len(packet) < 12 || packet[0]>>6 != 2) {
			t.Errorf("%x is no RTP", packet)
		}
	})
}
