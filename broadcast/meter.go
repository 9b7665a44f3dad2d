package broadcast

import "time"

// meterSeconds is the time over which figures are taken: long enough to hold
// some frames of a still screen, which has about one a second.
const meterSeconds = 5

// meter measures what a publisher sends of one kind. The fan-out guards it.
type meter struct {
	began  time.Time // when the first packet came; zero: none did
	second int       // of the newest tally, counted from began
	// tallies are a ring: the running second's, and those of the seconds before.
	tallies [meterSeconds + 1]tally

	newest    uint16 // the publisher's highest number
	timestamp uint32 // of the newest frame

	keyed         bool          // a key frame was seen
	keyTimestamp  uint32        // of the newest key frame
	keyInterval   time.Duration // between the last two; 0: not known
	width, height int           // of the newest key frame that told
}

// tally is what came in a second.
type tally struct {
	bytes, frames int
	expected      int // packets, by their numbers
	lost          int // of these, were not just late
}

// packet notes a packet with the publisher's own number and timestamp.
func (m *meter) packet(seq uint16, ts uint32, size int, now time.Time) {
	first := m.began.IsZero()
	if first {
		m.began = now
	}
	t := m.tally(now)
	t.bytes += size
	ahead := int(int16(seq - m.newest))
	switch {
	case first, ahead > maxGap, ahead < -maxMisorder: // or it counts anew
		t.expected++
	case ahead > 0:
		t.expected += ahead
	default:
		return
	}
	m.newest = seq
	if size > 0 && (first || ts != m.timestamp) {
		m.timestamp = ts
		t.frames++
	}
}

// lost notes packets that had to be asked for again.
func (m *meter) lost(packets int, now time.Time) {
	if packets > 0 && !m.began.IsZero() {
		m.tally(now).lost += packets
	}
}

// keyFrame notes the packet with which a key frame starts.
func (m *meter) keyFrame(p *packet) {
	codec := p.format.codec
	if width, height := frameSize(codec, p.payload()); width > 0 {
		m.width, m.height = width, height
	}
	if m.keyed && p.timestamp == m.keyTimestamp {
		return
	}
	if ticks := int32(p.timestamp - m.keyTimestamp); m.keyed && ticks > 0 {
		m.keyInterval = time.Duration(ticks) * time.Second / time.Duration(codec.clockRate())
	}
	m.keyed, m.keyTimestamp = true, p.timestamp
}

// tally is the running second's.
func (m *meter) tally(now time.Time) *tally {
	second := max(m.second, int(now.Sub(m.began)/time.Second))
	for gone := min(second-m.second, len(m.tallies)); gone > 0; gone-- {
		m.tallies[(second-gone+1)%len(m.tallies)] = tally{}
	}
	m.second = second
	return &m.tallies[second%len(m.tallies)]
}

// spent is the sum of the last meterSeconds whole seconds.
func (m *meter) spent(now time.Time) (sum tally) {
	if m.began.IsZero() {
		return tally{}
	}
	running := m.tally(now)
	for i := range m.tallies {
		if t := &m.tallies[i]; t != running {
			sum.bytes += t.bytes
			sum.expected += t.expected
		}
	}
	return sum
}

// info is the figures of the last seconds.
func (m *meter) info(now time.Time) TrackInfo {
	info := TrackInfo{Width: m.width, Height: m.height, KeyFrameInterval: m.keyInterval}
	if m.began.IsZero() {
		return info
	}
	m.tally(now)
	var sum tally
	for _, t := range m.tallies {
		sum.bytes += t.bytes
		sum.frames += t.frames
		sum.expected += t.expected
		sum.lost += t.lost
	}
	over := now.Sub(m.began) // and not more than the tallies are of
	if m.second >= meterSeconds {
		over -= time.Duration(m.second-meterSeconds) * time.Second
	}
	seconds := max(over.Seconds(), 1)
	info.Bitrate = int(float64(8*sum.bytes) / seconds)
	info.FrameRate = float64(sum.frames) / seconds
	if sum.expected > 0 {
		info.Loss = min(float64(sum.lost)/float64(sum.expected), 1)
	}
	return info
}
