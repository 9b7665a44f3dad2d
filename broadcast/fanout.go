package broadcast

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

const (
	// A burst is a frame, or what came within burstTime: Chromium spreads a
	// heavy frame over 45 to 135 ms.
	burstTime = time.Millisecond
	// maxPending bounds what waits for the fan-out, in packets. What is over is
	// not forwarded; viewers get it by NACK, as the history has it.
	maxPending = 4096
	// tailTime: a viewer can't know that the last packet of all was lost, so it
	// is repeated once after this much silence.
	tailTime = 100 * time.Millisecond
	// soundTime without a packet means that there is no sound any more.
	soundTime = 2 * time.Second

	// What the history holds of each kind.
	maxVideoBytes = 8 << 20
	maxAudioBytes = 256 << 10
	historyTime   = 3 * time.Second

	// A GOP beyond these is not replayed to a joiner: decoding it takes longer
	// than a new key frame does.
	maxPrimeFrames = 240
	maxPrimeBytes  = 4 << 20
	// An encoder that can't be asked for one is waited for instead, so more is
	// replayed: 5 s at 60 frames a second, 4 s of 12 Mbit/s.
	maxEncoderFrames = 300
	maxEncoderBytes  = 6 << 20
)

// fanout forwards one kind of a room's media: from whichever Track is the
// source to every DownTrack. It outlives publishers.
//
// Packets come in through take (the source's reader) and leave in run, which is
// the only goroutine that sends media to viewers: so order is kept.
type fanout struct {
	// static after newFanout
	kind    kind
	changed func() // tells the room
	history *history
	socket  holder
	wake    chan struct{} // holds one token when there is something to do

	wanted atomic.Bool   // some viewer asked for a key frame
	codec  atomic.Uint32 // Codec that flows
	drops  drops

	mu       sync.Mutex // guards what follows
	source   *Track     // whose packets are taken; nil: nobody's
	timeline timeline
	gaps     gaps
	keys     keyFrames
	meter    meter
	encoder  encoder
	pending  []*packet    // stored, not forwarded yet
	order    uint64       // of the newest packet, counted in order of arrival
	floor    uint64       // packets up to this order are of an ended presentation
	began    bool         // the governor is to hear of a new source
	downs    []*DownTrack // replaced, never changed
	heard    time.Time    // when the newest packet came

	// owned by run
	governor governor
	spare    []*packet // swapped with pending
	frame    uint64    // newest frame seen
	last     *packet   // newest packet forwarded, until it is repeated
}

func newFanout(k kind, changed func()) *fanout {
	bytes := maxVideoBytes
	if k == kindAudio {
		bytes = maxAudioBytes
	}
	return &fanout{kind: k, changed: changed, history: newHistory(bytes, historyTime), wake: make(chan struct{}, 1), socket: unheld{}}
}

func (f *fanout) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// flowing is the codec of what flows.
func (f *fanout) flowing() Codec { return Codec(f.codec.Load()) }

// flows notes the codec, and tells the room when it is another one. The caller
// holds no lock.
func (f *fanout) flows(c Codec) {
	if f.flowing() != c && f.codec.Swap(uint32(c)) != uint32(c) {
		f.changed()
	}
}

// setSource makes t the source: packets of the one before are refused from now on.
func (f *fanout) setSource(t *Track) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.source == t {
		return
	}
	f.source = t
	f.began = true
	f.timeline.begin()
	f.gaps.reset()
	f.meter = meter{}
	f.encoder = encoder{watched: t != nil && t.session.join.Encoder && f.kind == kindVideo}
	f.signal()
}

// forget makes what is stored unknown to joiners: its presentation has ended.
func (f *fanout) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.floor = f.order
	f.codec.Store(uint32(CodecNone))
}

// take stores a packet of t's and queues it for the viewers.
func (f *fanout) take(t *Track, h *rtp.Header, payload []byte, now time.Time) {
	format := t.formats[h.PayloadType]
	if format == nil {
		f.drops.count(dropPayloadType)
		return
	}
	if f.store(t, format, h, payload, now) {
		f.signal()
		f.flows(format.codec)
	}
}

