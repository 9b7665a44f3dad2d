package broadcast

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"
)

// The offers are laid out as the programs named write them: what is on the
// session and what on the sections, in which order, and what is left out.
const fingerprintLine = "a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n"

const credentialLines = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"

const opusLines = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;stereo=1;useinbandfec=1\r\n"

// obsOffer: libdatachannel. The transport is on the session, beside a second group.
const obsOffer = "v=0\r\no=rtc 705986798 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:LS audio video\r\na=group:BUNDLE audio video\r\na=msid-semantic:WMS *\r\n" +
	"a=setup:actpass\r\n" + credentialLines + "a=ice-options:ice2,trickle\r\n" + fingerprintLine +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:audio\r\na=sendonly\r\na=ssrc:3957928345 cname:sURF\r\na=msid:ZEkK ZEkK-audio\r\na=rtcp-mux\r\n" + opusLines +
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:video\r\na=sendonly\r\na=ssrc:3957928346 cname:sURF\r\na=msid:ZEkK ZEkK-video\r\na=rtcp-mux\r\n" +
	"a=rtpmap:96 H264/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 goog-remb\r\na=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1\r\n"

// ffmpegVideo is FFmpeg 8 without sound: its BUNDLE group still names both
// sections. Its DTLS is passive, its ICE lite.
const ffmpegVideo = "v=0\r\no=FFmpeg 4489045141692799359 2 IN IP4 127.0.0.1\r\ns=FFmpegPublishSession\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=ice-lite\r\na=msid-semantic: WMS\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 106\r\nc=IN IP4 0.0.0.0\r\n" + credentialLines + fingerprintLine + "a=setup:passive\r\na=mid:1\r\na=sendonly\r\na=msid:FFmpeg video\r\na=rtcp-mux\r\na=rtcp-rsize\r\n" +
	"a=rtpmap:106 H264/90000\r\na=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f\r\na=ssrc:2 cname:FFmpeg\r\na=ssrc:2 msid:FFmpeg video\r\n"

// gstreamerVideo is webrtcbin with one stream and no bundle policy: no group at
// all, and Main as x264 spells it.
const gstreamerVideo = "v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-options:trickle\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\n" + credentialLines + "a=rtcp-mux\r\na=rtcp-rsize\r\na=sendonly\r\n" +
	"a=rtpmap:96 H264/90000\r\na=rtcp-fb:96 nack pli\r\na=fmtp:96 packetization-mode=1;profile-level-id=4d401f;sprop-parameter-sets=Z01AH5WgFAFuQA==,aO48gA==\r\n" +
	"a=ssrc:1 msid:user1@host-1 webrtctransceiver0\r\na=ssrc:1 cname:user1@host-1\r\na=mid:video0\r\n" + fingerprintLine

// rfcOffer is that of RFC 9725 section 4.2: the second section stands only in its
// bundle, and leaves out all that the first one says.
const rfcOffer = "v=0\r\no=- 5228595038118931041 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=ice-options:trickle ice2\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n" + credentialLines + fingerprintLine + "a=setup:actpass\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtcp-mux-only\r\n" + opusLines +
	"m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=bundle-only\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"

