package signaling

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"

	"relay/broadcast"
)

const (
	sendonly = webrtc.RTPTransceiverDirectionSendonly
	recvonly = webrtc.RTPTransceiverDirectionRecvonly
)

func live(m reply) bool { return m.State == "live" }
func idle(m reply) bool { return m.State == "idle" }

func TestWelcome(t *testing.T) {
	h := newHouse(t)
	_, viewer := h.join("pull/math", "")
	if viewer.Role != "viewer" || viewer.Room != "math" || viewer.State != "idle" || viewer.ICEServers == nil ||
		viewer.MaxBitrate != 0 || viewer.Origins != nil || viewer.Unplayable != nil || len(viewer.Resume) < 22 || viewer.ID == "" {
		t.Errorf("viewer: %+v", viewer)
	}
	_, publisher := h.join("push/math", "")
	if publisher.Role != "publisher" || publisher.MaxBitrate != 8_000_000 || !slices.Equal(publisher.Origins, testOrigins) || publisher.Unplayable == nil {
		t.Errorf("publisher: %+v", publisher)
	}
}

// A page knows the relay by its Host, whatever machine the connection came from.
func TestOriginsGoByTheHost(t *testing.T) {
	h := newHouse(t)
	ws, _, err := websocket.DefaultDialer.Dial(h.url+"/ws/push/math", http.Header{"Host": {"192.168.1.20:8080"}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	p := &page{t, ws}
	p.send(signal{Type: "join"})
	if m := p.expect("welcome"); m.Origins != nil || m.Role != "publisher" {
		t.Errorf("%+v", m)
	}
}

func TestPresentation(t *testing.T) {
	h := newHouse(t)
	viewer, _ := h.join("pull/math", "")
	viewer.negotiate(newPeer(t, recvonly), nil)
	viewer.expectRoom(func(m reply) bool { return m.Viewers == 1 })

	presenter, _ := h.join("push/math", "")
	presenter.negotiate(newPeer(t, sendonly), nil)
	viewer.expectRoom(live)
	presenter.expectRoom(live)

	other := h.open("push/math")
	other.send(map[string]any{"type": "join"})
	if m := other.expect("error"); m.Code != "room-busy" || m.Since == nil {
		t.Errorf("second presenter: %+v", m)
	}
	other.expectClose(websocket.CloseTryAgainLater)

	presenter.send(signal{Type: "leave"})
	if m := presenter.expect("bye"); m.Reason != "left" {
		t.Errorf("%+v", m)
	}
	presenter.expectClose(websocket.CloseNormalClosure)
	viewer.expectRoom(idle)
}

func TestViewerWithoutTheCodecIsTold(t *testing.T) {
	h := newHouse(t)
	viewer, welcome := h.join("pull/math", "")
	pc := newH264Peer(t)
	viewer.negotiate(pc, nil)
	presenter := h.presentVP8()
	viewer.expectError(broadcast.CodeCodecUnsupported)
	viewer.alive()
	m := presenter.expectRoom(func(m reply) bool { return *m.Unplayable == 1 })
	if m.Video == nil || *m.Video != "VP8" || m.Viewers != 1 {
		t.Errorf("%+v", m)
	}
	// It is told again when it comes back over another socket.
	again, _ := h.join("pull/math", welcome.Resume)
	again.expectError(broadcast.CodeCodecUnsupported)
}

func TestTwoJoinAnIdleRoom(t *testing.T) {
	h := newHouse(t)
	first, _ := h.join("push/math", "")
	second, _ := h.join("push/math", "")
	first.negotiate(newPeer(t, sendonly), nil)
	second.send(map[string]any{"type": "offer", "sdp": offerOf(t, newPeer(t, sendonly), nil)})
	second.expectError(broadcast.CodeRoomBusy)
	second.alive()
}

func TestMediaOutlivesTheSocket(t *testing.T) {
	h := newHouse(t)
	presenter, welcome := h.join("push/math", "")
	pc := newPeer(t, sendonly)
	presenter.negotiate(pc, nil)
	presenter.expectRoom(live)
	_ = presenter.ws.Close()

	resumed, again := h.join("push/math", welcome.Resume)
	if again.ID != welcome.ID || again.Resume == welcome.Resume || again.State != "live" {
		t.Errorf("resumed as %+v", again)
	}
	resumed.negotiate(pc, &webrtc.OfferOptions{ICERestart: true})
	resumed.alive()
}

func TestResumeSilencesTheOldSocket(t *testing.T) {
	h := newHouse(t)
	before, welcome := h.join("pull/math", "")
	pc := newPeer(t, recvonly)
	before.negotiate(pc, nil)
	after, _ := h.join("pull/math", welcome.Resume)
	if m := before.expect("bye"); m.Reason != "replaced" || m.RetryAfter != 0 {
		t.Errorf("%+v", m)
	}
	before.expectClose(websocket.CloseNormalClosure)
	after.alive()
	if pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
		t.Error("the media ended with the old socket")
	}
	after.negotiate(pc, &webrtc.OfferOptions{ICERestart: true})
}

func TestReloadedPresenterTakesTheRoomBack(t *testing.T) {
	h := newHouse(t)
	viewer, _ := h.join("pull/math", "")
	before, welcome := h.join("push/math", "")
	before.negotiate(newPeer(t, sendonly), nil)
	viewer.expectRoom(live)
	_ = before.ws.Close()

	after, again := h.join("push/math", welcome.Resume)
	after.negotiate(newPeer(t, sendonly), nil) // another fingerprint
	if again.ID != welcome.ID {
		t.Errorf("%+v", again)
	}
	// Once more, over the same socket.
	after.negotiate(newPeer(t, sendonly), nil)
	after.send(signal{Type: "leave"})
	after.expect("bye")
	viewer.expectRoom(idle)
}

func TestRefusedReplacementLeavesTheSession(t *testing.T) {
	h := newHouse(t)
	viewer, _ := h.join("pull/math", "")
	pc := newPeer(t, recvonly)
	viewer.negotiate(pc, nil)
	bad := offerOf(t, newPeer(t, recvonly), nil)
	bad = bad[:strings.Index(bad, "m=")] // another fingerprint, and no media
	viewer.send(map[string]any{"type": "offer", "sdp": bad})
	viewer.expectError(broadcast.CodeBadRequest)
	viewer.alive()
	viewer.negotiate(pc, &webrtc.OfferOptions{ICERestart: true})
}

func TestUnknownResumeIsANewcomer(t *testing.T) {
	h := newHouse(t)
	_, first := h.join("pull/math", "")
	_, second := h.join("pull/math", "no such token")
	_, elsewhere := h.join("pull/physics", first.Resume)
	_, presenter := h.join("push/math", first.Resume)
	if second.ID == first.ID || elsewhere.ID == first.ID || presenter.ID == first.ID {
		t.Error("a session was handed out to a stranger")
	}
}

func TestBadFirstMessages(t *testing.T) {
	h := newHouse(t)
	for name, frame := range map[string]string{
		"garbage":            "\x00\x01\x02",
		"array":              `[]`,
		"offer before join":  `{"type":"offer","sdp":"v=0"}`,
		"leave before join":  `{"type":"leave"}`,
		"ping before join":   `{"type":"ping"}`,
		"unknown":            `{"type":"hello"}`,
		"too large":          `{"type":"join","name":"` + strings.Repeat("x", maxMessage) + `"}`,
		"larger than a wall": strings.Repeat("x", maxFrame+1),
	} {
		t.Run(name, func(t *testing.T) {
			p := h.open("pull/math")
			p.t = t
			p.sendText(frame)
			if m := p.expect("error"); m.Code != "bad-request" && m.Code != "too-large" || m.Message == "" {
				t.Errorf("%+v", m)
			}
			if _, err := p.next(); err == nil {
				t.Error("the socket stays open")
			}
		})
	}
	if stats := h.relay.Stats(); stats.Viewers != 0 {
		t.Errorf("%+v", stats)
	}
}

func TestBadMessagesDoNotEndASession(t *testing.T) {
	h := newHouse(t)
	p, _ := h.join("pull/math", "")
	for _, test := range []struct {
		name, frame string
		code        broadcast.Code
	}{
		{"half a message", `{"type":`, broadcast.CodeBadRequest},
		{"unknown type", `{"type":"dance"}`, broadcast.CodeBadRequest},
		{"second join", `{"type":"join"}`, broadcast.CodeBadRequest},
		{"offer of nonsense", `{"type":"offer","sdp":"nonsense"}`, broadcast.CodeBadRequest},
		{"candidate before the offer", `{"type":"candidate","candidate":{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host"}}`, broadcast.CodeBadRequest},
		{"SDP too large", `{"type":"offer","sdp":"` + strings.Repeat("x", maxSDP+1) + `"}`, broadcast.CodeTooLarge},
		{"message too large", `{"type":"leave","x":"` + strings.Repeat("x", maxMessage) + `"}`, broadcast.CodeTooLarge},
		{"5 MiB", strings.Repeat("x", 5<<20), broadcast.CodeTooLarge},
	} {
		p.sendText(test.frame)
		if m := p.expect("error"); m.Code != string(test.code) {
			t.Errorf("%s: %+v", test.name, m)
		}
	}
	if err := p.ws.WriteMessage(websocket.BinaryMessage, []byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	p.expectError(broadcast.CodeBadRequest)
	p.sendText(`{"type":"candidate","candidate":null}`)
	p.sendText(`{"type":"candidate","candidate":{"candidate":""}}`)
	p.sendText(`{"type":"pong"}`)
	p.alive()
	p.negotiate(newPeer(t, recvonly), nil)
}

func TestInvalidRoom(t *testing.T) {
	h := newHouse(t)
	for _, room := range []string{"a%20b", "%2e%2e", "caf%C3%A9", strings.Repeat("x", 65)} {
		p := h.open("pull/" + room)
		p.expectError(broadcast.CodeBadRequest)
		p.expectClose(websocket.ClosePolicyViolation)
	}
}

func TestFloodEndsTheSession(t *testing.T) {
	h := newHouse(t)
	other, _ := h.join("pull/math", "")
	p, _ := h.join("pull/math", "")
	for range 3 * floodMessages {
		if p.ws.WriteJSON(signal{Type: "pong"}) != nil {
			break
		}
	}
	p.expectError(broadcast.CodeRateLimited)
	if m := p.expect("bye"); m.Reason != "flood" || m.RetryAfter == 0 {
		t.Errorf("%+v", m)
	}
	p.expectClose(websocket.ClosePolicyViolation)
	other.alive()
}

func TestAbandonedSessionEnds(t *testing.T) {
	h := newHouse(t)
	p, welcome := h.join("pull/math", "")
	session, err := h.relay.Subscribe(broadcast.Join{Room: "math", Token: welcome.Resume})
	if err != nil || session.ID() != welcome.ID {
		t.Fatalf("%v, %v", session, err)
	}
	_ = p.ws.Close()
	select {
	case <-session.Done():
	case <-time.After(patience):
		t.Fatal("the session goes on")
	}
	if !errors.Is(session.Cause(), broadcast.ErrAbandoned) {
		t.Errorf("ended by %v", session.Cause())
	}
}

func TestShutdownSaysBye(t *testing.T) {
	h := newHouse(t)
	var pages []*page
	for i := range 5 {
		p, _ := h.join(fmt.Sprintf("pull/room%d", i), "")
		pages = append(pages, p)
	}
	pages[0].negotiate(newPeer(t, recvonly), nil)
	closed := make(chan struct{})
	go func() { h.server.Close(); close(closed) }()
	returns := map[float64]bool{}
	for _, p := range pages {
		m := p.expect("bye")
		if m.Reason != "shutting-down" || m.RetryAfter < 0.5 || m.RetryAfter > 0.6 {
			t.Errorf("%+v", m)
		}
		returns[m.RetryAfter] = true
		p.expectClose(websocket.CloseServiceRestart)
	}
	if len(returns) != len(pages) {
		t.Errorf("%d of them come back at the same time", len(pages)-len(returns))
	}
	<-closed
}
