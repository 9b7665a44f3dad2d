package broadcast

import (
	"fmt"
	"slices"
	"time"
)

const (
	// longGOP is the longest time between two key frames for which viewers can
	// be let in from the history.
	longGOP = 4 * time.Second
	// heedTime is how long an encoder has to answer a request for a key frame, and
	// heedFrames how many frames: a browser answers with its next one, which from a
	// still screen takes a second or two.
	heedTime   = 1500 * time.Millisecond
	heedFrames = 10
	// biTime is how long B-frames are remembered: they come all the time or never.
	biTime = 10 * time.Second
)

// Codes of a Warning.
const (
	WarnLongGOP       = "gop-too-long"
	WarnBFrames       = "b-frames"
	WarnParameterSets = "parameter-sets"
)

// Warning is what makes a publisher's encoder unfit for viewers that join while
// it runs. The Sentence says which setting to change.
type Warning struct{ Code, Sentence string }

// encoder watches a publisher that is a program: its key frames come by its own
// settings, which a person can mend. The fan-out guards it.
type encoder struct {
	watched bool     // the source is such a publisher
	logged  []string // codes of warnings

	last     time.Time     // when the newest packet came
	keyed    time.Time     // when the running GOP began; zero: none did
	interval time.Duration // that the GOP before took; 0: not known
	asked    time.Time     // the first request for a key frame in this GOP; zero: none
	frames   int           // since then
	heeds    bool          // such a request was answered
	long     bool          // the GOP is long, and such a request was not answered

	bi time.Time // when the newest B slice came; zero: none did

	frame      uint32 // timestamp of the newest key frame
	parameters bool   // it has parameter sets
	picture    bool   // its picture has begun
	bare       bool   // the newest one that is over had none
}

// packet notes a packet in the order of arrival. part is what part of a key
// frame starts with it.
func (e *encoder) packet(p *packet, part keyPart) {
	if !e.watched {
		return
	}
	now := p.arrived
	e.last = now
	if p.keyStart {
		e.keyStart(p.timestamp, now)
	}
	if p.format.codec == CodecH264 {
		e.h264(p, part)
	}
	if ends(p) {
		e.frames++
	}
	if e.ignored(now) {
		e.long, e.heeds = e.long || now.Sub(e.keyed) > longGOP, false
	}
}

// ignored reports whether the encoder had its time to answer a request.
func (e *encoder) ignored(now time.Time) bool {
	return !e.asked.IsZero() && now.Sub(e.asked) > heedTime && e.frames >= heedFrames
}

// keyStart notes that a key frame starts; it may do so twice.
func (e *encoder) keyStart(ts uint32, now time.Time) {
	if !e.keyed.IsZero() && ts == e.frame {
		return
	}
	if !e.keyed.IsZero() {
		before := e.interval
		e.interval = now.Sub(e.keyed)
		e.long = e.interval > longGOP && (e.long || e.asked.IsZero() && alike(e.interval, before))
		e.heeds = e.heeds || !e.long && !e.asked.IsZero() && !e.ignored(now)
	}
	e.keyed, e.asked, e.frame = now, time.Time{}, ts
	e.parameters, e.picture = false, false
}

// alike is true for two GOPs of a setting: those that come by request, or with the
// scenes, are never of one length.
func alike(a, b time.Duration) bool { return (a - b).Abs() < b/50 }

// h264 looks for B slices, and for key frames without parameter sets.
func (e *encoder) h264(p *packet, part keyPart) {
	if h264Bipredicted(p.payload()) {
		e.bi = p.arrived
	}
	if p.timestamp == e.frame {
		e.parameters = e.parameters || part == keyParameters
		e.picture = e.picture || part != keyNone
	} else if e.picture { // the key frame is over
		e.bare, e.picture = !e.parameters, false
	}
}

// curious reports whether to ask for a key frame, to learn if the encoder heeds
// requests: once in a GOP that is long.
func (e *encoder) curious() bool {
	return e.watched && !e.heeds && !e.long && e.asked.IsZero() && !e.keyed.IsZero() && e.last.Sub(e.keyed) > longGOP
}

// request notes that a key frame was asked for.
func (e *encoder) request(now time.Time) {
	if !e.keyed.IsZero() && e.asked.IsZero() {
		e.asked, e.frames = now, 0
	}
}

// warnings is what is wrong at now.
func (e *encoder) warnings(now time.Time) (warnings []Warning) {
	if e.long {
		warnings = append(warnings, Warning{WarnLongGOP, e.longSentence()})
	}
	if !e.bi.IsZero() && now.Sub(e.bi) < biTime {
		warnings = append(warnings, Warning{WarnBFrames, "The video has B-frames, which WebRTC players can't show in order: " +
			"set OBS's B-frames to 0 (Settings, Output, Advanced), or the encoder's profile to baseline."})
	}
	if e.bare {
		warnings = append(warnings, Warning{WarnParameterSets, "The encoder sends its parameter sets only once, so that viewers who join later see nothing: " +
			"have it repeat them with each key frame (OBS: x264 Options repeat-headers=1; ffmpeg: -bsf:v dump_extra; GStreamer: config-interval=-1)."})
	}
	return warnings
}

// fresh is the warnings that were not logged yet, and takes them as logged.
func (e *encoder) fresh(now time.Time) (fresh []Warning) {
	for _, w := range e.warnings(now) {
		if !slices.Contains(e.logged, w.Code) {
			e.logged = append(e.logged, w.Code)
			fresh = append(fresh, w)
		}
	}
	return fresh
}

func (e *encoder) longSentence() string {
	apart := fmt.Sprintf("more than %.0f s apart", longGOP.Seconds())
	if e.interval > longGOP {
		apart = fmt.Sprintf("only every %.0f s", e.interval.Seconds())
	}
	return "Key frames come " + apart + ", so that viewers who join wait: " +
		"set OBS's Keyframe Interval to 2 s (Settings, Output, Advanced)."
}