func TestOffersOfClients(t *testing.T) {
	swapped := strings.Replace(strings.NewReplacer("a=mid:0", "a=mid:1", "a=mid:1", "a=mid:0").Replace(rfcOffer), "BUNDLE 0 1", "BUNDLE 1 0", 1)
	for _, test := range []struct {
		name, offer string
		role        Role
		sections    int
		setup       string
	}{
		{"OBS", obsOffer, RolePublisher, 2, "active"},
		{"FFmpeg, video only", ffmpegVideo, RolePublisher, 1, "active"},
		{"DTLS client only", strings.Replace(ffmpegVideo, "setup:passive", "setup:active", 1), RolePublisher, 1, "passive"},
		{"GStreamer, video only", gstreamerVideo, RolePublisher, 1, "active"},
		{"no format parameters", regexp.MustCompile(`a=fmtp:96.*\r\n`).ReplaceAllString(gstreamerVideo, ""), RolePublisher, 1, "active"},
		{"RFC 9725", rfcOffer, RolePublisher, 2, "active"},
		{"mids in another order", swapped, RolePublisher, 2, "active"},
		{"directions on the session", strings.Replace(strings.ReplaceAll(obsOffer, "a=sendonly\r\n", ""), "t=0 0\r\n", "t=0 0\r\na=sendonly\r\n", 1), RolePublisher, 2, "active"},
		{"no directions", strings.ReplaceAll(obsOffer, "a=sendonly\r\n", ""), RolePublisher, 2, "active"},
		{"OBS with simulcast", obsOffer + "a=rid:0 send\r\na=rid:1 send\r\na=simulcast:send 0;1\r\n", RolePublisher, 2, "active"},
		{"a player", strings.ReplaceAll(rfcOffer, "sendonly", "recvonly"), RoleViewer, 2, "active"},
		{"a player that might send", strings.ReplaceAll(obsOffer, "sendonly", "sendrecv"), RoleViewer, 2, "active"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkAnswer(t, answerTo(t, test.offer, test.role), test.role, test.sections, test.setup)
		})
	}
}

