package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"
)

const (
	adasDevice = "ada_0123456789abcdef"
	evesDevice = "eve_0123456789abcdef"
	newDevice  = "new_0123456789abcdef"
	bobsSecret = "0123456789abcdef0123456789abcdef"
)

// greeting is the relay's first word to a page: a welcome or an error.
type greeting struct{ Type, ID, Resume, Code, Reason string }

// greet opens a socket and joins.
func greet(t *testing.T, url string, join map[string]any) (*websocket.Conn, greeting) {
	t.Helper()
	socket, _, err := websocket.DefaultDialer.Dial(url, nil)
	check(t, err)
	join["type"] = "join"
	check(t, socket.WriteJSON(join))
	var said greeting
	check(t, socket.ReadJSON(&said))
	return socket, said
}

// joinAs is newClient with a join of its own. It is closed with the test.
func joinAs(t *testing.T, url string, join map[string]any, tracks ...webrtc.TrackLocal) (*client, greeting) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	check(t, err)
	c := &client{t: t, media: &mutedConn{PacketConn: conn}, heard: make(chan message, 256), frozen: make(chan struct{})}
	var said greeting
	c.socket, said = greet(t, url, join)
	if said.Type != "welcome" {
		t.Fatalf("joining %s: %+v", url, said)
	}
	go c.read()
	c.connect(tracks)
	t.Cleanup(c.close)
	return c, said
}

// presentAs presents with a join of its own: 30 small key frames a second, until the
// test ends.
func presentAs(t *testing.T, url string, join map[string]any) (*client, greeting) {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "screen")
	check(t, err)
	var sender sync.WaitGroup
	t.Cleanup(sender.Wait) // after the client was closed
	c, said := joinAs(t, url, join, track)
	sender.Go(func() { sendFrames(track, c.frozen) })
	return c, said
}

// witness is a WHEP player that notes what came, and whether it stayed connected.
type witness struct {
	*whipPeer

	mu      sync.Mutex // guards what follows
	numbers map[uint16]bool
	first   uint16
	newest  uint16
	stamp   uint32 // of the newest
	back    int    // steps back of the timestamp
	last    time.Time
	pause   time.Duration // the longest without a packet
	left    bool          // it was something else than connected after it was
}

func watchAs(t *testing.T, r *relay) *witness {
	t.Helper()
	w := &witness{whipPeer: newWhipPeer(t), numbers: map[uint16]bool{}}
	w.peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { w.note(track) })
	w.join(r.url("/whep/math"))
	w.peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.left = w.left || state != webrtc.PeerConnectionStateConnected
	})
	return w
}

func (w *witness) note(track *webrtc.TrackRemote) {
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		w.received.Add(1)
		now := time.Now()
		w.mu.Lock()
		if len(w.numbers) == 0 {
			w.first, w.newest, w.stamp, w.last = p.SequenceNumber, p.SequenceNumber, p.Timestamp, now
		}
		w.numbers[p.SequenceNumber] = true
		if int16(p.SequenceNumber-w.newest) > 0 {
			if int32(p.Timestamp-w.stamp) < 0 {
				w.back++
			}
			w.newest, w.stamp = p.SequenceNumber, p.Timestamp
		}
		w.pause, w.last = max(w.pause, now.Sub(w.last)), now
		w.mu.Unlock()
	}
}

// missing is how many packets did not come of how many; not even repaired.
func (w *witness) missing() (missing, of int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of = int(w.newest-w.first) + 1
	return of - len(w.numbers), of
}

// hand is who manages a room over the API.
type hand struct {
	t      *testing.T
	room   string // URL
	bearer string
}

func (h hand) order(method, path, body string, want int) string {
	h.t.Helper()
	got := exchange(h.t, method, h.room+path, body, jsonBody, "Authorization: Bearer "+h.bearer)
	if got.status != want {
		h.t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
	}
	return got.body
}

// people is what GET …/viewers says, as far as the test looks at it.
type people struct {
	Viewers  []seen
	Requests []struct{ ID, Name string }
}

type seen struct {
	ID, Name, Codec string
	Picture         bool
	Bitrate         int
}

func (h hand) people() (p people) {
	h.t.Helper()
	check(h.t, json.Unmarshal([]byte(h.order("GET", "/viewers", "", 200)), &p))
	return p
}

func (p people) idOf(name string) string {
	for _, v := range p.Viewers {
		if v.Name == name {
			return v.ID
		}
	}
	return "nobody"
}

// refusedAtEveryDoor wants whoever comes with the device to be told the code and the
// reason: by a page, by WHEP, and by a page that no WebSocket serves.
func (r *relay) refusedAtEveryDoor(device, code, reason string) {
	r.t.Helper()
	t := r.t.(*testing.T)
	socket, said := greet(t, r.socket("/ws/pull/math"), map[string]any{"device": device})
	_ = socket.Close()
	if said.Type != "error" || said.Code != code || said.Reason != reason {
		t.Errorf("a page, for %q: %+v", reason, said)
	}
	for _, more := range []string{"Accept: */*", "Relay-Resume: a secret of its own making"} {
		got := exchange(t, "POST", r.url("/whep/math"), newWhipPeer(t).offer(nil), offers, "Relay-Device: "+device, more)
		if !strings.Contains(got.body, `"code":"`+code+`"`) || !strings.Contains(got.body, reason) || got.status < 400 {
			t.Errorf("WHEP, for %q: %d %s", reason, got.status, got.body)
		}
	}
}

