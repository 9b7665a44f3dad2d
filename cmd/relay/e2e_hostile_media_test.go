package main

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// hostileMedia is who abuses the media port. Each act is a session, or a volley.
func hostileMedia() []hostile {
	return []hostile{
		{"RTP floods of publishers", 200 * time.Millisecond, floodRTP},
		{"RTCP floods of viewers", 200 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.watch(ctx, from, 3*time.Second, time.Millisecond, func(p *intruder) { _ = p.peer.WriteRTCP([]rtcp.Packet{p.anyFeedback()}) })
		}},
		{"RTP floods of viewers", 200 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.watch(ctx, from, 3*time.Second, time.Millisecond, func(p *intruder) {
				_, _ = p.socket.WriteTo(append([]byte{0x80, 96}, make([]byte, 1100)...), p.relay)
			})
		}},
		{"invented SSRCs", 200 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.watch(ctx, from, 2*time.Second, 2*time.Millisecond, func(p *intruder) { _ = p.peer.WriteRTCP([]rtcp.Packet{inventedReport()}) })
		}},
		{"ICE without DTLS", 500 * time.Millisecond, iceOnly},
		{"garbage on the UDP port", 20 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.volley(from, 30, func() []byte {
				packet := make([]byte, rand.IntN(1500))
				for i := range packet {
					packet[i] = byte(rand.Uint32())
				}
				return packet
			})
		}},
		{"floods of STUN", 20 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.volley(from, 30, func() []byte {
				message, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(anyOf("a:b", "relay:x", string(make([]byte, 500)))), stun.Fingerprint)
				if err != nil {
					return nil
				}
				return message.Raw
			})
		}},
	}
}

// volley sends so many packets to the media port from a socket of its own.
func (s *siege) volley(from string, count int, packet func() []byte) {
	conn, err := net.ListenPacket("udp4", from+":0")
	if err != nil {
		return
	}
	defer conn.Close()
	to, err := net.ResolveUDPAddr("udp4", s.address) // of the same number
	if err != nil {
		return
	}
	for range count {
		_, _ = conn.WriteTo(packet(), to)
	}
}

// intruder is a peer that was let in.
type intruder struct {
	peer   *webrtc.PeerConnection
	socket net.PacketConn
	relay  net.Addr
	media  chan uint32 // SSRCs of what it is sent
	ssrc   uint32
}

// enter opens a session over WHIP or WHEP; nil if it does not come to that.
func (s *siege) enter(ctx context.Context, from, endpoint string, track webrtc.TrackLocal) *intruder {
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0") // where candidates are
	if err != nil {
		return nil
	}
	p := &intruder{socket: socket, media: make(chan uint32, 8)}
	p.relay, _ = net.ResolveUDPAddr("udp4", s.address)
	if p.peer, err = peerAPI(socket).NewPeerConnection(webrtc.Configuration{}); err != nil {
		_ = socket.Close()
		return nil
	}
	p.peer.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		p.media <- uint32(t.SSRC())
		_, _ = io.Copy(io.Discard, trackReader{t})
	})
	if !p.negotiate(ctx, s, from, endpoint, track) {
		p.leave()
		return nil
	}
	return p
}

func (p *intruder) negotiate(ctx context.Context, s *siege, from, endpoint string, track webrtc.TrackLocal) bool {
	connected := make(chan struct{})
	var once sync.Once
	p.peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	var err error
	if track != nil {
		_, err = p.peer.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	} else {
		_, err = p.peer.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	}
	if err != nil {
		return false
	}
	offer, err := p.peer.CreateOffer(nil)
	if err != nil || p.peer.SetLocalDescription(offer) != nil {
		return false
	}
	status, _, answer := s.request(ctx, from, "POST", endpoint, offer.SDP, offers)
	if status != 201 || p.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}) != nil {
		return false
	}
	select {
	case <-connected:
		return true
	case <-time.After(5 * time.Second):
	case <-ctx.Done():
	}
	return false
}

// trackReader reads a track's packets.
type trackReader struct{ *webrtc.TrackRemote }

