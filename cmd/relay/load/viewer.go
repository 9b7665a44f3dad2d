package load

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"relay/cmd/relay/load/resource"
	"relay/cmd/relay/load/source"
	"relay/cmd/relay/load/tally"
	"relay/cmd/relay/load/verify"
	"relay/cmd/relay/load/wire"
)

// viewer is one player.
type viewer struct {
	// Static after construction.
	crew   *crew
	number int
	slow   bool
	socket *wire.Socket
	peer   *webrtc.PeerConnection
	sender uint32 // SSRC of its reports

	resource *resource.Resource // set by join, read once it has returned
	up       chan struct{}      // closed when connected
	over     chan struct{}      // closed when the connection has failed
	onceUp   sync.Once
	onceOver sync.Once

	mu       sync.Mutex // guards what follows
	streams  *streams
	media    [kinds]reception
	probe    *probe // nil for most
	moments  moments
	packets  int64 // all RTP packets
	bytes    int64 // of their UDP payload
	rtx      int64
	nacks    int64 // numbers asked for
	plis     int64
	askedKey time.Duration
	codec    source.Codec // of the video
	dropped  bool         // it was connected, and was not at the end
	cuts     []cut        // at the window's begin and end
}

// moments is when things happened to a viewer, on the crew's clock; 0: not yet.
type moments struct {
	posted, connected, first, decodable time.Duration
	connectedAt                         time.Time
}

// cut is what a viewer had got at a cut.
type cut struct{ packets, bytes int64 }

var (
	errConnection = errors.New("the connection failed")
	errNoMedia    = errors.New("the session was created, but no media connection came up: is UDP let through?")
)

// newViewer is a viewer who has not joined.
func (c *crew) newViewer(number int, probes bool) (*viewer, error) {
	v := &viewer{crew: c, number: number, sender: uint32(number + 1), up: make(chan struct{}), over: make(chan struct{})}
	for k := range kinds {
		v.media[k].kind = k
	}
	if probes {
		v.probe = &probe{}
		if c.options.Verify {
			v.probe.check = verify.NewCheck(c.ledger)
		}
	}
	var err error
	if v.socket, v.peer, err = c.newPeer(c.local, v, taps(v.decrypted, v.control)); err != nil {
		return nil, err
	}
	v.peer.OnConnectionStateChange(v.follow)
	for _, k := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		direction := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
		if _, err := v.peer.AddTransceiverFromKind(k, direction); err != nil {
			v.close()
			return nil, err
		}
	}
	return v, nil
}

// join opens the session and waits until media can flow. On an error the session
// may still have to be left.
func (v *viewer) join(ctx context.Context, client *resource.Client) error {
	offer, err := completeOffer(v.peer)
	if err != nil {
		return err
	}
	v.set(&v.moments.posted)
	// A POST under way is better finished: only its answer says what to delete.
	if v.resource, err = client.Create(v.crew.outlasting(ctx), offer); err != nil {
		return err
	}
	streams, err := readAnswer(v.resource.Answer)
	if err != nil {
		return err
	}
	v.mu.Lock()
	v.streams = streams
	v.mu.Unlock()
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: v.resource.Answer}
	if err := v.peer.SetRemoteDescription(answer); err != nil {
		return err
	}
	select {
	case <-v.up:
		return nil
	case <-v.over:
		return errConnection
	case <-ctx.Done():
		return errNoMedia
	}
}

// set notes that something happens now, if it has not before.
func (v *viewer) set(moment *time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if *moment == 0 {
		*moment = v.crew.now()
	}
}

func (v *viewer) follow(state webrtc.PeerConnectionState) {
	switch state {
	case webrtc.PeerConnectionStateConnected:
		v.mu.Lock()
		if v.moments.connected == 0 {
			v.moments.connected, v.moments.connectedAt = v.crew.now(), time.Now()
		}
		v.mu.Unlock()
		v.onceUp.Do(func() { close(v.up) })
	case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		v.onceOver.Do(func() { close(v.over) })
	}
}

