package source

import (
	"math"
	"sync/atomic"
	"time"
)

// Frame is one frame of video or audio.
type Frame struct {
	// Packets are its RTP payloads in order, each with a stamp at its end. The last
	// one goes with the marker bit (video, RFC 6184 section 5.1). They belong to
	// the Source: the next frame overwrites them.
	Packets [][]byte
	// Key is true for a key frame.
	Key bool
	// Timestamp is that of RTP, 0 for the first frame: whoever sends it adds a random
	// start (RFC 3550 section 5.1). In VideoClock or AudioClock units.
	Timestamp uint32
}

// Source makes video frames. It is one goroutine's but for RequestKeyFrame.
type Source struct {
	// Static.
	options  Options
	interval time.Duration
	filler   []byte

	// Of the goroutine that calls Next.
	started  time.Time
	lastKey  time.Time
	frames   uint32 // so far
	keys     uint32 // of them
	sinceKey uint32
	owed     float64 // bytes, the fraction that earlier frames did not send
	buffers  [][]byte
	packets  [][]byte

	// Of any goroutine.
	keyWanted atomic.Bool
}

// New returns a Source, or an error that says which option is out of bounds.
func New(options Options) (*Source, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	s := &Source{options: options, filler: newFiller(), interval: time.Second}
	if !options.Still {
		s.interval = time.Duration(math.Round(float64(time.Second) / options.FPS))
	}
	s.keyWanted.Store(true) // the first frame can be nothing else
	return s, nil
}

// RequestKeyFrame makes the next frame a key frame, as a PLI (RFC 4585 section
// 6.3.1) does. Safe from any goroutine; requests before that frame are one.
func (s *Source) RequestKeyFrame() { s.keyWanted.Store(true) }

// Interval is the time from one frame to the next.
func (s *Source) Interval() time.Duration { return s.interval }

// Next makes the next frame, of a picture taken at now, and stamps it so. H264's
// parameter sets are a packet more at the start of a key frame.
func (s *Source) Next(now time.Time) Frame {
	key := s.keyDue(now)
	if s.started.IsZero() {
		s.started = now
	}
	s.packets = s.packets[:0]
	if key {
		s.lastKey, s.sinceKey = now, 0
		s.keys++
	}
	if key && s.options.Codec == H264 {
		s.put(h264Parameters(s.buffer()))
	}
	s.picture(key, s.takeSize())
	for _, p := range s.packets {
		Stamp(p, now)
	}
	s.frames++
	s.sinceKey++
	return Frame{Packets: s.packets, Key: key, Timestamp: videoTimestamp(now.Sub(s.started))}
}

// keyDue also decides for the frame that is nearest to the GOP's end, since
// frames come a little early or late.
func (s *Source) keyDue(now time.Time) bool {
	if s.keyWanted.Swap(false) {
		return true
	}
	return s.options.GOP > 0 && now.Sub(s.lastKey)+s.interval/2 >= s.options.GOP
}

// takeSize is the bytes of the next frame. What a bit rate gives beyond whole
// bytes is kept for the following ones.
func (s *Source) takeSize() int {
	s.owed += s.options.frameSize()
	size := math.Floor(s.owed)
	s.owed -= size
	return int(size)
}

// picture cuts a frame as Chromium does: sizes differ by one byte at most, the
// shorter ones first.
func (s *Source) picture(key bool, size int) {
	n := (size + s.options.PacketSize - 1) / s.options.PacketSize
	longer := size % n
	place := place{key: key, frame: s.frames, keys: s.keys, sinceKey: s.sinceKey, size: size}
	for i := range n {
		place.first, place.last = i == 0, i == n-1
		length := size / n
		if i >= n-longer {
			length++
		}
		p := s.options.Codec.header(s.buffer(), place)
		s.put(append(p, s.filler[:length-len(p)]...))
	}
}

// buffer is the one for the frame's next packet, empty.
func (s *Source) buffer() []byte {
	if len(s.packets) == len(s.buffers) {
		s.buffers = append(s.buffers, make([]byte, 0, s.options.PacketSize))
	}
	return s.buffers[len(s.packets)]
}

func (s *Source) put(packet []byte) { s.packets = append(s.packets, packet) }

// videoTimestamp wraps after 13 hours.
func videoTimestamp(elapsed time.Duration) uint32 {
	// Both divided by 10,000, so that it overflows after 32 years only.
	const second, ticks = int64(time.Second / 10000), VideoClock / 10000
	return uint32(int64(elapsed) * ticks / second)
}

// newFiller is noise without a byte of 0, the same in each run: Knuth's linear
// congruential generator (MMIX).
func newFiller() []byte {
	filler := make([]byte, maxPacket)
	state := uint64(1)
	for i := range filler {
		state = state*6364136223846793005 + 1442695040888963407
		filler[i] = 1 + byte((state>>32)%255)
	}
	return filler
}
