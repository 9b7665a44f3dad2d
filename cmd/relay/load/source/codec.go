package source

import (
	"fmt"
	"slices"
	"strings"
)

// Codec is a video codec that a Source imitates.
type Codec uint8

// The codecs. The zero value is none.
const (
	H264 Codec = iota + 1
	VP8
	VP9
	AV1
)

// VideoClock is the RTP clock of every video codec in Hz (RFC 6184 section 8.2.1,
// RFC 7741 section 6.1, RFC 9628 section 6, AV1 RTP section 7.1).
const VideoClock = 90000

// Width and Height of the picture that the frames' headers tell, in pixels.
const (
	Width  = 1280
	Height = 720
)

var codecNames = [...]string{"none", "H264", "VP8", "VP9", "AV1"}

func (c Codec) known() bool { return c >= H264 && c <= AV1 }

// String is the codec's name in SDP (RFC 8866 section 6.6), or "none".
func (c Codec) String() string {
	if !c.known() {
		return codecNames[0]
	}
	return codecNames[c]
}

// MimeType is the codec's media type, such as "video/VP8".
func (c Codec) MimeType() string { return "video/" + c.String() }

// FormatParameters is what an offer has to say of the stream (a=fmtp, RFC 8866
// section 6.15): the profile, and H264's packetization mode. "" for VP8.
func (c Codec) FormatParameters() string {
	switch c {
	case H264:
		return "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	case VP9:
		return "profile-id=0"
	case AV1:
		return "level-idx=5;profile=0;tier=0"
	}
	return ""
}

// ParseCodec reads a name or a media type, in capitals or not: "h264",
// "video/VP8". The error names the codecs there are.
func ParseCodec(name string) (Codec, error) {
	short := strings.TrimPrefix(strings.ToLower(name), "video/")
	at := slices.IndexFunc(codecNames[H264:], func(n string) bool { return strings.EqualFold(n, short) })
	if at < 0 {
		return 0, fmt.Errorf("no video codec %q: there are h264, vp8, vp9, av1", name)
	}
	return H264 + Codec(at), nil
}
