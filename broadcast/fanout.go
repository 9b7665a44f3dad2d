package broadcast

import (
	"context"
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
)

// What the history holds of each kind. A viewer asks again for a second at most, and
// a joiner gets a GOP that can be older, of maxEncoderBytes. mostBytes are 2 s of
// 64 Mbit/s of video.
var (
	videoBounds = bounds{minAge: 2 * time.Second, maxAge: 3 * time.Second, bytes: 8 << 20, mostBytes: 16 << 20}
	audioBounds = bounds{minAge: 2 * time.Second, maxAge: 3 * time.Second, bytes: 256 << 10, mostBytes: 512 << 10}
)

// fanout forwards one kind of a room's media: from whichever Track is the
// source to every DownTrack. It outlives publishers.
//
// Packets come in through take (the source's reader) and leave in run, burst by
// burst. The crew helps with that, but no viewer is two goroutines' in one burst,
// and the next begins when all have been served: so order is kept.
type fanout struct {
	// static after newFanout
	kind    kind
	changed func() // tells the room
	history *history
	crew    *crew
	wake    chan struct{} // holds one token when there is something to do

	wanted atomic.Bool   // some viewer asked for a key frame, or waits for one
	joined atomic.Bool   // some viewer is to be primed
	codec  atomic.Uint32 // Codec that flows
	drops  drops
	ingest ingest

	mu       sync.Mutex // guards what follows
	source   *Track     // whose packets are taken; nil: nobody's
	timeline timeline
	gaps     gaps
	keys     keyFrames
	meter    meter
	encoder  encoder
	pending  []*packet // stored, not forwarded yet
	order    uint64    // of the newest packet, counted in order of arrival
	floor    uint64    // packets up to this order are of an ended presentation
	began    bool      // the governor is to hear of a new source
	audience audience  // replaced, never changed
	heard    time.Time // when the newest packet came

	// owned by run
	shares   shares
	governor governor
	primer   primer
	spare    []*packet // swapped with pending
	frame    uint64    // newest frame seen
	last     *packet   // newest packet forwarded, until it is repeated
}

func newFanout(k kind, c *crew, changed func()) *fanout {
	bounds := videoBounds
	if k == kindAudio {
		bounds = audioBounds
	}
	f := &fanout{kind: k, changed: changed, crew: c, history: newHistory(bounds), wake: make(chan struct{}, 1)}
	f.audience = make(audience, c.socket.Lanes())
	f.shares.init(f)
	return f
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

// want hands viewers' wishes to the governor.
func (f *fanout) want(now time.Time) {
	if f.wanted.Swap(false) {
		f.governor.want(now)
	}
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
		burst, to := f.collect()
		now := time.Now()
		f.forward(burst, to, now)
		f.observe(burst, now)
		f.spare = burst
		timer.Reset(f.serve(to, time.Now()))
	}
}

// forward sends a burst to the audience, and joiners the next slices of their
// backlogs.
func (f *fanout) forward(burst []*packet, to audience, now time.Time) {
	f.prepare(to, now)
	if len(burst) == 0 {
		to = f.primer.pending
	}
	f.shares.forward(burst, to, now)
	f.primer.settle(now)
	f.want(now) // before observe: what the burst answers itself is not asked for
}

// collect takes what has arrived: to the end of a frame, or for burstTime.
func (f *fanout) collect() (burst []*packet, to audience) {
	if f.kind == kindVideo && f.partial() {
		f.await()
	}
	// Before the audience is taken: whoever joins later is looked for in the next pass.
	f.primer.called = f.joined.Swap(false)
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.spare) // or it would keep packets that the history let go
	burst, f.pending = f.pending, f.spare[:0]
	return burst, f.audience
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
