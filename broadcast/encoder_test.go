package broadcast

import (
	"slices"
	"testing"
	"time"
)

var testH264 = &format{codec: CodecH264}

// studio feeds an encoder's frames to its watch, in its own time.
type studio struct {
	encoder
	now time.Time
	ts  uint32
}

func newStudio() *studio { return &studio{encoder: encoder{watched: true}, now: time.Unix(1000, 0)} }

// frame sends one a thirtieth later.
func (s *studio) frame(keyStart bool, payloads ...[]byte) {
	s.now, s.ts = s.now.Add(time.Second/30), s.ts+3000
	for i, payload := range payloads {
		p := newPacket(0, payload)
		p.format, p.timestamp, p.arrived, p.marker = testH264, s.ts, s.now, i == len(payloads)-1
		part := h264KeyStart(payload)
		p.keyStart = keyStart && i == 0
		s.packet(p, part)
	}
}

var (
	testSPS, testPPS = []byte{0x67, 0x42}, []byte{0x68, 0xce}
	testIDR, testP   = []byte{0x65, 0x88}, []byte{0x41, 0x9a}
	testB            = []byte{0x01, 0x9e} // slice type 6
)

func (s *studio) keyFrame() { s.frame(true, testSPS, testPPS, testIDR) }

// run sends n frames, and answers the watch's questions after so many frames; -1: never.
func (s *studio) run(n, answer int) (asked int) {
	due := -1
	for range n {
		if due--; due == 0 {
			s.keyFrame()
			continue
		}
		s.frame(false, testP)
		if s.curious() {
			s.request(s.now)
			asked++
			due = answer
		}
	}
	return asked
}

func (s *studio) codes() (codes []string) {
	for _, w := range s.warnings(s.now) {
		codes = append(codes, w.Code)
	}
	return codes
}

func TestEncoderLongGOP(t *testing.T) {
	s := newStudio()
	if s.run(300, -1) != 0 {
		t.Error("asked before the first key frame, which the governor asks for")
	}
	s.keyFrame()
	if s.run(30*5, -1) != 1 || s.codes() != nil {
		t.Error("after 5 s: not asked once, or already warned", s.codes())
	}
	s.run(30*5, -1)
	if got := s.codes(); !slices.Equal(got, []string{WarnLongGOP}) {
		t.Fatalf("after 10 s without an answer: %q", got)
	}
	s.keyFrame()
	if s.run(300, -1) != 0 {
		t.Error("asked again though the answer is known")
	}
	want := "Key frames come only every 10 s, so that viewers who join wait: set OBS's Keyframe Interval to 2 s (Settings, Output, Advanced)."
	if got := s.warnings(s.now); len(got) != 1 || got[0].Sentence != want {
		t.Errorf("with the second GOP: %q", got)
	}
	s.request(s.now)
	s.run(20, -1)
	s.keyFrame() // in time by chance
	if got := s.codes(); len(got) != 1 {
		t.Errorf("a key frame of its own took the warning away: %q", got)
	}
	s.run(60, -1)
	s.keyFrame()
	if got := s.codes(); got != nil {
		t.Errorf("with a GOP of 2 s: %q", got)
	}
}

// Early requests are a viewer's; the GOP is not long yet.
// A GOP of 5 s answers, as it seems, the question that comes after 4; but then the
// next one is as long without a question.
func TestEncoderGOPThatLooksLikeAnAnswer(t *testing.T) {
	s := newStudio()
	for i, want := range [][]string{nil, nil, {WarnLongGOP}, {WarnLongGOP}} {
		s.keyFrame()
		if got := s.codes(); !slices.Equal(got, want) {
			t.Errorf("at key frame %d: %q, want %q", i, got, want)
		}
		s.run(30*5-1, -1)
	}
	s.keyFrame() // still as it was
	s.run(30*2, -1)
	s.keyFrame()
	if got := s.codes(); got != nil {
		t.Errorf("after a GOP of 2 s: %q", got)
	}
}

func TestEncoderShortGOP(t *testing.T) {
	s := newStudio()
	for range 20 {
		s.keyFrame()
		s.request(s.now)
		if asked := s.run(30*3, -1); asked != 0 || s.codes() != nil {
			t.Fatalf("GOPs of 3 s: asked %d times, %q", asked, s.codes())
		}
	}
}

func TestEncoderThatHeeds(t *testing.T) {
	s := newStudio()
	s.keyFrame()
	if asked := s.run(30*60, 6); asked != 1 || s.codes() != nil {
		t.Errorf("asked %d times, %q", asked, s.codes())
	}
	s.request(s.now)
	s.run(60, -1)
	if got := s.codes(); !slices.Equal(got, []string{WarnLongGOP}) {
		t.Errorf("a viewer's request was not answered: %q", got)
	}
}

// A browser that publishes a still screen has one frame a second, and answers
// with the second one.
func TestEncoderStillScreen(t *testing.T) {
	s := newStudio()
	s.keyFrame()
	for range 10 {
		s.now = s.now.Add(time.Second)
		s.frame(false, testP)
		if s.curious() {
			s.request(s.now)
			s.now = s.now.Add(2 * time.Second)
			s.keyFrame()
		}
	}
	if got := s.codes(); got != nil || !s.heeds {
		t.Errorf("heeds: %t, %q", s.heeds, got)
	}
}

func TestEncoderBFrames(t *testing.T) {
	s := newStudio()
	s.keyFrame()
	s.frame(false, testP)
	if got := s.codes(); got != nil {
		t.Fatalf("without B-frames: %q", got)
	}
	s.frame(false, testB)
	s.run(30, -1)
	if got := s.codes(); !slices.Equal(got, []string{WarnBFrames}) {
		t.Errorf("with one: %q", got)
	}
	if got := s.warnings(s.now.Add(biTime)); got != nil {
		t.Errorf("long after: %q", got)
	}
	if len(s.fresh(s.now)) != 1 || s.fresh(s.now) != nil {
		t.Error("not logged once")
	}
}

func TestEncoderParameterSets(t *testing.T) {
	s := newStudio()
	gop := func(key ...[]byte) {
		s.frame(true, key...)
		s.run(60, -1)
	}
	gop(testSPS, testPPS, testIDR)
	gop([]byte{0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce, 0, 2, 0x65, 0x88})
	if got := s.codes(); got != nil {
		t.Fatalf("with parameter sets: %q", got)
	}
	s.frame(true, testIDR, testSPS) // reordered
	s.run(60, -1)
	if got := s.codes(); got != nil {
		t.Fatalf("with parameter sets that were overtaken: %q", got)
	}
	gop(testIDR)
	if got := s.codes(); !slices.Equal(got, []string{WarnParameterSets}) {
		t.Errorf("without: %q", got)
	}
	gop(testSPS, testPPS, testIDR)
	if got := s.codes(); got != nil {
		t.Errorf("with parameter sets again: %q", got)
	}
}

// A browser is not watched.
func TestEncoderNone(t *testing.T) {
	s := newStudio()
	s.watched = false
	s.frame(true, testIDR)
	s.frame(false, testB)
	if asked := s.run(600, -1); asked != 0 || s.codes() != nil {
		t.Errorf("asked %d times, %q", asked, s.codes())
	}
}
