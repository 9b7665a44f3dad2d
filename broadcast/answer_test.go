package broadcast

import (
	"net/netip"
	"strings"
	"testing"
)

const pionAnswer = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" +
	"a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1\r\na=candidate:9 1 udp 1 127.0.0.1 1 typ host\r\na=end-of-candidates\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=candidate:9 1 udp 1 127.0.0.1 1 typ host\r\n"

func TestAnswerFor(t *testing.T) {
	hosts := []netip.Addr{netip.MustParseAddr("192.168.1.2"), netip.MustParseAddr("fd00::2")}
	for _, test := range []struct {
		role       Role
		remote     string
		muxOnly    bool
		most       int
		has, lacks []string
	}{
		{RolePublisher, "10.1.2.3", false, 8_000_000, []string{
			"a=candidate:1 1 udp 2130706431 192.168.1.2 8080 typ host\r\n", "a=candidate:2 1 udp 2130706175 fd00::2 8080 typ host\r\n",
			"a=fmtp:96 x-google-start-bitrate=8000;x-google-max-bitrate=8000\r\n",
			"a=fmtp:102 packetization-mode=1;x-google-start-bitrate=8000;x-google-max-bitrate=8000\r\n",
			"a=fmtp:97 apt=96\r\n",
			"a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=128000;usedtx=0\r\n",
		}, []string{"127.0.0.1", "rtcp-mux-only"}},
		{RolePublisher, "203.0.113.9", true, 4_000_000, []string{"x-google-start-bitrate=1000;x-google-max-bitrate=4000", "a=rtcp-mux-only\r\n"}, nil},
		{RolePublisher, "10.1.2.3", false, 2_000_000, []string{"x-google-start-bitrate=2000;x-google-max-bitrate=2000"}, nil},
		{RoleViewer, "10.1.2.3", false, 0, []string{"192.168.1.2 8080", "a=fmtp:111 minptime=10;useinbandfec=1\r\n"}, []string{"x-google", "127.0.0.1", "rtcp-mux-only"}},
	} {
		got, err := answerFor(&offer{role: test.role, bundled: true}, pionAnswer, terms{netip.MustParseAddr(test.remote), hosts, 8080, test.muxOnly, 0, test.most})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range test.has {
			if !strings.Contains(got, want) {
				t.Errorf("%v %s: lacks %q in\n%s", test.role, test.remote, want, got)
			}
		}
		for _, not := range test.lacks {
			if strings.Contains(got, not) {
				t.Errorf("%v %s: has %q in\n%s", test.role, test.remote, not, got)
			}
		}
		if strings.Count(got, "a=candidate") != len(hosts) || strings.Count(got, "a=end-of-candidates") != 1 {
			t.Errorf("candidates are not once in\n%s", got)
		}
	}
}

func TestValidRoom(t *testing.T) {
	for name, want := range map[string]bool{
		"math": true, "A-z_09": true, strings.Repeat("x", 64): true,
		"": false, strings.Repeat("x", 65): false, "a b": false, "ä": false, "a/b": false, "..": false, "a\x00": false,
	} {
		if ValidRoom(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}
