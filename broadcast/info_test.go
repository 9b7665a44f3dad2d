package broadcast

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

func TestInfo(t *testing.T) {
	relay := newTestRelay(t)
	if got := relay.Info("math"); got.State != StateIdle || got.Tracks != nil || relay.Live() != nil {
		t.Errorf("nobody is in, and there is %+v", got)
	}
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	frame := func(payload string) {
		p.timestamp += 90_000
		p.write(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: p.seq, Timestamp: p.timestamp, Marker: true}, Payload: unhex(payload)})
		p.seq++
	}
	frame("10 50 42 00 9d 01 2a 00 05 d0 02")
	frame("10 50 42 00 9d 01 2a 80 07 38 04")
	if err := p.audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: 1}, Payload: []byte{1}}); err != nil {
		t.Fatal(err)
	}
	var info Info
	eventually(t, "both tracks", func() bool {
		info = relay.Info("math")
		return len(info.Tracks) == 2 && info.Tracks[0].KeyFrameInterval > 0
	})
	video, audio := info.Tracks[0], info.Tracks[1]
	if video.Kind != "video" || video.Codec != CodecVP8 || video.Width != 1920 || video.Height != 1080 || video.KeyFrameInterval != time.Second ||
		video.Bitrate == 0 || video.FrameRate == 0 || video.Loss != 0 {
		t.Errorf("video is %+v", video)
	}
	if audio.Kind != "audio" || audio.Codec != CodecOpus || audio.Bitrate == 0 {
		t.Errorf("audio is %+v", audio)
	}
	if info.State != StateLive || info.Video != CodecVP8 || info.Warnings != nil {
		t.Errorf("the room is %+v", info)
	}
	newPublisher(t, relay, nil, "art", "", webrtc.MimeTypeVP8)
	eventually(t, "two rooms", func() bool { return slices.Equal(relay.Live(), []string{"art", "math"}) })
	p.session.Close(ErrLeft)
	await(t, p.session.Gone(), "out of the room")
	if got := relay.Live(); !slices.Equal(got, []string{"art"}) {
		t.Errorf("live are %q", got)
	}
	newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8) // at once
}

// watched is a fan-out whose source is an encoder, and what its session logs.
func watched(log *bytes.Buffer) (*fanout, *Track) {
	f := newFanout(kindVideo, newCrew(unheld{}), func() {})
	t := &Track{session: &Session{join: Join{Encoder: true}, log: slog.New(slog.NewTextHandler(log, nil))}, fanout: f}
	f.setSource(t)
	return f, t
}

// sendFrame stores and observes a frame of one packet, and goes on to the next one's time.
func sendFrame(f *fanout, t *Track, h *rtp.Header, payload []byte, rate int, now time.Time) time.Time {
	h.Marker = true
	f.store(t, testH264, h, payload, now)
	burst, _ := f.collect()
	f.observe(burst, now)
	f.spare = burst
	h.SequenceNumber++
	h.Timestamp += uint32(90000 / rate)
	return now.Add(time.Second / time.Duration(rate))
}

// sendGOP sends a key frame, and small frames after it.
func sendGOP(f *fanout, t *Track, h *rtp.Header, frames, rate int, now time.Time) time.Time {
	now = sendFrame(f, t, h, interlaced(), rate, now)
	for range frames - 1 {
		now = sendFrame(f, t, h, testP, rate, now)
	}
	return now
}

// The one extra request goes by the governor's rules, and is not repeated.
func TestEncoderIsAskedOnce(t *testing.T) {
	f, track := watched(&bytes.Buffer{})
	h := &rtp.Header{SequenceNumber: 65000, Timestamp: 1<<32 - 1}
	now := sendGOP(f, track, h, 30, 30, time.Unix(0, 0))
	asks := 0
	for range 20 * 30 {
		if now = sendFrame(f, track, h, testP, 30, now); f.ask(now) != askNone {
			asks++
		}
	}
	if asks != 1 {
		t.Errorf("asked %d times", asks)
	}
	if got := f.warnings(now); len(got) != 1 || got[0].Code != WarnLongGOP {
		t.Errorf("after 20 s: %v", got)
	}
}

// Viewers of an encoder with GOPs of up to 4 s come in from the history alone.
func TestLateJoinOfAnEncoder(t *testing.T) {
	for _, test := range []struct {
		name    string
		frames  int
		encoder bool
		want    bool
	}{
		{"OBS at 60 frames, 4 s", 240, true, true},
		{"x264's default of 250", 250, true, true},
		{"a browser's long GOP", 250, false, false},
		{"an encoder's of 6 s", 360, true, false},
	} {
		f, track := watched(&bytes.Buffer{})
		f.encoder.watched = test.encoder
		h := &rtp.Header{SequenceNumber: 65500}
		now := sendGOP(f, track, h, test.frames, 60, time.Unix(0, 0))
		r := f.prime(1, now)
		if r.ok != test.want {
			t.Errorf("%s: primed: %t", test.name, r.ok)
		}
		if r.ok && (len(r.packets) != test.frames || r.squeezed.last-r.squeezed.first != uint64(test.frames)-1) {
			t.Errorf("%s: primed with %d packets, %+v", test.name, len(r.packets), r.squeezed)
		}
	}
}

