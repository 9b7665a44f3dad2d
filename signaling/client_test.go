package signaling

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"relay/broadcast"
	"relay/broadcast/udp"
)

// patience is for what takes milliseconds on an idle machine.
const patience = 20 * time.Second

// house is a whole relay on loopback: media socket, core and signaling.
type house struct {
	t      *testing.T
	relay  *broadcast.Relay
	server *Server
	url    string
}

func newHouse(t *testing.T, changes ...func(*Config)) *house {
	t.Helper()
	conn, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	relay, err := broadcast.New(broadcast.Config{Conn: conn, Addresses: func() []netip.Addr { return nil }, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
	})
	server := newTestServer(t, relay, changes...)
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	return &house{t, relay, server, "ws" + strings.TrimPrefix(web.URL, "http")}
}

// page is what a page is to the relay: a socket and, later, a peer connection.
type page struct {
	t  *testing.T
	ws *websocket.Conn
}

// reply is any message of the relay.
type reply struct {
	Type, ID, Room, Role, Resume, SDP, Code, Message, Reason, State string
	Title, Invite                                                   string
	ICEServers                                                      []any
	MaxBitrate, Viewers                                             int
	Origins                                                         []string
	Unplayable                                                      *int
	Locked                                                          *bool
	MaxViewers, Requests                                            *int
	Video                                                           *string
	Since                                                           *time.Time
	RetryAfter                                                      float64
}

// open opens a socket: "push/math".
func (h *house) open(path string) *page {
	h.t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial(h.url+"/ws/"+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = ws.Close() })
	return &page{h.t, ws}
}

// join opens a socket and joins.
func (h *house) join(path, resume string) (*page, reply) {
	h.t.Helper()
	p := h.open(path)
	p.send(map[string]any{"type": "join", "resume": resume, "name": "Ada", "codecs": []string{"video/VP8"}})
	return p, p.expect("welcome")
}

func (p *page) send(message any) {
	p.t.Helper()
	if err := p.ws.WriteJSON(message); err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) sendText(text string) {
	p.t.Helper()
	if err := p.ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// next is the next message, of whatever type.
func (p *page) next() (reply, error) {
	var m reply
	if err := p.ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return m, err
	}
	_, frame, err := p.ws.ReadMessage()
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(frame, &m)
}

// expect reads up to the next message of a type. Only what comes by itself may come before it.
func (p *page) expect(kind string) reply {
	p.t.Helper()
	for {
		m, err := p.next()
		switch {
		case err != nil:
			p.t.Fatalf("waiting for %s: %v", kind, err)
		case m.Type == kind:
			return m
		case m.Type != "room" && m.Type != "ping":
			p.t.Fatalf("waiting for %s: %+v", kind, m)
		}
	}
}

// expectRoom reads up to the first room message that is as it should be.
func (p *page) expectRoom(right func(reply) bool) reply {
	p.t.Helper()
	for {
		if m := p.expect("room"); right(m) {
			return m
		}
	}
}

// expectError reads an error message with this code.
func (p *page) expectError(code broadcast.Code) {
	p.t.Helper()
	if m := p.expect("error"); m.Code != string(code) || m.Message == "" {
		p.t.Fatalf("got %+v, want %s", m, code)
	}
}

// expectClose reads up to the close frame.
func (p *page) expectClose(code int) {
	p.t.Helper()
	for {
		if m, err := p.next(); websocket.IsCloseError(err, code) {
			return
		} else if err != nil || m.Type != "room" {
			p.t.Fatalf("waiting for the close frame: %+v, %v", m, err)
		}
	}
}

// alive makes sure that the socket still serves.
func (p *page) alive() {
	p.t.Helper()
	p.send(signal{Type: "ping"})
	p.expect("pong")
}

// newPeer is a browser's end of a session: sendonly for push, recvonly for pull.
func newPeer(t *testing.T, direction webrtc.RTPTransceiverDirection) *webrtc.PeerConnection {
	t.Helper()
	return newPeerWith(t, direction, func(*webrtc.SettingEngine) {})
}