func (r trackReader) Read(b []byte) (int, error) {
	n, _, err := r.TrackRemote.Read(b)
	return n, err
}

func (p *intruder) leave() {
	_ = p.peer.Close()
	_ = p.socket.Close()
}

// watch is a viewer of the good room who does something over and over for a time.
func (s *siege) watch(ctx context.Context, from string, during, every time.Duration, do func(*intruder)) {
	p := s.enter(ctx, from, "/whep/main", nil)
	if p == nil {
		return
	}
	defer p.leave()
	select {
	case p.ssrc = <-p.media:
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	p.repeatedly(ctx, during, every, do)
}

func (p *intruder) repeatedly(ctx context.Context, during, every time.Duration, do func(*intruder)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	end := time.After(during)
	for {
		select {
		case <-tick.C:
			do(p)
		case <-end:
			return
		case <-ctx.Done():
			return
		}
	}
}

// anyFeedback is what a viewer may say, and more of it than any would.
func (p *intruder) anyFeedback() rtcp.Packet {
	switch rand.IntN(6) {
	case 0:
		return &rtcp.PictureLossIndication{MediaSSRC: p.ssrc}
	case 1:
		return &rtcp.FullIntraRequest{MediaSSRC: p.ssrc, FIR: []rtcp.FIREntry{{SSRC: p.ssrc, SequenceNumber: uint8(rand.Uint32())}}}
	case 2:
		return &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: p.ssrc, LastSenderReport: rand.Uint32()}}}
	case 3:
		return &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e12, SSRCs: []uint32{p.ssrc}}
	}
	nack := &rtcp.TransportLayerNack{MediaSSRC: p.ssrc}
	for range 60 {
		nack.Nacks = append(nack.Nacks, rtcp.NackPair{PacketID: uint16(rand.Uint32()), LostPackets: 0xffff})
	}
	return nack
}

// floodRTP presents in a room of its own, and sends what no encoder sends.
func floodRTP(s *siege, ctx context.Context, from string) {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "screen")
	if err != nil {
		return
	}
	p := s.enter(ctx, from, "/whip/flood"+string(rune('a'+rand.IntN(8))), track)
	if p == nil {
		return
	}
	defer p.leave()
	kind, number := rand.IntN(4), uint16(0)
	p.repeatedly(ctx, 3*time.Second, 5*time.Millisecond, func(*intruder) {
		for range 10 {
			number++
			packet := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: number, Timestamp: rand.Uint32(), Marker: rand.IntN(2) == 0}, Payload: make([]byte, 1+rand.IntN(1200))}
			switch kind {
			case 0:
				packet.SequenceNumber = uint16(rand.Uint32())
			case 1:
				packet.Payload = []byte{0x10}
			case 2:
				packet.Payload[0] = 0x10 // a key frame
			case 3:
				binary.BigEndian.PutUint32(append(packet.Payload[:0], 0, 0, 0, 0), rand.Uint32())
			}
			_ = track.WriteRTP(packet)
		}
	})
}

var answerICE = regexp.MustCompile(`a=ice-ufrag:(\S+)\r\n(?s:.*)a=ice-pwd:(\S+)\r\n`)

// iceOnly opens a session, passes ICE's checks and then never shakes hands.
func iceOnly(s *siege, ctx context.Context, from string) {
	_, _, answer := s.request(ctx, from, "POST", "/whep/main", honestOffer, offers)
	found := answerICE.FindStringSubmatch(answer)
	if found == nil {
		return
	}
	message, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(found[1]+":abcd"),
		stun.RawAttribute{Type: stun.AttrPriority, Value: []byte{1, 0, 0, 1}},
		stun.RawAttribute{Type: stun.AttrICEControlling, Value: make([]byte, 8)}, stun.RawAttribute{Type: stun.AttrUseCandidate},
		stun.NewShortTermIntegrity(found[2]), stun.Fingerprint)
	if err != nil {
		return
	}
	for range 5 {
		s.volley(from, 20, func() []byte {
			return anyOf(message.Raw, []byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 1, 0, 0, 44})
		})
		pause(ctx, 100*time.Millisecond)
	}
}