// 12 Mbit/s for 4 s, in packets of 1200 bytes.
func TestLateJoinOfAHeavyEncoder(t *testing.T) {
	f, track := watched(&bytes.Buffer{})
	h := &rtp.Header{}
	now := sendGOP(f, track, h, 1, 60, time.Unix(0, 0))
	heavy := append([]byte{0x41, 0x9a}, make([]byte, 1198)...)
	const packets = 4 * 12_000_000 / 8 / 1200
	for i := range packets {
		h.Marker = i%21 == 20
		f.store(track, testH264, h, heavy, now)
		if h.SequenceNumber++; h.Marker {
			h.Timestamp, now = h.Timestamp+1500, now.Add(time.Second/60)
		}
	}
	if r := f.prime(1, now); !r.ok || len(r.packets) != packets+1 {
		t.Errorf("primed with %d packets of %d", len(r.packets), packets+1)
	}
}

// What an operator can mend is in the log once, with the advice.
func TestEncoderIsWarnedOfOnce(t *testing.T) {
	var log bytes.Buffer
	f, track := watched(&log)
	h := &rtp.Header{}
	now := sendGOP(f, track, h, 2, 30, time.Now())
	f.store(track, testH264, h, testB, now)
	f.keep(now)
	f.keep(now.Add(time.Second))
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "B-frames to 0") {
		t.Errorf("%d warnings:\n%s", n, &log)
	}
	f.setSource(nil)
	if got := f.warnings(now); got != nil {
		t.Errorf("nobody presents, and there is %v", got)
	}
}

// Presentation times of B-frames go back: the shift stays one constant, and the
// replay gives joiners what everybody had, in the encoder's order.
func TestBFramesKeepTheTimeline(t *testing.T) {
	f, track := watched(&bytes.Buffer{})
	h := &rtp.Header{SequenceNumber: 65534, Timestamp: 1<<32 - 3000, Marker: true}
	f.store(track, testH264, h, interlaced(), time.Unix(0, 0))
	for i, step := range []int{9000, -6000, 3000, 12000, -6000, 3000} {
		h.SequenceNumber++
		h.Timestamp += uint32(step)
		f.store(track, testH264, h, testB, time.Unix(0, int64(i)*33e6))
	}
	r := f.prime(1, time.Unix(1, 0))
	packets, squeezed := r.packets, r.squeezed
	if !r.ok || len(packets) != 7 || squeezed.last-squeezed.first != 6 {
		t.Fatalf("primed with %d packets, %+v", len(packets), squeezed)
	}
	for i, p := range packets {
		if p.seq != 65534+uint16(i) {
			t.Errorf("packet %d has number %d", i, p.seq)
		}
		if i > 0 && int32(squeezed.stamp(p)-squeezed.stamp(packets[i-1])) != squeezeStep {
			t.Errorf("packet %d is not squeezed behind the one before", i)
		}
	}
	if newest := packets[6]; newest.timestamp != h.Timestamp {
		t.Errorf("the newest has timestamp %d, not the publisher's %d", newest.timestamp, h.Timestamp)
	}
}

func TestLinger(t *testing.T) {
	relay := newTestRelay(t)
	s, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Linger: 30 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, newClientAPI(t, clientOn(nil), allVideo...))
	if _, err := c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	c.session = s
	if ufrag, pwd := s.Credentials(); ufrag+pwd != "" {
		t.Error("credentials before the first offer")
	}
	offer := c.offer(false)
	answer, err := s.Offer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Credentials(); got == "" || !strings.Contains(offer, "a=ice-ufrag:"+got+"\r\n") {
		t.Errorf("user fragment %q", got)
	}
	if _, got := s.Credentials(); got == "" || !strings.Contains(offer, "a=ice-pwd:"+got+"\r\n") {
		t.Errorf("password %q", got)
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "connected", s.wasConnected)
	s.down()
	await(t, s.Done(), "silent for too long")
	if s.Cause() != ErrSilent {
		t.Errorf("ended: %v", s.Cause())
	}
	await(t, s.Gone(), "out of the room")
}

// OBS sends no candidates; the relay learns where it is from its checks.
func TestEncoderWithoutCandidates(t *testing.T) {
	relay := newTestRelay(t)
	p := publish(t, relay, nil, Join{Room: "math", Remote: loopback, Encoder: true}, webrtc.MimeTypeH264)
	p.frame(true, 1)
	p.write(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: p.seq, Timestamp: p.timestamp + 1, Marker: true}, Payload: testB})
	p.seq++
	eventually(t, "a warning", func() bool {
		return slices.ContainsFunc(relay.Info("math").Warnings, func(w Warning) bool { return w.Code == WarnBFrames })
	})
}
