package broadcast

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"
)

func TestMalformedReoffersHarmNothing(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p.frame(true, 3)
	v.awaitPackets(3)

	good := v.pc.LocalDescription().SDP
	replace := func(pattern, with string) string {
		return regexp.MustCompile(pattern).ReplaceAllString(good, with)
	}
	bad := map[string]string{
		"empty":                  "",
		"not SDP":                "hello",
		"short ufrag":            replace(`a=ice-ufrag:.*`, "a=ice-ufrag:abc\r"),
		"short pwd":              replace(`a=ice-pwd:.*`, "a=ice-pwd:short\r"),
		"one section less":       good[:strings.LastIndex(good, "m=")],
		"another mid":            replace(`a=mid:1`, "a=mid:7"),
		"no rtcp-mux":            replace(`a=rtcp-mux\r\n`, ""),
		"no setup":               replace(`a=setup:.*`, "a=setup:holdconn\r"),
		"no fingerprint":         replace(`a=fingerprint:.*\r\n`, ""),
		"many formats":           replace(`m=video (.*)`, "m=video $1"+strings.Repeat(" 96", 200)+"\r"),
		"another section":        good + strings.Replace(downSection, "audio 0", "audio 9", 1),
		"too many candidates":    strings.Replace(good, "a=mid:0\r\n", "a=mid:0\r\n"+manyCandidates(33), 1),
		"an odd candidate":       strings.Replace(good, "a=mid:0\r\n", "a=mid:0\r\na="+oddCandidates[0]+"\r\n", 1),
		"wrong direction":        replace(`a=recvonly`, "a=sendonly"),
		"a pwd for an old ufrag": replace(`a=ice-pwd:.*`, "a=ice-pwd:"+strings.Repeat("x", minPwd)+"\r"),
	}
	for name, sdp := range bad {
		if _, err := v.session.Offer(sdp); AsError(err).Code != CodeBadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := v.session.Offer(good + strings.Repeat("a=x\r\n", maxOffer)); AsError(err).Code != CodeTooLarge {
		t.Errorf("too large: %v", err)
	}
	p.frame(false, 3)
	v.awaitPackets(6)

	v.negotiate(true)
	p.until("media after a good restart", func() bool { return len(v.received()) > 9 })
}

// oddCandidates pass for usable at a glance, but Pion can't read them.
var oddCandidates = []string{
	"candidate:1 1 udp x 192.0.2.1 5000 typ host",
	"candidate:1 1 udp 1 192.0.2.1 70000 typ host",
	"candidate:1 1 udp 99999999999 192.0.2.1 5000 typ host",
	"candidate:1 1 udp 1 192.0.2.1 5000 typ srflx raddr",
}

func manyCandidates(n int) string {
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "a=candidate:1 1 udp 1 192.168.1.%d 9 typ host\r\n", i+1)
	}
	return lines.String()
}