// store puts a packet on the room's timeline and into the history.
func (f *fanout) store(t *Track, format *format, h *rtp.Header, payload []byte, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.source != t {
		f.drops.count(dropReplaced)
		return false
	}
	f.gaps.received(h.SequenceNumber, now)
	seq, timestamp, ok := f.timeline.shift(h.SequenceNumber, h.Timestamp, format.codec.clockRate(), now)
	if !ok {
		f.drops.count(dropEarly)
		return false
	}
	p := newPacket(seq, payload)
	p.timestamp, p.marker, p.format, p.arrived = timestamp, h.Marker, format, now
	part, starts := f.keys.start(format.codec, timestamp, payload)
	p.keyStart = starts
	p.order = f.order + 1
	if !f.history.add(p) {
		f.drops.count(dropDuplicate)
		return false
	}
	f.measure(h, p, part)
	f.order++
	f.heard = now
	if len(f.pending) == maxPending {
		f.drops.count(dropBehind)
		return false
	}
	f.pending = append(f.pending, p)
	return true
}

// join adds a viewer's DownTrack; the next pass primes it.
func (f *fanout) join(d *DownTrack) {
	f.mu.Lock()
	f.downs = append(slices.Clip(f.downs), d)
	f.mu.Unlock()
	f.signal()
}

func (f *fanout) leave(d *DownTrack) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.downs = slices.DeleteFunc(slices.Clone(f.downs), func(other *DownTrack) bool { return other == d })
}

// wantKeyFrame is called for a viewer that lost its picture.
func (f *fanout) wantKeyFrame() {
	if !f.wanted.Swap(true) {
		f.signal()
	}
}

// run forwards until ctx ends.
func (f *fanout) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-timer.C:
		}
		burst, downs := f.collect()
		now := time.Now()
		f.forward(burst, downs, now)
		f.observe(burst, now)
		f.spare = burst
		timer.Reset(f.serve(downs, time.Now()))
	}
}

// forward sends a burst to one viewer after the other, so that one viewer's
// packets lie together and leave as one message of the kernel's.
func (f *fanout) forward(burst []*packet, downs []*DownTrack, now time.Time) {
	f.socket.Hold()
	defer f.socket.Release()
	for _, d := range downs {
		d.forward(burst, now)
	}
}

// collect takes what has arrived: to the end of a frame, or for burstTime.
func (f *fanout) collect() (burst []*packet, downs []*DownTrack) {
	if f.kind == kindVideo && f.partial() {
		f.await()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.spare) // or it would keep packets that the history let go
	burst, f.pending = f.pending, f.spare[:0]
	return burst, f.downs
}

// await waits for the rest of a frame, not longer than burstTime.
func (f *fanout) await() {
	end := time.NewTimer(burstTime)
	defer end.Stop()
	for {
		select {
		case <-end.C:
			return
		case <-f.wake:
			if !f.partial() {
				return
			}
		}
	}
}

// partial reports whether what is pending ends within a frame.
func (f *fanout) partial() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.pending)
	return n > 0 && !f.pending[n-1].marker
}

// observe tells the governor what went by.
func (f *fanout) observe(burst []*packet, now time.Time) {
	f.follow(now)
	for _, p := range burst {
		newFrame := p.frame > f.frame
		f.frame = max(f.frame, p.frame)
		f.governor.packet(p.arrived, len(p.payload()), newFrame, p.keyStart)
		if !p.padding() && (f.last == nil || int16(p.seq-f.last.seq) > 0) { // a repair is no tail
			f.last = p
		}
	}
}

// follow tells the governor of another source.
func (f *fanout) follow(now time.Time) {
	f.mu.Lock()
	began, live := f.began, f.source != nil
	f.began = false
	f.mu.Unlock()
	switch {
	case !began || f.kind != kindVideo:
	case live:
		f.governor.begin(now)
	default:
		f.governor.stop()
	}
}

// prime is what a joiner gets before it is live: the running GOP, as it is at
// order. It is not ok when the joiner has to wait for a key frame.
func (f *fanout) prime(now time.Time) (packets []*packet, squeezed squeeze, order uint64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	frames, bytes := maxPrimeFrames, maxPrimeBytes
	if f.encoder.watched {
		frames, bytes = maxEncoderFrames, maxEncoderBytes
	}
	packets, last, edge, ok := f.history.gop(frames, bytes, now)
	if !ok || packets[0].order <= f.floor {
		return nil, squeeze{}, f.order, false
	}
	return packets, squeeze{first: packets[0].frame, last: last, edge: edge}, f.order, true
}
