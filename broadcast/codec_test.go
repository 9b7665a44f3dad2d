package broadcast

import (
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"
)

func TestFormatFits(t *testing.T) {
	h264 := func(profile, mode string) string {
		return "level-asymmetry-allowed=1;packetization-mode=" + mode + ";profile-level-id=" + profile
	}
	for _, test := range []struct {
		name              string
		codec             Codec
		publisher, viewer string
		fits              bool
	}{
		{"VP8", CodecVP8, "", "max-fs=12288", true},
		{"VP9 without a profile is profile 0", CodecVP9, "", "profile-id=0", true},
		{"VP9 profile 2 is not 0", CodecVP9, "profile-id=2", "profile-id=0", false},
		{"AV1", CodecAV1, "level-idx=5;profile=0;tier=0", "", true},
		{"AV1 high", CodecAV1, "profile=1", "profile=0", false},
		{"the same H264", CodecH264, h264("42e01f", "1"), h264("42e01f", "1"), true},
		{"another level", CodecH264, h264("42e034", "1"), h264("42E01F", "1"), true},
		{"Baseline as browsers use it is Constrained Baseline", CodecH264, h264("42001f", "1"), h264("42e01f", "1"), true},
		{"42c0", CodecH264, h264("42c01e", "1"), h264("42e01f", "1"), true},
		{"Baseline to a Main decoder", CodecH264, h264("42e01f", "1"), h264("4d001f", "1"), true},
		{"Main to a Baseline decoder", CodecH264, h264("4d001f", "1"), h264("42e01f", "1"), false},
		{"Main of x264 to Main", CodecH264, h264("4d401f", "1"), h264("4d001f", "1"), true},
		{"Main of x264 to High", CodecH264, h264("4d401f", "1"), h264("64001f", "1"), true},
		{"Main of x264 to Baseline", CodecH264, h264("4d401f", "1"), h264("42e01f", "1"), false},
		{"Constrained High to High", CodecH264, h264("640c1f", "1"), h264("64001f", "1"), true},
		{"High to Main", CodecH264, h264("64001f", "1"), h264("4d001f", "1"), false},
		{"the other packetization mode", CodecH264, h264("42e01f", "1"), h264("42e01f", "0"), true},
		{"no parameters at all", CodecH264, "", h264("42001f", "0"), true},
	} {
		f, viewer := &format{test.codec, test.publisher}, format{test.codec, test.viewer}
		if got := f.fits(viewer) > 0; got != test.fits {
			t.Errorf("%s: %t", test.name, got)
		}
		if other := (format{CodecOpus, ""}); f.fits(other) != 0 {
			t.Errorf("%s fits Opus", test.name)
		}
	}
}

// Of all that a viewer has, it gets what is nearest to what is sent.
func TestBestMatch(t *testing.T) {
	b := &binding{types: []payloadType{
		{format: format{CodecH264, "packetization-mode=0;profile-level-id=42e01f"}, media: 1},
		{format: format{CodecH264, "packetization-mode=1;profile-level-id=42001f"}, media: 2},
		{format: format{CodecH264, "packetization-mode=1;profile-level-id=42e01f"}, media: 3},
		{format: format{CodecH264, "packetization-mode=1;profile-level-id=64001f"}, media: 4},
		{format: format{CodecVP8, ""}, media: 5},
	}}
	for fmtp, want := range map[string]uint8{
		"packetization-mode=1;profile-level-id=42e01f": 3,
		"packetization-mode=0;profile-level-id=42e01f": 1,
		"packetization-mode=1;profile-level-id=42001f": 2,
		"packetization-mode=1;profile-level-id=640c1f": 4,
	} {
		f := &format{CodecH264, fmtp}
		for range 2 { // found, and remembered
			if to := b.match(f); to == nil || to.media != want {
				t.Errorf("%s goes to %+v, not %d", fmtp, to, want)
			}
		}
	}
	if b.match(&format{CodecAV1, ""}) != nil {
		t.Error("AV1 found a payload type")
	}
}

func TestPayloadTypes(t *testing.T) {
	types := payloadTypes([]webrtc.RTPCodecParameters{
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "video/VP8"}, PayloadType: 96},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "video/AV1"}, PayloadType: 45},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "video/ulpfec"}, PayloadType: 50},
	}, map[uint8]uint8{96: 97})
	if len(types) != 2 || types[0].media != 96 || types[0].rtx != 97 || types[1].media != 45 || types[1].rtx != 0 {
		t.Errorf("%+v", types)
	}
}

// Every codec of the relay's survives an exchange with a peer that has all.
func TestAllCodecsAreAnswered(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	answer := v.pc.RemoteDescription().SDP
	for _, want := range []string{"VP8/90000", "H264/90000", "VP9/90000", "AV1/90000", "rtx/90000", "opus/48000/2", "ssrc-group:FID", "candidate:1 1 udp", "127.0.0.1", "end-of-candidates"} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer lacks %q:\n%s", want, answer)
		}
	}
}
