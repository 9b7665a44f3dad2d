package load

import (
	"testing"

	"relay/cmd/relay/load/source"
)

const answerText = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:98 nack pli\r\na=fmtp:97 rtx-time=3000; apt=96\r\na=rtpmap:97 rtx/90000\r\n" +
	"a=rtpmap:98 H264/90000\r\na=rtpmap:99 rtx/90000\r\na=ssrc-group:FID 11 12\r\na=ssrc:11 msid:a b\r\na=ssrc:12 msid:a b\r\n" +
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:13 msid:a c\r\n" +
	"m=video 0 UDP/TLS/RTP/SAVPF 120\r\na=rtpmap:120 AV1/90000\r\n"

func TestAnswerTellsWhatAPacketBelongsTo(t *testing.T) {
	s, err := readAnswer(answerText)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		ssrc uint32
		pt   uint8
		want belonging
	}{
		{11, 96, belonging{known: true, kind: video, codec: source.VP8, nack: true, apart: true}},
		{11, 98, belonging{known: true, kind: video, codec: source.H264}},
		{12, 97, belonging{known: true, kind: video, rtx: true}},
		{13, 111, belonging{known: true, kind: audio}},
		{99, 98, belonging{known: true, kind: video, codec: source.H264}}, // not announced
		{99, 99, belonging{known: true, kind: video, rtx: true}},
		{11, 120, belonging{}}, // of a section that was turned down
		{11, 0, belonging{}},
	} {
		if got := s.of(header{ssrc: test.ssrc, payloadType: test.pt}); got != test.want {
			t.Errorf("ssrc %d, payload type %d: %+v, want %+v", test.ssrc, test.pt, got, test.want)
		}
	}
}

// What is asked for again, and where it then comes, is a matter of the answer.
func TestAnswerTellsHowToRepair(t *testing.T) {
	const media = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\n"
	const rtx = "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
	for _, test := range []struct {
		name, more  string
		nack, apart bool
	}{
		{"neither", "a=rtcp-fb:96 nack pli\r\na=rtcp-fb:97 nack\r\n", false, false},
		{"NACK", "a=rtcp-fb:96 nack\r\n", true, false},
		{"NACK for all", "a=rtcp-fb:* nack\r\n", true, false},
		{"RTX, no SSRC named", rtx, false, true},
		{"RTX with its SSRC", rtx + "a=ssrc-group:FID 1 2\r\na=ssrc:1 cname:x\r\na=ssrc:2 cname:x\r\n", false, true},
		{"RTX without an SSRC beside the media's", rtx + "a=ssrc:1 cname:x\r\n", false, false},
		{"RTX of another", "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=98\r\n", false, false},
		{"no RTX", "a=fmtp:97 apt=96\r\n", false, false},
	} {
		s, err := readAnswer(media + test.more)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.of(header{ssrc: 1, payloadType: 96}); got.nack != test.nack || got.apart != test.apart {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add(answerText, uint32(11), uint8(96))
	f.Fuzz(func(t *testing.T, text string, ssrc uint32, pt uint8) {
		if s, err := readAnswer(text); err == nil {
			s.of(header{ssrc: ssrc, payloadType: pt & 0x7f})
		}
	})
}