func (r *relay) socket(path string) string { return strings.Replace(r.url(path), "http", "ws", 1) }

// TestManageOverHTTP: what who presents can do to a room of twelve, and that ten of
// them, who are meant by none of it, see all that is presented in one piece.
func TestManageOverHTTP(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	first, welcome := presentAs(t, r.socket("/ws/push/math"), map[string]any{"name": "Carol"})
	waitFor(t, "the room to be live", func() bool { return r.room("math").State == "live" })
	h := hand{t, r.url("/api/rooms/math"), welcome.Resume}
	var watchers []*witness
	for range 10 {
		watchers = append(watchers, watchAs(t, r))
	}
	ada, _ := joinAs(t, r.socket("/ws/pull/math"), map[string]any{"name": "Ada", "device": adasDevice})
	eve, _ := joinAs(t, r.socket("/ws/pull/math"), map[string]any{"name": "Eve", "device": evesDevice})
	waitFor(t, "all to see the picture", func() bool {
		viewers := h.people().Viewers
		return len(viewers) == 12 && !slices.ContainsFunc(viewers, func(v seen) bool { return !v.Picture || v.Codec != "VP8" || v.Bitrate == 0 })
	})

	h.order("DELETE", "/viewers/"+h.people().idOf("Ada"), "", http.StatusNoContent)
	if m := ada.await("bye"); m.Reason != "removed" {
		t.Errorf("Ada is told %+v", m)
	}
	r.refusedAtEveryDoor(adasDevice, "forbidden", "removed")
	h.order("POST", "/blocked", fmt.Sprintf(`{"viewer":%q}`, h.people().idOf("Eve")), http.StatusCreated)
	if m := eve.await("bye"); m.Reason != "blocked" {
		t.Errorf("Eve is told %+v", m)
	}
	r.refusedAtEveryDoor(evesDevice, "forbidden", "blocked")
	h.order("PATCH", "", `{"locked":true}`, http.StatusNoContent)
	r.refusedAtEveryDoor(newDevice, "forbidden", "locked")
	h.order("PATCH", "", `{"locked":false,"maxViewers":10}`, http.StatusNoContent)
	r.refusedAtEveryDoor(newDevice, "room-full", "")
	h.order("PATCH", "", `{"maxViewers":null}`, http.StatusNoContent)

	took := h.handOver(r, first)
	watchers[0].waitMedia("after the hand-over")
	packets := 0
	for _, w := range watchers {
		missing, of := w.missing()
		packets += of
		w.mu.Lock()
		if missing > 0 || w.back > 0 || w.left {
			t.Errorf("a viewer missed %d of %d packets, its time went back %d times, it left connected: %v", missing, of, w.back, w.left)
		}
		took = max(took, w.pause)
		w.mu.Unlock()
	}
	figure(t, "access-3: over the API one viewer removed, one blocked, the room locked and limited at three doors, and handed over: "+
		"10 others stayed connected and missed none of %d packets; the longest pause was %.2f s", packets, took.Seconds())
}

// handOver gives the room to another presenter, and returns how long it took from its
// join to its first picture at the API.
func (h hand) handOver(r *relay, first *client) time.Duration {
	h.t.Helper()
	ask := func() string {
		got := exchange(h.t, "POST", h.room+"/requests", `{"secret":"`+bobsSecret+`","name":"Bob"}`, jsonBody)
		return got.body
	}
	if said := ask(); said != `{"state":"waiting"}` {
		h.t.Fatalf("asking: %s", said)
	}
	requests := h.people().Requests
	if len(requests) != 1 || requests[0].Name != "Bob" {
		h.t.Fatalf("asked for by %+v", requests)
	}
	h.order("POST", "/requests/"+requests[0].ID, `{"grant":true}`, http.StatusNoContent)
	if said := ask(); said != `{"state":"granted"}` {
		h.t.Fatalf("asking again: %s", said)
	}
	began := time.Now()
	_, welcome := presentAs(h.t, r.socket("/ws/push/math"), map[string]any{"resume": bobsSecret, "name": "Bob"})
	if m := first.await("bye"); m.Reason != "handed-over" {
		h.t.Errorf("the first presenter is told %+v", m)
	}
	waitFor(h.t, "the other's presentation", func() bool { return r.room("math").State == "live" })
	took := time.Since(began)
	if got := exchange(h.t, "GET", h.room+"/viewers", "", "Authorization: Bearer "+h.bearer); got.status != http.StatusUnauthorized {
		h.t.Errorf("the first presenter still manages: %d", got.status)
	}
	h.bearer = welcome.Resume
	h.people()
	return took
}
