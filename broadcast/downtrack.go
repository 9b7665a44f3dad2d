package broadcast

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// phase is where a DownTrack is in its stream.
type phase uint8

const (
	phaseJoining phase = iota // until Pion has bound it
	phasePriming              // to be primed in this pass
	phaseWaiting              // for a key frame
	phaseLive
)

// DownTrack is one kind of media going out to one viewer: a webrtc.TrackLocal
// that is written to by the room's fan-out.
type DownTrack struct {
	// static after addDownTracks
	session *Session
	fanout  *fanout
	rtx     map[uint8]uint8 // payload types of repairs, by those that they repair
	rtxSSRC uint32

	// set once, by Pion's negotiation
	binding atomic.Pointer[binding]
	// set before the first packet is sent: how this viewer was primed. It changes
	// only for frames of which nothing has been sent.
	primed atomic.Pointer[squeeze]

	// guarded by the fan-out's mu
	lane int // of the socket: where this viewer's packets leave

	// owned by whoever serves the viewer in a burst of the fan-out's
	phase   phase
	from    uint64   // packets up to this order came with the priming
	backlog *backlog // nil unless there is something of the priming to be sent
	header  rtp.Header
	newest  uint16 // number sent on the media SSRC
	started bool   // newest and begins count
	begins  uint64 // frame of the first packet sent

	lacking  atomic.Bool   // the viewer lacks the codec that flows
	slow     atomic.Bool   // the viewer's network can't carry it
	absent   atomic.Bool   // the viewer is silent: nothing is sent into the void
	playing  atomic.Bool   // packets are sent: NACKs and PLIs are served; set with phase
	sent     atomic.Uint64 // packets on the media SSRC
	octets   atomic.Uint64 // bytes of payload in these
	repeated atomic.Uint64 // packets sent again
	rtxSent  atomic.Uint64 // those of them that went by RFC 4588
	asked    asked         // by the viewer
	filler   atomic.Uint32 // a number that an empty packet used up, with fillerSet
	reached  atomic.Uint32 // while there is a backlog: the newest number sent, with unsentSet
	drops    drops

	repair repair
	health health
	pace   pace
}

// binding is what was negotiated with the viewer.
type binding struct {
	ssrc, rtxSSRC uint32
	types         []payloadType
	write         webrtc.TrackLocalWriter
	latest        atomic.Pointer[match] // formats change seldom
}

// payloadType is one codec of a viewer's.
type payloadType struct {
	format format
	media  uint8
	rtx    uint8 // 0: none
}

// match is the payload type for a publisher's format; nil: the viewer has none.
type match struct {
	format *format
	to     *payloadType
}

// repair sends packets again. RTX has numbers of its own.
type repair struct {
	mu     sync.Mutex // guards what follows
	header rtp.Header
	seq    uint16
}

func newDownTrack(s *Session, k kind) *DownTrack {
	d := &DownTrack{session: s, fanout: s.room.fanout(k)}
	d.header.Version, d.repair.header.Version = 2, 2
	return d
}

// ID and StreamID go into the answer's msid: both kinds of a viewer are one stream.
func (d *DownTrack) ID() string { return d.fanout.kind.String() }

// StreamID is the room's name.
func (d *DownTrack) StreamID() string { return "relay-" + d.session.room.name }

// RID is empty: there is one encoding.
func (d *DownTrack) RID() string { return "" }