func TestRestart(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	before := v.pc.RemoteDescription().SDP

	o, err := parseOffer(v.offer(true), RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	for _, ufrag := range []string{"abc", "a b c", strings.Repeat("a", maxIceString+1)} {
		if _, err := v.session.Restart(ufrag, o.pwd, nil); AsError(err).Code != CodeBadRequest || !strings.Contains(err.Error(), "4 to 256") {
			t.Errorf("ufrag %q: %v", ufrag, err)
		}
	}
	for _, odd := range oddCandidates {
		if _, err := v.session.Restart(o.ufrag, o.pwd, []string{odd}); AsError(err).Code != CodeBadRequest || v.session.Cause() != nil {
			t.Fatalf("%s: %v, the session ended with %v", odd, err, v.session.Cause())
		}
	}
	if ufrag, _ := v.session.Credentials(); ufrag == o.ufrag {
		t.Error("a refused restart changed the credentials")
	}
	ice, err := v.session.Restart(o.ufrag, o.pwd, []string{"candidate:1 1 udp 1 127.0.0.1 9 typ host"})
	if err != nil {
		t.Fatal(err)
	}
	answer := withICE(before, ice)
	if answer == before {
		t.Error("the answer is the one before")
	}
	if err := v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	p.frame(true, 3)
	p.until("media after the restart", func() bool { return len(v.received()) > 0 })
}

// withICE is the answer to the offer before with what a restart has changed.
func withICE(answer string, ice ICE) string {
	answer = regexp.MustCompile(`a=ice-ufrag:\S+`).ReplaceAllLiteralString(answer, "a=ice-ufrag:"+ice.Ufrag)
	return regexp.MustCompile(`a=ice-pwd:\S+`).ReplaceAllLiteralString(answer, "a=ice-pwd:"+ice.Pwd)
}

func FuzzParseOffer(f *testing.F) {
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n"+
		"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\na=ssrc:1 cname:x\r\n"+
		fingerprintLine+"a=candidate:1 1 udp 1 192.168.1.1 9 typ host\r\n", "efgh", "9876543210987654321098")
	for _, offer := range []string{obsOffer, ffmpegVideo, gstreamerVideo, rfcOffer, insert(obsOffer, 1, downSection) + appSection} {
		f.Add(offer, "efgh", "9876543210987654321098")
	}
	f.Fuzz(func(t *testing.T, sdp, ufrag, pwd string) {
		for _, role := range []Role{RolePublisher, RoleViewer} {
			o, err := parseOffer(sdp, role)
			if err != nil {
				continue
			}
			if _, err := parseOffer(o.text, role); err != nil {
				t.Fatalf("what was taken is refused when read again: %v\n%s", err, o.text)
			}
			checkRefused(t, o)
			if next, err := o.restarted(ufrag, pwd, nil); err == nil {
				again, err := parseOffer(next.text, role)
				if err != nil || again.ufrag != ufrag || again.pwd != pwd {
					t.Fatalf("a restart changed more than credentials: %v", err)
				}
			}
		}
	})
}

// sectionOf is an m-line with all that a transport needs.
func sectionOf(media, mid, setup, direction string) string {
	return "m=" + media + "\r\nc=IN IP4 0.0.0.0\r\na=mid:" + mid + "\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n" +
		"a=setup:" + setup + "\r\na=" + direction + "\r\na=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\r\n"
}

const offerHead = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"

// FFmpeg's WHIP offers setup:passive. What is turned down has no candidates.
func TestUnusualOffers(t *testing.T) {
	relay := newTestRelay(t)
	s, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Offer(offerHead +
		sectionOf("audio 9 UDP/TLS/RTP/SAVPF 8", "0", "passive", "recvonly") + "a=rtpmap:8 PCMA/8000\r\n" +
		sectionOf("video 9 UDP/TLS/RTP/SAVPF 96", "1", "passive", "recvonly") + "a=rtpmap:96 VP8/90000\r\n")
	if err != nil {
		t.Fatal(err)
	}
	video := answer[strings.Index(answer, "m=video"):]
	if !strings.Contains(answer, "m=audio 0") || !strings.Contains(video, "a=candidate:") || !strings.Contains(video, "a=setup:active") {
		t.Errorf("answered with\n%s", answer)
	}
}

// Pion would work for seconds on an offer that names one format ten thousand times.
func TestOffersOfManyFormats(t *testing.T) {
	for name, offer := range map[string]string{
		"formats":    offerHead + sectionOf("video 9 UDP/TLS/RTP/SAVPF"+strings.Repeat(" 96", maxFormats+1), "0", "actpass", "recvonly") + "a=rtpmap:96 VP8/90000\r\n",
		"attributes": offerHead + sectionOf("video 9 UDP/TLS/RTP/SAVPF 96", "0", "actpass", "recvonly") + strings.Repeat("a=rtpmap:96 VP8/90000\r\n", maxAttributes+1),
	} {
		if _, err := parseOffer(offer, RoleViewer); AsError(err).Code != CodeBadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A restart that the peer never takes part in leads nowhere: after as long as
// any silence may last, the session no longer counts.
func TestRestartToNowhere(t *testing.T) {
	t.Parallel()
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	eventually(t, "the viewer counts", func() bool { return relay.Room("math").Viewers == 1 })
	if _, err := v.session.Restart("nowhere", strings.Repeat("x", minPwd), nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it does not count", func() bool { return relay.Room("math").Viewers == 0 })
	if v.session.Cause() != nil {
		t.Error("the session ended with", v.session.Cause())
	}
}