func answerTo(t *testing.T, offer string, role Role) string {
	t.Helper()
	answer, err := offerTo(newTestRelay(t), offer, role)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func offerTo(relay *Relay, offer string, role Role) (string, error) {
	open := relay.Publish
	if role == RoleViewer {
		open = relay.Subscribe
	}
	s, err := open(Join{Room: "math", Remote: loopback, Encoder: true, Strict: true})
	if err != nil {
		return "", err
	}
	return s.Offer(offer)
}

// checkAnswer checks what RFC 9725 section 4.4 and its WHEP twin ask of answers.
func checkAnswer(t *testing.T, answer string, role Role, sections int, setup string) {
	t.Helper()
	direction := [...]string{"a=recvonly\r\n", "a=sendonly\r\n"}[role]
	for line, want := range map[string]int{
		"m=": sections, direction: sections, "a=setup:" + setup: sections, "a=rtcp-mux\r\n": sections, "a=rtcp-mux-only\r\n": sections,
		"a=mid:": sections, " 0 UDP": 0, "a=inactive": 0, "a=end-of-candidates": 1, "a=rid": 0, "a=simulcast": 0, "a=ice-options:trickle": 1, "a=candidate:1 1 udp": 1,
	} {
		if got := strings.Count(answer, line); got != want {
			t.Errorf("%q is in it %d times, not %d", line, got, want)
		}
	}
	streams := regexp.MustCompile(`(?m)^a=msid:(\S+)`).FindAllStringSubmatch(answer, -1)
	if role == RoleViewer && (len(streams) != sections || streams[0][1] != streams[sections-1][1]) {
		t.Errorf("the sections' streams are %q", streams)
	}
	if t.Failed() {
		t.Log(answer)
	}
}

// A group in an answer is the answer to one (RFC 9143 section 7.3).
func TestGroupIsOnlyAnswered(t *testing.T) {
	if answer := answerTo(t, gstreamerVideo, RolePublisher); strings.Contains(answer, "a=group:") {
		t.Errorf("nobody offered a group:\n%s", answer)
	}
	if answer := answerTo(t, obsOffer, RolePublisher); !strings.Contains(answer, "a=group:BUNDLE audio video\r\n") || strings.Contains(answer, "group:LS") {
		t.Errorf("not in the group that was offered:\n%s", answer)
	}
}

// What can't be answered as a whole is refused as a whole (RFC 9725 section 4.4.3).
func TestOffersRefusedWhole(t *testing.T) {
	relay := newTestRelay(t)
	replace := func(old, new string) string { return strings.Replace(obsOffer, old, new, 1) }
	for name, test := range map[string]struct {
		offer string
		want  Code
	}{
		"HEVC beside Opus":          {replace("H264/90000", "H265/90000"), CodeCodecUnsupported},
		"AAC beside H264":           {replace("opus/48000/2", "mpeg4-generic/48000/2"), CodeCodecUnsupported},
		"High 4:4:4 beside Opus":    {replace("42e01f", "f4001f"), CodeCodecUnsupported},
		"VP9 of 12 bits 4:4:4":      {replace("H264/90000", "VP9/90000\r\na=fmtp:96 profile-id=3"), CodeCodecUnsupported},
		"interleaved packets":       {replace("packetization-mode=1", "packetization-mode=2"), CodeCodecUnsupported},
		"two video sections":        {strings.NewReplacer("m=audio", "m=video", "opus/48000/2", "VP8/90000").Replace(obsOffer), CodeBadRequest},
		"only recvonly sections":    {strings.ReplaceAll(obsOffer, "sendonly", "recvonly"), CodeBadRequest},
		"sections turned down":      {strings.NewReplacer("m=audio 9", "m=audio 0", "m=video 9", "m=video 0").Replace(obsOffer), CodeBadRequest},
		"a section outside":         {replace("BUNDLE audio video", "BUNDLE audio"), CodeBadRequest},
		"rtcp on a port of its own": {replace("a=rtcp-mux\r\n", ""), CodeBadRequest},
	} {
		if _, err := offerTo(relay, test.offer, RolePublisher); AsError(err).Code != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A viewer's unknown section is merely turned down.
	if _, err := offerTo(relay, strings.ReplaceAll(replace("H264/90000", "H265/90000"), "sendonly", "recvonly"), RoleViewer); err != nil {
		t.Errorf("a viewer without a codec: %v", err)
	}
}

// A restart is answered as the offer was.
func TestRestartOfClients(t *testing.T) {
	relay := newTestRelay(t)
	for room, offer := range map[string]string{"obs": obsOffer, "ffmpeg": ffmpegVideo, "gstreamer": gstreamerVideo, "rfc": rfcOffer} {
		s, err := relay.Publish(Join{Room: room, Remote: loopback, Encoder: true})
		if err != nil {
			t.Fatal(err)
		}
		before, err := s.Offer(offer)
		if err != nil {
			t.Fatal(err)
		}
		was, err := iceOf(before)
		if err != nil {
			t.Fatal(err)
		}
		is, err := s.Restart("efgh", "9876543210987654321098", []string{"candidate:1 1 udp 1 127.0.0.1 9 typ host"})
		if err != nil {
			t.Errorf("%s: %v", room, err)
			continue
		}
		if ufrag, _ := s.Credentials(); was.Ufrag == is.Ufrag || was.Pwd == is.Pwd || ufrag != "efgh" {
			t.Errorf("%s: not restarted", room)
		}
		if is.Ufrag, is.Pwd = was.Ufrag, was.Pwd; !reflect.DeepEqual(is, was) {
			t.Errorf("%s: more than credentials is other in\n%+v\nthan in\n%+v", room, is, was)
		}
	}
}

// FFmpeg 8 is ICE lite, and a DTLS server only: the relay controls and calls.
func TestLitePublisherConnects(t *testing.T) {
	relay := newTestRelay(t)
	settings := clientOn(nil)
	settings.SetLite(true)
	c := newClient(t, newClientAPI(t, settings, webrtc.MimeTypeH264))
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264}, "video", "FFmpeg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		t.Fatal(err)
	}
	if c.session, err = relay.Publish(Join{Room: "math", Remote: loopback, Encoder: true}); err != nil {
		t.Fatal(err)
	}
	answer, err := c.session.Offer(strings.ReplaceAll(c.offer(false), "setup:actpass", "setup:passive"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	c.awaitConnected()
}
