package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"relay/cmd/relay/load/resource"
	"relay/cmd/relay/load/source"
	"relay/cmd/relay/load/wire"
)

// publisher sends synthetic media.
type publisher struct {
	crew     *crew
	socket   *wire.Socket
	peer     *webrtc.PeerConnection
	resource *resource.Resource
	source   *source.Source
	tracks   [kinds]*webrtc.TrackLocalStaticRTP
	up, over chan struct{}
	onceUp   sync.Once
	onceOver sync.Once
	running  sync.WaitGroup

	dropped bool // its connection had failed at the end

	sent              [kinds]atomic.Int64
	lastSent          [kinds]atomic.Int64 // when, on the crew's clock
	keyFrames         atomic.Int64
	plis, firs, nacks atomic.Int64 // heard of the server
}

// RTP is wire.Sink's: a publisher gets none.
func (p *publisher) RTP([]byte, time.Time) bool { return false }

func (c *crew) newPublisher() (*publisher, error) {
	p := &publisher{crew: c, up: make(chan struct{}), over: make(chan struct{})}
	local, err := localAddr(c.options.WHIP)
	if err != nil {
		return nil, err
	}
	if p.source, err = source.New(c.options.Source); err != nil {
		return nil, err
	}
	responder, err := nack.NewResponderInterceptor()
	if err != nil {
		return nil, fmt.Errorf("make a NACK responder: %w", err)
	}
	reports, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, fmt.Errorf("make sender reports: %w", err)
	}
	if p.socket, p.peer, err = c.newPeer(local, p, nil, responder, reports); err != nil {
		return nil, err
	}
	p.peer.OnConnectionStateChange(p.follow)
	if err := p.addTracks(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *publisher) addTracks() error {
	codec := p.crew.options.Source.Codec
	formats := [kinds]webrtc.RTPCodecCapability{
		video: {MimeType: codec.MimeType(), ClockRate: source.VideoClock, SDPFmtpLine: codec.FormatParameters()},
		audio: opus,
	}
	for k, name := range [kinds]string{"video", "audio"} {
		track, err := webrtc.NewTrackLocalStaticRTP(formats[k], name, "load")
		if err != nil {
			return fmt.Errorf("make a track: %w", err)
		}
		p.tracks[k] = track
		transceiver, err := p.peer.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return fmt.Errorf("add a track: %w", err)
		}
		p.running.Go(func() { p.listen(transceiver.Sender()) })
	}
	return nil
}

func (p *publisher) follow(state webrtc.PeerConnectionState) {
	switch state {
	case webrtc.PeerConnectionStateConnected:
		p.onceUp.Do(func() { close(p.up) })
	case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		p.onceOver.Do(func() { close(p.over) })
	}
}

// start publishes, and returns once media flows.
func (p *publisher) start(ctx context.Context, client *resource.Client) error {
	offer, err := completeOffer(p.peer)
	if err != nil {
		return err
	}
	if p.resource, err = client.Create(p.crew.outlasting(ctx), offer); err != nil {
		return err
	}
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: p.resource.Answer}
	if err := p.peer.SetRemoteDescription(answer); err != nil {
		return fmt.Errorf("take the answer: %w", err)
	}
	select {
	case <-p.up:
	case <-p.over:
		return errConnection
	case <-ctx.Done():
		return errNoMedia
	}
	p.running.Go(p.sendVideo)
	p.running.Go(p.sendAudio)
	return nil
}

func (p *publisher) sendVideo() { p.send(video, p.source.Interval(), p.source.Next) }

func (p *publisher) sendAudio() { p.send(audio, source.AudioInterval, source.NewAudio().Next) }

// send sends a frame each interval, until the peer is closed. Who comes late to one
// catches up: the number of packets is as promised.
func (p *publisher) send(k kind, interval time.Duration, next func(time.Time) source.Frame) {
	seq, offset := uint16(rand.Uint32()), rand.Uint32()
	for at := time.Now(); ; at = at.Add(interval) {
		select {
		case <-p.over:
			return
		case <-time.After(time.Until(at)):
		}
		frame := next(at)
		if frame.Key {
			p.keyFrames.Add(1)
		}
		for i, payload := range frame.Packets {
			source.Stamp(payload, time.Now())
			packet := rtp.Packet{Payload: payload, Header: rtp.Header{
				Version: 2, SequenceNumber: seq, Timestamp: offset + frame.Timestamp, Marker: k == video && i == len(frame.Packets)-1,
			}}
			seq++
			if ledger := p.crew.ledger; ledger != nil {
				ledger.Send(published(k, packet.Header.SequenceNumber, packet.Timestamp, packet.Marker, payload))
			}
			if p.tracks[k].WriteRTP(&packet) == nil { // else the peer is being closed
				p.sent[k].Add(1)
				p.lastSent[k].Store(int64(p.crew.now()))
			}
		}
	}
}

// listen reads the server's RTCP: it asks for key frames, and NACKs are answered by
// Pion, which only sees what is read.
func (p *publisher) listen(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet := packet.(type) {
			case *rtcp.PictureLossIndication:
				p.plis.Add(1)
				p.source.RequestKeyFrame()
			case *rtcp.FullIntraRequest:
				p.firs.Add(1)
				p.source.RequestKeyFrame()
			case *rtcp.TransportLayerNack:
				for _, pair := range packet.Nacks {
					p.nacks.Add(int64(len(pair.PacketList())))
				}
			}
		}
	}
}

// isUp is false once its connection has failed.
func (p *publisher) isUp() bool {
	select {
	case <-p.over:
		return false
	default:
		return true
	}
}

func (p *publisher) leave(ctx context.Context) error {
	if p.resource == nil {
		return nil
	}
	return p.resource.Delete(ctx)
}

// close ends the peer and whatever it runs.
func (p *publisher) close() {
	_ = p.peer.Close()
	p.onceOver.Do(func() { close(p.over) })
	_ = p.socket.Close()
	p.running.Wait()
}
