package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// obsFlags are OBS's usual settings: no B-frames, a key frame each 2 s.
var obsFlags = []string{"-tune", "zerolatency", "-profile:v", "baseline", "-g", "60"}

// publishAsOBS publishes what ffmpeg encodes, and the silence of Opus: without
// candidates, and deaf to key-frame requests.
func publishAsOBS(t *testing.T, endpoint string, once bool, flags ...string) *encoder {
	t.Helper()
	e := startEncoder(t, once, flags...)
	sound, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "audio", "obs")
	check(t, err)
	p := newWhipPeer(t, e.track, sound)
	p.offerOnlyOBSCodecs()
	p.join(endpoint)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		sendSilence(sound, stop)
	}()
	t.Cleanup(func() {
		close(stop)
		<-ended
	})
	return e
}

// offerOnlyOBSCodecs leaves H264 of the one profile that OBS names.
func (p *whipPeer) offerOnlyOBSCodecs() {
	p.t.Helper()
	check(p.t, p.peer.GetTransceivers()[0].SetCodecPreferences([]webrtc.RTPCodecParameters{{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
			SDPFmtpLine:  "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}},
		},
		PayloadType: 106,
	}}))
}

// sendSilence sends Opus packets of 20 ms until stop is closed.
func sendSilence(track *webrtc.TrackLocalStaticSample, stop <-chan struct{}) {
	const length = 20 * time.Millisecond
	tick := time.NewTicker(length)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			// An error means that the peer is gone, which its own test tells.
			_ = track.WriteSample(media.Sample{Data: []byte{0xf8, 0xff, 0xfe}, Duration: length})
		}
	}
}

// TestOBS: H264 of a real encoder that sends key frames as it likes. Whoever
// comes late sees the current picture at once, from what the relay has kept.
func TestOBS(t *testing.T) {
	r := startRelay(t)
	publishAsOBS(t, r.url("/whip/main"), false, obsFlags...)
	browser := startChromium(t, autoplay)
	first := watch(t, browser, r.url("/pull"), 1)[0]
	rate := checkCounters(t, eval[collected](first, "probe.collect(3000)"), 3, length(10, 25))

	joins, limit := length(2, 10), float64(length(1000, 500))
	var waits []float64
	for range joins {
		viewer := browser.open(r.url("/pull"))
		viewer.wait("probe.newer(probe.lastState('connected'))")
		waits = append(waits, eval[float64](viewer, "probe.newer(probe.lastState('connected')).at - probe.lastState('connected')"))
		viewer.close()
	}
	slices.Sort(waits)
	if worst := waits[joins-1]; worst > limit {
		t.Errorf("a late viewer waited %.0f ms for the current picture, want %.0f ms: %.0f", worst, limit, waits)
	}
	if warnings := r.room("main").Warnings; len(warnings) > 0 {
		t.Errorf("the relay warns of OBS's usual settings: %v", warnings)
	}
	figure(t, "whip-3: H264 of libx264 with a key frame each 2 s, deaf to PLI, without candidates: %.1f pictures a second; %d late viewers show a picture drawn after they connected within %.0f ms (median %.0f ms)",
		rate, joins, waits[joins-1], percentile(waits, 0.5))
}

// seesPattern is true once a picture was shown.
const seesPattern = "probe.frames.length > 0"

// odds are settings that a person should change.
var odds = []struct {
	name    string
	flags   []string
	once    bool // SPS and PPS in the first GOP only
	warning string
	must    bool // a picture alone will not do
}{
	{"B-frames", []string{"-profile:v", "main", "-bf", "2", "-g", "60", "-x264-params", "b-adapt=0:rc-lookahead=0"}, false, "b-frames", true},
	{"a key frame each 10 s", []string{"-tune", "zerolatency", "-profile:v", "baseline", "-g", "300"}, false, "gop-too-long", true},
	{"SPS and PPS once", obsFlags, true, "parameter-sets", false},
}

// TestOBSIsWarned: what viewers will suffer from is named, with the setting to
// change, in the API and in the log.
func TestOBSIsWarned(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	browser := startChromium(t, autoplay)
	for i, odd := range odds {
		t.Run(odd.name, func(t *testing.T) {
			room := fmt.Sprintf("odd-%d", i)
			e := publishAsOBS(t, r.url("/whip/"+room), odd.once, odd.flags...)
			waitFor(t, "the second GOP", func() bool { return e.keyFrames.Load() >= 2 })
			viewer := browser.open(r.url("/pull/" + room))
			viewer.t = t
			defer viewer.close()
			warned, seen := r.judge(viewer, room, odd.warning, odd.must)
			if warned != "" {
				waitFor(t, "the warning in the log", func() bool { return strings.Contains(r.log.String(), "code="+odd.warning) })
			}
			figure(t, "whip-3: H264 with %s: a late viewer's picture: %t, warning: %q", odd.name, seen, warned)
		})
	}
}

// judge waits for the room's warning or, where that will do, for a picture at a
// late viewer, and returns both as they are 2 s later.
func (r *relay) judge(viewer *page, room, code string, must bool) (warned string, seen bool) {
	r.t.Helper()
	waitFor(viewer.t, "the warning "+code, func() bool {
		for _, w := range r.room(room).Warnings {
			if w.Code == code {
				warned = w.Message
			}
		}
		return warned != "" || !must && eval[bool](viewer, seesPattern)
	})
	viewer.pause(2 * time.Second)
	return warned, eval[bool](viewer, seesPattern)
}
