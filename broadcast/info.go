package broadcast

import (
	"slices"
	"time"

	"github.com/pion/rtp"
)

// Info is more than everybody in a room may know: for the API, the log and
// operators.
type Info struct {
	RoomState
	Tracks   []TrackInfo
	Warnings []Warning
}

// TrackInfo is what a publisher sends of one kind, over the last seconds.
type TrackInfo struct {
	// Kind is "video" or "audio".
	Kind  string
	Codec Codec
	// Width and Height are in pixels; 0: not known.
	Width, Height int
	// Bitrate is in bits per second, of payloads.
	Bitrate   int
	FrameRate float64
	// KeyFrameInterval is between the last two key frames; 0: not known.
	KeyFrameInterval time.Duration
	// Loss is the part of the publisher's packets that did not come by
	// themselves, 0 to 1. Most of them come when they are asked for again.
	Loss float64
}

// Info tells about a room; one that nobody is in is idle.
func (r *Relay) Info(name string) Info {
	r.mu.Lock()
	room := r.rooms[name]
	info := Info{RoomState: RoomState{State: StateIdle}}
	if room != nil {
		info.RoomState = room.state()
	}
	r.mu.Unlock()
	if info.State == StateIdle {
		return info
	}
	now := time.Now()
	for _, f := range []*fanout{room.video, room.audio} {
		if track, ok := f.info(now); ok {
			info.Tracks = append(info.Tracks, track)
		}
	}
	info.Warnings = room.video.warnings(now)
	return info
}

// Live is the names of the rooms that are live or away, sorted.
func (r *Relay) Live() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for name, room := range r.rooms {
		if room.stateNow() != StateIdle {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// info tells about what flows; not ok when nothing does.
func (f *fanout) info(now time.Time) (info TrackInfo, ok bool) {
	codec := f.flowing()
	if codec == CodecNone {
		return TrackInfo{}, false
	}
	f.mu.Lock()
	info = f.meter.info(now)
	f.mu.Unlock()
	info.Kind, info.Codec = f.kind.String(), codec
	return info, true
}

func (f *fanout) warnings(now time.Time) []Warning {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.encoder.warnings(now)
}

// measure notes a stored packet for whoever asks what the publisher sends. The
// caller holds f.mu.
func (f *fanout) measure(h *rtp.Header, p *packet, part keyPart) {
	f.meter.packet(h.SequenceNumber, h.Timestamp, len(p.payload()), p.arrived)
	if p.keyStart {
		f.ingest.keyFrames.Add(1)
		f.meter.keyFrame(p)
	}
	f.encoder.packet(p, part)
}
