package main

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// client is a page without a browser: a WebSocket and a PeerConnection, so that
// hundreds fit into a test.
type client struct {
	t      *testing.T
	socket *websocket.Conn
	peer   *webrtc.PeerConnection
	media  *mutedConn
	heard  chan message  // what the relay said; closed when the socket is
	frozen chan struct{} // closed when the client stops reading

	packets atomic.Int64                      // of media, where the client was told to count
	prepare func(peer *webrtc.PeerConnection) // what else is done to the connection before it is offered
}

// message is any message of the relay, as far as the tests look at it.
type message struct{ Type, SDP, Code, Reason string }

// mutedConn is a UDP socket that can fall silent, as a network that is gone is.
type mutedConn struct {
	net.PacketConn
	muted atomic.Bool
}

func (c *mutedConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if c.muted.Load() {
		return len(p), nil
	}
	return c.PacketConn.WriteTo(p, to)
}

// newClient joins at url and is connected when it returns. The tracks make it
// a publisher; without any it is a viewer.
func newClient(t *testing.T, url string, tracks ...webrtc.TrackLocal) *client {
	t.Helper()
	c := dialClient(t, url)
	c.send(map[string]any{"type": "join"})
	c.await("welcome")
	c.connect(tracks)
	return c
}

// dialClient has a socket, and has not joined yet. It may call itself a program.
func dialClient(t *testing.T, url string, program ...string) *client {
	t.Helper()
	header := http.Header{}
	for _, agent := range program {
		header.Set("User-Agent", agent)
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	check(t, err)
	c := &client{t: t, media: &mutedConn{PacketConn: conn}, heard: make(chan message, 256), frozen: make(chan struct{})}
	c.socket, _, err = websocket.DefaultDialer.Dial(url, header)
	check(t, err)
	go c.read()
	return c
}

// connect offers, and waits for the connection.
func (c *client) connect(tracks []webrtc.TrackLocal) {
	c.t.Helper()
	settings := webrtc.SettingEngine{}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	settings.LoggerFactory = quiet
	settings.SetICEUDPMux(ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: c.media, Logger: quiet.NewLogger("ice")}))
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	var err error
	c.peer, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	check(c.t, err)
	c.addMedia(tracks)
	if c.prepare != nil {
		c.prepare(c.peer)
	}
	connected := make(chan struct{})
	c.peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			close(connected)
		}
	})
	c.negotiate()
	select {
	case <-connected:
	case <-time.After(patience):
		c.t.Fatal("a client does not connect")
	}
}

// addMedia adds one m-line a kind, as the pages do.
func (c *client) addMedia(tracks []webrtc.TrackLocal) {
	c.t.Helper()
	for _, track := range tracks {
		_, err := c.peer.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		check(c.t, err)
	}
	if len(tracks) > 0 {
		return
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		_, err := c.peer.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		check(c.t, err)
	}
}

func (c *client) negotiate() {
	c.t.Helper()
	offer, err := c.peer.CreateOffer(nil)
	check(c.t, err)
	gathered := webrtc.GatheringCompletePromise(c.peer)
	check(c.t, c.peer.SetLocalDescription(offer))
	<-gathered
	c.send(map[string]any{"type": "offer", "sdp": c.peer.LocalDescription().SDP})
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: c.await("answer").SDP}
	check(c.t, c.peer.SetRemoteDescription(answer))
}

func (c *client) send(message any) {
	c.t.Helper()
	check(c.t, c.socket.WriteJSON(message))
}

// read passes on what the relay says, until the socket closes or freezes.
func (c *client) read() {
	defer close(c.heard)
	for {
		var m message
		if c.socket.ReadJSON(&m) != nil {
			return
		}
		select {
		case c.heard <- m:
		case <-c.frozen:
			return
		}
	}
}

// await returns the next message of a type.
func (c *client) await(kind string) message {
	c.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case m, ok := <-c.heard:
			if !ok {
				c.t.Fatalf("the socket closed before %q came", kind)
			}
			if m.Type == kind {
				return m
			}
		case <-limit:
			c.t.Fatalf("no %q came", kind)
		}
	}
}

// silence lets nothing of the client's media pass any more.
func (c *client) silence() { c.media.muted.Store(true) }

// close ends all that is the client's.
func (c *client) close() {
	close(c.frozen)
	_ = c.socket.Close()
	_ = c.peer.Close()
	_ = c.media.Close()
}

// check fails the test for an error in its own machinery.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// publishFrames joins as a publisher that sends small VP8 key frames until the
// test ends.
func publishFrames(t *testing.T, url string) {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "screen")
	check(t, err)
	publisher := newClient(t, url, track)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sendFrames(track, publisher.frozen)
	}()
	t.Cleanup(func() {
		publisher.close()
		<-ended
	})
}

// sendFrames sends 30 key frames a second, one packet each.
func sendFrames(track *webrtc.TrackLocalStaticRTP, stop <-chan struct{}) {
	tick := time.NewTicker(time.Second / 30)
	defer tick.Stop()
	packet := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true}, Payload: make([]byte, 1000)}
	packet.Payload[0] = 0x10 // start of partition 0 (RFC 7741); the zero after it says: key frame
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			packet.SequenceNumber++
			packet.Timestamp += 3000
			if track.WriteRTP(packet) != nil {
				return
			}
		}
	}
}
