package signaling

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"

	"relay/broadcast"
)

const herRequest = `{"secret":"` + herSecret + `","name":" Bob "}`

// wish asks for the room, and returns what has become of it.
func (h *house) wish(body string) broadcast.RequestState {
	h.t.Helper()
	got := h.request("POST", "/api/rooms/math/requests", body, jsonBody).want(h.t, 200, "")
	var answer struct{ State broadcast.RequestState }
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
		h.t.Fatal(err)
	}
	return answer.State
}

// answerFirst answers the first request, as who presents.
func (h *house) answerFirst(resume string, grant string) {
	h.t.Helper()
	bearer := "Authorization: Bearer " + resume
	got := h.request("GET", "/api/rooms/math/viewers", "", bearer).want(h.t, 200, "")
	var report peopleReport
	if err := json.Unmarshal([]byte(got.body), &report); err != nil || len(report.Requests) == 0 {
		h.t.Fatalf("%s: %v", got.body, err)
	}
	h.request("POST", "/api/rooms/math/requests/"+report.Requests[0].ID, `{"grant":`+grant+`}`, jsonBody, bearer).want(h.t, 204, "")
}

// A page that asked takes the room by whichever door; viewers keep their connections.
func TestHandOverAtBothDoors(t *testing.T) {
	for door, takeRoom := range map[string]func(h *house){
		"WebSocket": func(h *house) {
			second, welcome := h.join("push/math", herSecret)
			if welcome.Resume == herSecret {
				h.t.Error("the secret is still the one that was asked with")
			}
			second.negotiate(newPeer(h.t, sendonly), nil)
			second.expectRoom(live)
		},
		"HTTP": func(h *house) { h.take("/whip/math", herSecret, newPeer(h.t, sendonly)) },
	} {
		t.Run(door, func(t *testing.T) {
			h := newHouse(t)
			first, welcome := h.join("push/math", "")
			first.negotiate(newPeer(t, sendonly), nil)
			first.expectRoom(live)
			watching := newPeer(t, recvonly)
			viewer, _ := h.join("pull/math", "")
			viewer.negotiate(watching, nil)

			if state := h.wish(herRequest); state != "waiting" {
				t.Errorf("it is %s", state)
			}
			first.expectRoom(func(m reply) bool { return m.Requests != nil && *m.Requests == 1 })
			h.answerFirst(welcome.Resume, "true")
			first.expectRoom(func(m reply) bool { return *m.Requests == 0 })
			if state := h.wish(herRequest); state != "granted" {
				t.Errorf("it is %s", state)
			}
			takeRoom(h)
			if m := first.expect("bye"); m.Reason != "handed-over" || m.RetryAfter != 0 {
				t.Errorf("%+v", m)
			}
			first.expectClose(websocket.CloseNormalClosure)
			h.await("the second's presentation", func() bool { return h.relay.Room("math").State == broadcast.StateLive })
			viewer.alive()
			if watching.ConnectionState() != webrtc.PeerConnectionStateConnected {
				t.Errorf("the viewer is %v", watching.ConnectionState())
			}
			again := h.open("push/math")
			again.send(map[string]any{"type": "join", "resume": welcome.Resume})
			again.expectError(broadcast.CodeRoomBusy)
		})
	}
}

func TestRequestsThatComeToNothing(t *testing.T) {
	h := newHouse(t)
	if state := h.wish(herRequest); state != "free" {
		t.Errorf("in an empty room it is %s", state)
	}
	first, welcome := h.join("push/math", "")
	first.negotiate(newPeer(t, sendonly), nil)
	first.expectRoom(live)
	h.wish(herRequest)
	h.answerFirst(welcome.Resume, "false")
	if state := h.wish(herRequest); state != "declined" {
		t.Errorf("it is %s", state)
	}
	const other = `{"secret":"fedcba9876543210fedcba9876543210"`
	h.wish(other + "}")
	if state := h.wish(other + `,"withdraw":true}`); state != "declined" {
		t.Errorf("taken back, it is %s", state)
	}
	if h.relay.Room("math").Requests != 0 {
		t.Error("it is still there")
	}
	h.wish(other + "}")
	first.send(signal{Type: "leave"})
	first.expect("bye")
	h.await("a free room", func() bool { return h.wish(other+"}") == "free" })
}

// Viewers are told nothing of who asks, and of the room's rules only over the API.
func TestRequestsAreThePresenters(t *testing.T) {
	h := newManagedHouse(t)
	first, _ := h.join("push/math", "")
	first.negotiate(newPeer(t, sendonly), nil)
	first.expectRoom(live)
	viewer, welcome := h.join("pull/math", "")
	if welcome.Requests != nil || welcome.Locked != nil {
		t.Errorf("a viewer's welcome is %+v", welcome)
	}
	h.manage("PATCH", "", `{"locked":true,"maxViewers":7}`).want(t, 204, "")
	h.wish(herRequest)
	m := first.expectRoom(func(m reply) bool { return *m.Requests == 1 })
	if !*m.Locked || m.MaxViewers == nil || *m.MaxViewers != 7 {
		t.Errorf("the presenter is told %+v", m)
	}
	viewer.send(signal{Type: "ping"})
	for m, err := viewer.next(); m.Type != "pong"; m, err = viewer.next() {
		if err != nil || m.Requests != nil || m.Locked != nil {
			t.Fatalf("a viewer is told %+v, %v", m, err)
		}
	}
}

// The secret that opens a room is in no line of the log, nor in a problem.
func TestSecretOfARequestStaysOne(t *testing.T) {
	var log syncBuffer
	h := newHouse(t, func(c *Config) {
		c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	first, welcome := h.join("push/math", "")
	first.negotiate(newPeer(t, sendonly), nil)
	first.expectRoom(live)
	h.wish(herRequest)
	const tooLong = `{"secret":"` + herSecret + herSecret + herSecret + `"}`
	refused := h.request("POST", "/api/rooms/math/requests", tooLong, jsonBody).want(t, 400, "secret")
	h.answerFirst(welcome.Resume, "true")
	h.take("/whip/math", herSecret, newPeer(t, sendonly))
	first.expect("bye")
	for _, secret := range []string{herSecret, welcome.Resume} {
		if strings.Contains(log.String()+refused.body, secret) {
			t.Errorf("%q was told in\n%s%s", secret, log.String(), refused.body)
		}
	}
}

// syncBuffer is written by many goroutines.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