// isUp reports whether media can flow.
func (v *viewer) isUp() bool {
	select {
	case <-v.over:
		return false
	default:
	}
	select {
	case <-v.up:
		return true
	default:
		return false
	}
}

// RTP is wire.Sink's: it counts a packet by its clear header. Pion gets what has
// to be decrypted: repairs, since their original number is encrypted, and all of
// a probe's.
func (v *viewer) RTP(packet []byte, arrived time.Time) (up bool) {
	h, ok := readHeader(packet)
	now := v.crew.at(arrived)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !ok || v.streams == nil {
		return false
	}
	v.packets++
	v.bytes += int64(len(packet))
	to := v.streams.of(h)
	if to.known && v.probe != nil && v.probe.check != nil {
		v.probe.check.Wire(h.ssrc, h.seq, packet)
	}
	switch {
	case !to.known:
		return false
	case to.rtx:
		v.rtx++
		return true
	}
	if v.moments.first == 0 {
		v.moments.first = now
	}
	verdict := v.media[to.kind].packet(h, to, now)
	if v.probe == nil {
		return false
	}
	v.probe.arrived(to.kind, h.seq, arrived, verdict)
	return true
}

// decrypted takes an RTP packet that Pion has decrypted.
func (v *viewer) decrypted(packet []byte) {
	h, ok := readHeader(packet)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !ok || v.streams == nil {
		return
	}
	to, payload := v.streams.of(h), h.payload(packet)
	switch {
	case !to.known:
	case to.rtx:
		v.repaired(to.kind, h, payload)
	case v.probe != nil:
		v.probe.verified(to.kind, h.seq, h, payload, v.moments.connectedAt)
		v.inspect(to, h, payload, v.probe.arrival(to.kind, h.seq))
	}
}

// repaired takes an RTX packet, whose payload begins with the original number
// (RFC 4588 section 4). One without is padding that probes for bandwidth.
func (v *viewer) repaired(k kind, h header, payload []byte) {
	if len(payload) < 2 {
		return
	}
	at := time.Now().Round(0)
	osn := binary.BigEndian.Uint16(payload)
	if v.probe != nil {
		v.probe.verified(k, osn, h, payload[2:], v.moments.connectedAt)
	}
	if v.media[k].repair(osn, v.crew.at(at)) != tally.Repaired || v.probe == nil {
		return
	}
	// The repair's payload type does not tell the codec: it is the one of before.
	original := h
	original.seq = osn
	v.inspect(belonging{known: true, kind: k, rtx: true, codec: v.codec}, original, payload[2:], arrival{repaired: true, at: at})
}

// inspect looks into a decrypted media packet.
func (v *viewer) inspect(to belonging, h header, payload []byte, came arrival) {
	v.probe.delayed(payload, came, v.moments.connectedAt)
	if to.kind != video || v.moments.decodable != 0 || len(payload) == 0 {
		return
	}
	v.codec = to.codec
	if v.probe.frame.packet(to.codec, h, payload) {
		v.moments.decodable = v.crew.now()
	}
}

// control takes RTCP that Pion has decrypted.
func (v *viewer) control(packet []byte) {
	packets, err := rtcp.Unmarshal(packet)
	if err != nil {
		return
	}
	now := v.crew.now()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range packets {
		report, ok := p.(*rtcp.SenderReport)
		for k := range v.media {
			if r := &v.media[k]; ok && r.begun && r.ssrc == report.SSRC {
				r.reported(report, now)
			}
		}
	}
}

// completeOffer is an offer with all candidates: the socket is known, so nothing
// has to be waited for.
func completeOffer(peer *webrtc.PeerConnection) (string, error) {
	offer, err := peer.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(offer); err != nil {
		return "", err
	}
	<-gathered
	return peer.LocalDescription().SDP, nil
}

// leave deletes the session, if there is one.
func (v *viewer) leave(ctx context.Context) error {
	if v.resource == nil {
		return nil
	}
	return v.resource.Delete(ctx)
}

func (v *viewer) close() {
	_ = v.peer.Close()
	_ = v.socket.Close()
}