// Kind is the kind in Pion's words.
func (d *DownTrack) Kind() webrtc.RTPCodecType {
	if d.fanout.kind == kindAudio {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}

// Bind takes over what was negotiated: all codecs, as the publisher's may change.
func (d *DownTrack) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	codecs := ctx.CodecParameters()
	b := &binding{ssrc: uint32(ctx.SSRC()), rtxSSRC: d.rtxSSRC, types: payloadTypes(codecs, d.rtx), write: ctx.WriteStream()}
	if len(b.types) == 0 {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	d.header.SSRC = b.ssrc
	d.binding.Store(b)
	d.fanout.joined.Store(true)
	d.fanout.signal()
	return codecs[0], nil
}

// Unbind is called when the PeerConnection closes; the session's end has taken
// the DownTrack out of the fan-out.
func (d *DownTrack) Unbind(webrtc.TrackLocalContext) error { return nil }

func payloadTypes(codecs []webrtc.RTPCodecParameters, rtx map[uint8]uint8) (types []payloadType) {
	for _, c := range codecs {
		if codec := codecOf(c.MimeType); codec != CodecNone {
			types = append(types, payloadType{
				format: format{codec: codec, fmtp: c.SDPFmtpLine},
				media:  uint8(c.PayloadType), rtx: rtx[uint8(c.PayloadType)],
			})
		}
	}
	return types
}

// match finds the viewer's payload type for a publisher's format, or nil.
func (b *binding) match(f *format) *payloadType {
	if m := b.latest.Load(); m != nil && m.format == f {
		return m.to
	}
	m := &match{format: f}
	best := 0
	for i := range b.types {
		if score := f.fits(b.types[i].format); score > best {
			m.to, best = &b.types[i], score
		}
	}
	b.latest.Store(m)
	return m.to
}

// forward sends a burst, behind what is still to be sent of the priming.
func (d *DownTrack) forward(burst []*packet, now time.Time) {
	b := d.binding.Load()
	if b == nil || d.phase == phaseJoining {
		return
	}
	if d.phase == phasePriming {
		d.prime(now)
		defer d.reportPrimed(now)
	}
	if d.backlog != nil {
		d.catchUp(b, burst, now)
		return
	}
	for _, p := range burst {
		if p.order > d.from {
			d.pass(b, p)
		}
	}
}

// pass sends a packet, unless the viewer lacks its codec, can't take it, or
// waits for a key frame.
func (d *DownTrack) pass(b *binding, p *packet) {
	to := b.match(p.format)
	if lacks := to == nil; d.lacking.Load() != lacks {
		d.lacking.Store(lacks)
		d.fanout.changed()
	}
	switch {
	case to == nil:
		d.leaveOut(b, p, dropCodec)
	case d.absent.Load():
		d.leaveOut(b, p, dropAbsent)
	case d.slow.Load():
		d.leaveOut(b, p, dropSlow)
	case d.phase == phaseWaiting && d.fanout.kind == kindVideo && !p.keyStart:
		d.leaveOut(b, p, dropNoKeyFrame)
		d.fanout.wanted.Store(true) // run passes it on after the burst
	case d.started && p.frame < d.begins:
		d.drops.count(dropBefore)
	default:
		d.resume()
		if !d.started {
			d.begins = p.frame
			d.session.firstPacket()
		}
		d.send(b, p, to.media)
	}
}

// leaveOut does not send a packet; what comes after starts at a key frame.
func (d *DownTrack) leaveOut(b *binding, p *packet, reason dropReason) {
	d.drops.count(reason)
	if d.phase != phaseWaiting {
		d.phase = phaseWaiting
		d.playing.Store(false)
	}
	if d.started && p.seq-d.newest >= maxUnsent && p.seq-d.newest < 1<<15 {
		d.fill(b, p)
	}
}

const (
	// maxUnsent is how many numbers a viewer may miss in a row. SRTP has 16 bits
	// of a number on the wire, and both ends guess the rest from the newest one
	// (RFC 3711 section 3.3.1): after 32,768 that nobody sent they guess wrong,
	// and a nonce would be used again. It is the history's length too, so that
	// at most one filler's number is in there.
	maxUnsent = maxSlots
	fillerSet = 1 << 16
)

// fill sends an empty packet under p's number, which p then never has.
func (d *DownTrack) fill(b *binding, p *packet) {
	d.filler.Store(fillerSet | uint32(p.seq))
	d.header.Marker = false
	d.header.PayloadType = b.types[0].media
	d.header.SequenceNumber = p.seq
	d.header.Timestamp = p.timestamp
	d.write(b, nil)
}

// back is called when a silent viewer is there again.
func (d *DownTrack) back() {
	d.absent.Store(false)
	if d.fanout.kind == kindVideo {
		d.fanout.wantKeyFrame()
	}
}

func (d *DownTrack) resume() {
	if d.phase != phaseLive {
		d.phase = phaseLive
		d.playing.Store(true)
	}
}

// send writes one packet on the media SSRC. Nothing is allocated.
func (d *DownTrack) send(b *binding, p *packet, payloadType uint8) {
	how := d.primed.Load()
	d.header.Marker = how.marker(p)
	d.header.PayloadType = payloadType
	d.header.SequenceNumber = p.seq
	d.header.Timestamp = how.stamp(p)
	d.write(b, how.payload(p))
}

// write sends the header and a payload on the media SSRC.
func (d *DownTrack) write(b *binding, payload []byte) {
	if !d.started || int16(d.header.SequenceNumber-d.newest) > 0 {
		d.started, d.newest = true, d.header.SequenceNumber
	}
	if _, err := b.write.WriteRTP(&d.header, payload); err != nil {
		d.drops.count(dropWrite)
		return
	}
	d.sent.Add(1)
	d.octets.Add(uint64(len(payload)))
}

// resend repeats a packet as RTX (RFC 4588), or, where that was not
// negotiated, as it was: the same number with the same content.
func (d *DownTrack) resend(b *binding, p *packet) {
	to := b.match(p.format)
	if to == nil || d.filler.Load() == fillerSet|uint32(p.seq) {
		return
	}
	r := &d.repair
	r.mu.Lock()
	defer r.mu.Unlock()
	how := d.primed.Load()
	r.header.Marker = how.marker(p)
	r.header.Timestamp = how.stamp(p)
	payload, rtx := how.payload(p), to.rtx != 0 && b.rtxSSRC != 0
	if rtx {
		r.seq++
		r.header.SSRC, r.header.PayloadType, r.header.SequenceNumber = b.rtxSSRC, to.rtx, r.seq
		payload = how.osn(p)
	} else {
		r.header.SSRC, r.header.PayloadType, r.header.SequenceNumber = b.ssrc, to.media, p.seq
	}
	if _, err := b.write.WriteRTP(&r.header, payload); err != nil {
		d.drops.count(dropWrite)
		return
	}
	d.repeated.Add(1)
	if rtx {
		d.rtxSent.Add(1)
	}
}

// repeatTail repeats the last packet of a silent picture for a viewer with RTX.
func (d *DownTrack) repeatTail(p *packet) {
	b := d.binding.Load()
	if b == nil || d.phase != phaseLive || d.backlog != nil || b.rtxSSRC == 0 {
		return
	}
	if to := b.match(p.format); to != nil && to.rtx != 0 {
		d.resend(b, p)
	}
}