func newPeerWith(t *testing.T, direction webrtc.RTPTransceiverDirection, set func(*webrtc.SettingEngine)) *webrtc.PeerConnection {
	t.Helper()
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	set(&settings)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	for _, mimeType := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeOpus} {
		track := newTrack(t, mimeType)
		transceiver, err := pc.AddTransceiverFromKind(track.Kind(), webrtc.RTPTransceiverInit{Direction: direction})
		if err == nil && direction == sendonly {
			err = transceiver.Sender().ReplaceTrack(track)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return pc
}

// newTrack is one of the tracks of a screen.
func newTrack(t *testing.T, mimeType string) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	kind, _, _ := strings.Cut(mimeType, "/")
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mimeType}, kind, "screen")
	if err != nil {
		t.Fatal(err)
	}
	return track
}

// newH264Peer is a viewer's end that knows H264 and Opus only.
func newH264Peer(t *testing.T) *webrtc.PeerConnection {
	t.Helper()
	pc := newPeer(t, recvonly)
	err := pc.GetTransceivers()[0].SetCodecPreferences([]webrtc.RTPCodecParameters{{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, ClockRate: 90000,
			SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		},
		PayloadType: 125,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return pc
}

// newVP8Peer is a presenter's end with a track.
func newVP8Peer(t *testing.T) (*webrtc.PeerConnection, *webrtc.TrackLocalStaticRTP) {
	t.Helper()
	pc, track := newPeer(t, sendonly), newTrack(t, webrtc.MimeTypeVP8)
	if err := pc.GetSenders()[0].ReplaceTrack(track); err != nil {
		t.Fatal(err)
	}
	return pc, track
}

// presentVP8 joins as a presenter whose picture is one key frame after the other.
func (h *house) presentVP8() *page {
	h.t.Helper()
	pc, track := newVP8Peer(h.t)
	p, _ := h.join("push/math", "")
	p.negotiate(pc, nil)
	h.sendKeyFrames(track)
	return p
}

// sendKeyFrames sends one after the other until the test ends.
func (h *house) sendKeyFrames(track *webrtc.TrackLocalStaticRTP) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	h.t.Cleanup(func() { close(stop); <-stopped })
	go func() {
		defer close(stopped)
		sendKeyFrames(track, stop)
	}()
}

func sendKeyFrames(track *webrtc.TrackLocalStaticRTP, stop <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	packet := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true}, Payload: make([]byte, 500)}
	packet.Payload[0] = 0x10 // RFC 7741: partition 0 starts; the zero after it is a key frame's
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			packet.SequenceNumber++
			packet.Timestamp += 1800
			if track.WriteRTP(packet) != nil {
				return
			}
		}
	}
}

// negotiate offers and takes the answer; it returns once pc is connected.
func (p *page) negotiate(pc *webrtc.PeerConnection, options *webrtc.OfferOptions) {
	p.t.Helper()
	p.send(map[string]any{"type": "offer", "sdp": offerOf(p.t, pc, options)})
	connect(p.t, pc, p.expect("answer").SDP)
}

// connect takes the answer; it returns once pc is connected.
func connect(t *testing.T, pc *webrtc.PeerConnection, answer string) {
	t.Helper()
	connected := make(chan struct{}, 16)
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			connected <- struct{}{}
		}
	})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	if pc.ConnectionState() == webrtc.PeerConnectionStateConnected {
		return
	}
	select {
	case <-connected:
	case <-time.After(patience):
		t.Fatal("no connection")
	}
}

// offerOf is an offer with all candidates in it.
func offerOf(t *testing.T, pc *webrtc.PeerConnection, options *webrtc.OfferOptions) string {
	t.Helper()
	offer, err := pc.CreateOffer(options)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return pc.LocalDescription().SDP
}
