package broadcast

import (
	"math"
	"testing"
	"time"
)

// metered sends a meter frames of two packets of 500 bytes, 30 a second, each
// beginning at its multiple of a thirtieth.
func metered(m *meter, from, frames int) {
	for i := from; i < from+frames; i++ {
		at := time.Unix(0, 0).Add(time.Duration(i) * time.Second / 30)
		for j := range 2 {
			m.packet(uint16(65530+2*i+j), uint32(i)*3000-1e6, 500, at)
		}
	}
}

func near(got, want float64) bool { return math.Abs(got-want) <= 0.02*want }

func TestMeter(t *testing.T) {
	start := time.Unix(0, 0)
	var m meter
	if got := m.info(start); got != (TrackInfo{}) {
		t.Errorf("before the first packet: %+v", got)
	}
	for _, seconds := range []int{1, 2, 3, 4, 5, 60} {
		m = meter{}
		metered(&m, 0, 30*seconds)
		got := m.info(start.Add(time.Duration(seconds)*time.Second - time.Millisecond))
		if !near(got.FrameRate, 30) || !near(float64(got.Bitrate), 8*500*60) || got.Loss != 0 {
			t.Errorf("after %d s: %+v", seconds, got)
		}
	}
	if got := m.info(start.Add(62 * time.Second)); got.FrameRate > 25 || got.FrameRate < 15 {
		t.Errorf("2 s later: %+v", got)
	}
	if got := m.info(start.Add(66 * time.Second)); got.FrameRate != 0 || got.Bitrate != 0 {
		t.Errorf("6 s later: %+v", got)
	}
	metered(&m, 30*100, 30*6)
	if got := m.info(start.Add(106*time.Second - time.Millisecond)); !near(got.FrameRate, 30) {
		t.Errorf("after a pause: %+v", got)
	}
}

func TestMeterLoss(t *testing.T) {
	at := time.Unix(0, 0)
	var m meter
	for seq := range uint16(100) {
		if seq%10 != 5 { // each tenth is lost
			m.packet(seq, 0, 500, at)
		}
	}
	m.lost(10, at)
	m.packet(5, 0, 500, at) // and one came when asked for
	if got := m.info(at).Loss; !near(got, 0.1) {
		t.Errorf("loss %f", got)
	}
	if got := m.info(at.Add(10 * time.Second)).Loss; got != 0 {
		t.Errorf("loss %f, long ago", got)
	}
	m.lost(7, at.Add(10*time.Second))
	if got := m.info(at.Add(10 * time.Second)).Loss; got != 0 {
		t.Errorf("loss %f of nothing", got)
	}
	m = meter{}
	m.packet(1, 0, 500, at)
	m.packet(40000, 0, 500, at) // counts anew
	m.lost(0, at)
	if m.tallies[0].expected != 2 {
		t.Errorf("%d packets expected of two", m.tallies[0].expected)
	}
}

func TestMeterKeyFrames(t *testing.T) {
	var m meter
	key := func(ts uint32, payload ...byte) {
		p := newPacket(1, payload)
		p.timestamp, p.format = ts, testVP8
		m.keyFrame(p)
	}
	vp8 := unhex("10 50 42 00 9d 01 2a 00 05 d0 02")
	key(1<<32-90_000, vp8...)
	key(1<<32-90_000, vp8...)
	if got := m.info(time.Time{}); got.KeyFrameInterval != 0 || got.Width != 1280 || got.Height != 720 {
		t.Errorf("after one: %+v", got)
	}
	key(90_000, 0x10, 0x00) // tells no size
	if got := m.info(time.Time{}); got.KeyFrameInterval != 2*time.Second || got.Width != 1280 {
		t.Errorf("after two: %+v", got)
	}
}
