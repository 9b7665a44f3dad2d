package wire

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// tap is a Sink that remembers the clear headers, and that media is encrypted.
type tap struct {
	// Guarded by mu.
	mu      sync.Mutex
	numbers map[uint16]bool
	clear   bool // a payload was seen as it was written
}

var frame = bytes.Repeat([]byte("a frame of VP8 "), 40)

func (s *tap) RTP(data []byte, _ time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[binary.BigEndian.Uint16(data[2:])] = true
	s.clear = s.clear || bytes.Contains(data, frame[:15])
	return true
}

func (s *tap) saw(number uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.numbers[number]
}

// TestPionOverASocket: ICE, DTLS and decrypted media work between two peers of
// which one is on a Socket, joining and calm.
func TestPionOverASocket(t *testing.T) {
	sink := &tap{numbers: make(map[uint16]bool)}
	poller, socket, _ := open(t, loopback, sink)
	viewer := newPeer(t, ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: socket}))
	sender := newPeer(t, nil)
	track := addTrack(t, sender)
	packets := make(chan *rtp.Packet, 1000)
	viewer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { readAll(remote, packets) })
	connect(t, viewer, sender)
	for i := range 60 {
		check(t, track.WriteSample(media.Sample{Data: frame, Duration: time.Second / 30}))
		expectDecrypted(t, packets, sink)
		poller.Calm(i >= 30)
	}
	if sink.clear {
		t.Error("the sink saw a clear payload")
	}
	check(t, viewer.Close())
	check(t, sender.Close())
	if stats := socket.Stats(); stats.QueueDrops+stats.Oversize+stats.ReadErrors+stats.KernelDrops != 0 {
		t.Errorf("%+v", stats)
	}
}

func expectDecrypted(t *testing.T, packets chan *rtp.Packet, sink *tap) {
	t.Helper()
	select {
	case p := <-packets:
		if !bytes.HasSuffix(p.Payload, frame) {
			t.Errorf("payload %.20q", p.Payload)
		}
		if !sink.saw(p.SequenceNumber) {
			t.Errorf("the sink has not seen %d", p.SequenceNumber)
		}
	case <-time.After(patience):
		t.Fatal("no media came through Pion")
	}
}

func readAll(remote *webrtc.TrackRemote, packets chan<- *rtp.Packet) {
	for {
		p, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		packets <- p
	}
}

// newPeer is a peer on loopback, on mux or else on sockets of its own.
func newPeer(t *testing.T, mux ice.UDPMux) *webrtc.PeerConnection {
	t.Helper()
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	if mux != nil {
		settings.SetICEUDPMux(mux)
		t.Cleanup(func() { mux.Close() })
	}
	engine := new(webrtc.MediaEngine)
	check(t, engine.RegisterDefaultCodecs())
	peer, err := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings),
		webrtc.WithInterceptorRegistry(new(interceptor.Registry))).NewPeerConnection(webrtc.Configuration{})
	check(t, err)
	t.Cleanup(func() { peer.Close() })
	return peer
}

func addTrack(t *testing.T, peer *webrtc.PeerConnection) *webrtc.TrackLocalStaticSample {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "screen")
	check(t, err)
	_, err = peer.AddTrack(track)
	check(t, err)
	return track
}

// connect has the viewer offer, and waits until both are connected.
func connect(t *testing.T, viewer, sender *webrtc.PeerConnection) {
	t.Helper()
	connected := make(chan struct{}, 2)
	for _, peer := range []*webrtc.PeerConnection{viewer, sender} {
		peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
			if state == webrtc.PeerConnectionStateConnected {
				connected <- struct{}{}
			}
		})
	}
	_, err := viewer.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	check(t, err)
	offer, err := viewer.CreateOffer(nil)
	check(t, err)
	check(t, sender.SetRemoteDescription(describe(t, viewer, offer)))
	answer, err := sender.CreateAnswer(nil)
	check(t, err)
	check(t, viewer.SetRemoteDescription(describe(t, sender, answer)))
	for range 2 {
		select {
		case <-connected:
		case <-time.After(patience):
			t.Fatal("not connected")
		}
	}
}

// describe is the peer's description with all its candidates.
func describe(t *testing.T, peer *webrtc.PeerConnection, local webrtc.SessionDescription) webrtc.SessionDescription {
	t.Helper()
	gathered := webrtc.GatheringCompletePromise(peer)
	check(t, peer.SetLocalDescription(local))
	<-gathered
	return *peer.LocalDescription()
}
