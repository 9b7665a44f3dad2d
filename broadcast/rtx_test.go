package broadcast

import (
	"regexp"
	"strings"
	"testing"
)

// browserOffer is as browsers offer: with more than the relay carries.
const browserOffer = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\n" +
	"a=ice-ufrag:ZEkK\r\na=ice-pwd:6dY4xUOmUXdxIgEQmKVcK1Ab\r\n" +
	"a=fingerprint:sha-256 6E:AA:66:3C:C1:67:A1:78:4F:E8:E7:BF:5F:93:A3:C7:79:89:7E:4D:D2:CE:64:FB:0F:50:64:42:82:1E:A1:54\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108 35 36 116 117 49\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\n" +
	"a=extmap:1 urn:ietf:params:rtp-hdrext:toffset\r\na=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n" +
	"a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 goog-remb\r\na=rtcp-fb:96 transport-cc\r\na=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n" +
	"a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" +
	"a=rtpmap:103 H264/90000\r\na=rtcp-fb:103 nack\r\na=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n" +
	"a=rtpmap:104 rtx/90000\r\na=fmtp:104 apt=103\r\n" +
	"a=rtpmap:107 H264/90000\r\na=fmtp:107 packetization-mode=1;profile-level-id=f4001f\r\na=rtpmap:108 rtx/90000\r\na=fmtp:108 apt=107\r\n" +
	"a=rtpmap:35 VP9/90000\r\na=fmtp:35 profile-id=2\r\na=rtpmap:36 rtx/90000\r\na=fmtp:36 apt=35\r\n" +
	"a=rtpmap:116 red/90000\r\na=rtpmap:117 rtx/90000\r\na=fmtp:117 apt=116\r\na=rtpmap:49 flexfec-03/90000\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\n" +
	"a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n" +
	"a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\n"

// Pion gets of a viewer's offer what it has to answer.
func TestOffersAreCutToWhatIsCarried(t *testing.T) {
	o, err := parseOffer(browserOffer, RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"rtx", "red", "flexfec", "G722", "goog-remb", "transport-cc", "extmap:1", "f4001f"} {
		if strings.Contains(o.text, gone) {
			t.Errorf("%s is left", gone)
		}
	}
	for _, kept := range []string{
		"m=video 9 UDP/TLS/RTP/SAVPF 96 103 35\r\n", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
		"a=rtcp-fb:96 ccm fir\r\n", "a=rtcp-fb:96 nack\r\n", "a=rtcp-fb:96 nack pli\r\n", "stereo=1", "profile-id=2",
	} {
		if !strings.Contains(o.text, kept) {
			t.Errorf("%q is gone", kept)
		}
	}
	if t.Failed() {
		t.Log(o.text)
	}
}

// A section that offers none of the codecs that it maps stays as it is.
func TestMappedIsNotOffered(t *testing.T) {
	o, err := parseOffer(strings.Replace(browserOffer, "SAVPF 111 63 9", "SAVPF 9", 1), RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	if want := "m=audio 9 UDP/TLS/RTP/SAVPF 9\r\n"; !strings.Contains(o.text, want) {
		t.Errorf("%q is gone:\n%s", want, o.text)
	}
}

// RTX is answered for what is carried, with an SSRC of its own, and again at a
// restart with the same one.
func TestRTXIsAnswered(t *testing.T) {
	relay := newTestRelay(t)
	session, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	var group string
	for _, ufrag := range []string{"ZEkK", "Next"} {
		answer, err := session.Offer(strings.Replace(strings.Replace(browserOffer, "ZEkK", ufrag, 1), "6dY4", ufrag, 1))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 35 36\r\n", "a=fmtp:97 apt=96\r\n", "a=fmtp:104 apt=103\r\n", "a=fmtp:36 apt=35\r\n",
			"a=rtpmap:97 rtx/90000\r\n", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
		} {
			if !strings.Contains(answer, want) {
				t.Errorf("the answer lacks %q:\n%s", want, answer)
			}
		}
		found := regexp.MustCompile(`a=ssrc-group:FID (\d+) (\d+)\r\n`).FindAllStringSubmatch(answer, -1)
		if len(found) != 1 || found[0][1] == found[0][2] || strings.Count(answer, "a=ssrc:"+found[0][2]+" ") != strings.Count(answer, "a=ssrc:"+found[0][1]+" ") {
			t.Fatalf("the answer pairs %q:\n%s", found, answer)
		}
		if group != "" && group != found[0][0] {
			t.Errorf("%q at first, and then %q", group, found[0][0])
		}
		group = found[0][0]
	}
}

// Who offers none gets none.
func TestNoRTX(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math", "video/VP8", "audio/opus")
	if answer := v.pc.RemoteDescription().SDP; strings.Contains(answer, "rtx") || strings.Contains(answer, "FID") {
		t.Error(answer)
	}
}

// A payload type that repairs pictures means nothing in the section of sound, and
// repairs one format.
func TestRTXIsOfOneFormat(t *testing.T) {
	relay := newTestRelay(t)
	session, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := session.Offer(strings.NewReplacer("SAVPF 111", "SAVPF 96", ":111 ", ":96 ", "a=fmtp:36 apt=35", "a=fmtp:97 apt=35").Replace(browserOffer))
	if err != nil {
		t.Fatal(err)
	}
	if want := "m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 35\r\n"; !strings.Contains(answer, want) {
		t.Errorf("the answer lacks %q:\n%s", want, answer)
	}
	for _, d := range session.downTracks() {
		if d.fanout.kind == kindAudio && (d.rtx != nil || d.rtxSSRC != 0) {
			t.Errorf("sound is repaired as %d", d.rtx)
		}
	}
}
