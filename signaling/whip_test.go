package signaling

import (
	"fmt"
	"net"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"relay/broadcast"
)

func TestPublishAndPlay(t *testing.T) {
	h := newHouse(t)
	page, _ := h.join("pull/math", "")
	publisher := h.publish()
	page.expectRoom(live)
	_, frames := h.play()
	wantFrames(t, frames)
	page.expectRoom(func(m reply) bool { return m.Viewers == 1 })
	publisher.delete().want(t, 200, "")
	page.expectRoom(idle)
}

func TestPlayWhatAPagePresents(t *testing.T) {
	h := newHouse(t)
	h.presentVP8()
	h.await("a live room", func() bool { return h.relay.Room("math").State == broadcast.StateLive })
	_, frames := h.play()
	wantFrames(t, frames)
}

func TestPlayerComesBackUntilSomebodyPresents(t *testing.T) {
	h := newHouse(t)
	offer := offerOf(t, newPeer(t, recvonly), nil)
	got := h.request("POST", "/whep/math", offer, offers).want(t, 409, `"code":"not-live"`)
	if got.header.Get("Retry-After") != "2" {
		t.Errorf("%v", got.header)
	}
	h.publish()
	h.request("POST", "/whep/math", offer, offers).want(t, 201, "a=sendonly")
	busy := h.request("POST", "/whip/math", offerOf(t, newPeer(t, sendonly), nil), offers).want(t, 409, `"code":"room-busy"`)
	if busy.header.Get("Retry-After") != "5" || !strings.Contains(busy.body, `"since":"2`) {
		t.Errorf("%v %s", busy.header, busy.body)
	}
}

func TestEndpoints(t *testing.T) {
	h := newHouse(t)
	h.publish()
	send, receive := offerOf(t, newPeer(t, sendonly), nil), offerOf(t, newPeer(t, recvonly), nil)
	for name, test := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		says               string
		field, value       string
	}{
		"offer":                {"POST", "/whip/new", send, []string{offers}, 201, "a=recvonly", "Content-Type", sdpType},
		"multiplexed":          {"POST", "/whip/new3", send, []string{offers}, 201, "a=rtcp-mux-only", "", ""},
		"multiplexed player":   {"POST", "/whep/math", receive, []string{offers}, 201, "a=rtcp-mux-only", "", ""},
		"parameters":           {"POST", "/whip/new2", send, []string{offers + "; charset=utf-8"}, 201, "", "", ""},
		"accepts anything":     {"POST", "/whep/math", receive, []string{offers, "Accept: text/html, */*;q=0.1"}, 201, "", "", ""},
		"accepts no SDP":       {"POST", "/whep/math", receive, []string{offers, "Accept: text/html"}, 406, "Accept", "Location", ""},
		"coding":               {"POST", "/whip/bad", send, []string{offers, "Content-Encoding: gzip"}, 415, "Content-Encoding", "Accept-Encoding", "identity"},
		"no coding":            {"POST", "/whip/new4", send, []string{offers, "Content-Encoding: Identity"}, 201, "", "", ""},
		"malformed, busy":      {"POST", "/whip/math", "xx", []string{offers}, 400, "bad-request", "Retry-After", ""},
		"malformed, idle":      {"POST", "/whep/idle", "xx", []string{offers}, 400, "bad-request", "Retry-After", ""},
		"nothing, idle":        {"POST", "/whep/idle", "", []string{offers}, 400, "bad-request", "Retry-After", ""},
		"other type":           {"POST", "/whip/bad", send, []string{"Content-Type: text/plain"}, 415, sdpType, "Accept-Post", sdpType},
		"no type":              {"POST", "/whip/bad", send, nil, 415, sdpType, "", ""},
		"no SDP":               {"POST", "/whip/bad", "hello", []string{offers}, 400, "bad-request", "", ""},
		"nothing":              {"POST", "/whip/bad", "", []string{offers}, 400, "bad-request", "", ""},
		"too large":            {"POST", "/whip/bad", strings.Repeat("x", maxSDP+1), []string{offers}, 413, "too-large", "", ""},
		"wrong direction":      {"POST", "/whip/bad", receive, []string{offers}, 400, "sends", "", ""},
		"no codec":             {"POST", "/whip/bad", dropCodecs(send), []string{offers}, 422, "codec-unsupported", "", ""},
		"no room":              {"POST", "/whip/a%20b", send, []string{offers}, 400, "1 to 64", "", ""},
		"two streams":          {"POST", "/whip/bad", send + "a=msid:one a\r\na=msid:two b\r\n", []string{offers}, 400, "section 4.4.2", "", ""},
		"two sources' streams": {"POST", "/whip/bad", send + "a=ssrc:1 msid:one a\r\na=ssrc:2 msid:two b\r\n", []string{offers}, 400, "section 4.4.2", "", ""},
		"GET no room":          {"GET", "/whip/a.b", "", nil, 400, "1 to 64", "", ""},
		"GET WHEP no room":     {"GET", "/whep/a%20b", "", nil, 400, "1 to 64", "", ""},
		"HEAD no room":         {"HEAD", "/whip/a.b", "", nil, 400, "", "", ""},
		"HEAD WHEP no room":    {"HEAD", "/whep/a.b", "", nil, 400, "", "", ""},
		"GET endpoint":         {"GET", "/whip/math", "", nil, 204, "", "", ""},
		"GET WHEP endpoint":    {"GET", "/whep/math", "", nil, 200, "", "Content-Type", sdpType},
		"HEAD endpoint":        {"HEAD", "/whip/math", "", nil, 204, "", "", ""},
		"HEAD WHEP endpoint":   {"HEAD", "/whep/math", "", nil, 200, "", "Content-Type", sdpType},
		"OPTIONS":              {"OPTIONS", "/whip/math", "", nil, 200, "", "Accept-Post", sdpType},
		"OPTIONS WHEP":         {"OPTIONS", "/whep/math", "", nil, 200, "", "Allow", "GET, HEAD, OPTIONS, POST"},
		"PUT":                  {"PUT", "/whip/math", "", nil, 405, "method", "Allow", "GET, HEAD, OPTIONS, POST"},
		"PUT API":              {"PUT", "/api/rooms/math", "", nil, 405, "method", "Allow", "DELETE, GET, HEAD, OPTIONS, PATCH"},
		"unknown session":      {"GET", "/whip/math/x", "", nil, 404, "not-found", "", ""},
		"PATCH of no session":  {"PATCH", "/whep/math/x", "", nil, 404, "not-found", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := *h
			h.t = t
			got := h.request(test.method, test.path, test.body, test.header...)
			got.want(t, test.status, test.says)
			if test.field != "" && got.header.Get(test.field) != test.value {
				t.Errorf("%s: %q, want %q", test.field, got.header.Get(test.field), test.value)
			}
		})
	}
}

// dropCodecs leaves no codec that the relay knows.
func dropCodecs(offer string) string {
	return strings.NewReplacer("VP8/", "X1/", "VP9/", "X2/", "H264/", "X3/", "AV1/", "X4/", "opus/", "X5/").Replace(offer)
}

func TestCreatedSaysWhatGoesWithIt(t *testing.T) {
	h := newHouse(t, func(c *Config) {
		c.ICEServers = []ICEServer{
			{URLs: []string{"stun:stun.example.net"}},
			{URLs: []string{"turn:turn.example.net?transport=udp"}, Username: "ada", Credential: `a"b\c`},
		}
	})
	h.publish()
	got := h.request("POST", "/whep/math", offerOf(t, newPeer(t, recvonly), nil), offers).want(t, 201, "")
	location := got.header.Get("Location")
	if id, ok := strings.CutPrefix(location, "/whep/math/"); !ok || len(id) < 22 {
		t.Errorf("Location: %s", location)
	}
	if tag := got.header.Get("ETag"); len(tag) < 10 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		t.Errorf("ETag: %s", tag)
	}
	want := []string{
		`<stun:stun.example.net>; rel="ice-server"`,
		`<turn:turn.example.net?transport=udp>; rel="ice-server"; username="ada"; credential="a\"b\\c"; credential-type="password"`,
		`<` + location + `/sse>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; events="active,inactive,viewercount"`,
	}
	if links := got.header.Values("Link"); !slices.Equal(links, want) {
		t.Errorf("Link: %q", links)
	}
	if _, welcome := h.join("pull/math", ""); len(welcome.ICEServers) != 2 {
		t.Errorf("a page is told of %v", welcome.ICEServers)
	}
}

func TestAccepts(t *testing.T) {
	for header, want := range map[string]bool{
		"":                              true,
		"*/*":                           true,
		"application/sdp":               true,
		"Application/SDP;q=0.3":         true,
		"application/*":                 true,
		"text/html, application/sdp":    true,
		"text/html":                     false,
		"application/json":              false,
		"application/sdp;q=0":           false,
		"application/sdp;q=0.000, */*":  false,
		"application/*;q=0, */*;q=1":    false,
		"application/sdp, */*;q=0":      true,
		"text/html, */*;q=0.1":          true,
		"nonsense, ;;;, application/ok": false,
		"*":                             true,
		"*;q=0":                         false,
		"image/gif, *; q=.2":            true, // Java's URLConnection
		"nonsense":                      true,
		";;;":                           true,
	} {
		r := httptest.NewRequest("POST", "/whip/math", nil)
		r.Header.Set("Accept", header)
		if accepts(r, sdpType) != want {
			t.Errorf("Accept: %s is not %v", header, want)
		}
	}
}

// A player that goes without a word is freed: 8 s after it fell silent.
func TestSilentPlayerIsFreed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish()
	pc, media := newMutablePeer(t, recvonly)
	c := h.post("/whep/math", pc)
	h.await("a viewer", func() bool { return h.relay.Room("math").Viewers == 1 })
	began := time.Now()
	media.muted.Store(true)
	if err := pc.GracefulClose(); err != nil {
		t.Fatal(err)
	}
	h.await("the session's end", func() bool { return h.relay.Stats().Viewers == 0 })
	if took := time.Since(began); took < playerLinger || took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
	c.delete().want(t, 404, "")
}

// Who closes the connection (DTLS close_notify) ends the session as DELETE does:
// RFC 9725 section 4.2, and section 4.3.8 of WHEP.
func TestClosedConnectionsEndSessions(t *testing.T) {
	h := newHouse(t)
	publisher := h.publish()
	player, frames := h.play()
	wantFrames(t, frames)
	began := time.Now()
	for _, c := range []*client{player, publisher} {
		if err := c.pc.GracefulClose(); err != nil {
			t.Fatal(err)
		}
		h.await("the session's end", func() bool { return h.server.resources.find(c.path) == nil })
		c.delete().want(t, 404, "")
	}
	if took := time.Since(began); took > playerLinger/2 {
		t.Errorf("it took %v", took)
	}
	h.publish() // the room is free
}

// mutableConn is a socket that can fall silent, as a network that is gone is.
type mutableConn struct {
	net.PacketConn
	muted atomic.Bool
}

func (c *mutableConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if c.muted.Load() {
		return len(p), nil
	}
	return c.PacketConn.WriteTo(p, to)
}

// newMutablePeer is a newPeer whose media passes one socket.
func newMutablePeer(t *testing.T, direction webrtc.RTPTransceiverDirection) (*webrtc.PeerConnection, *mutableConn) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	media := &mutableConn{PacketConn: conn}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: media})
	t.Cleanup(func() { _ = mux.Close(); _ = conn.Close() })
	return newPeerWith(t, direction, func(s *webrtc.SettingEngine) { s.SetICEUDPMux(mux) }), media
}

// The room is live some milliseconds after its publisher's client says so: a
// player who comes in between waits for that, but not for more.
func TestPlayerWaitsForAConnectingPublisher(t *testing.T) {
	h := newHouse(t)
	receive := offerOf(t, newPeer(t, recvonly), nil)
	began := time.Now()
	h.request("POST", "/whep/idle", receive, offers).want(t, 409, "not-live")
	if took := time.Since(began); took >= soonLive {
		t.Errorf("the answer of a room where nobody presents took %v", took)
	}
	served := false
	for n := 0; n < 5 && !served; n++ { // on a busy machine it takes longer to connect
		served = h.playBeforeConnected(fmt.Sprintf("soon%d", n), receive) == 201
	}
	if !served {
		t.Error("no player was served")
	}
	h.request("POST", "/whip/slow", offerOf(t, newPeer(t, sendonly), nil), offers).want(t, 201, "")
	began = time.Now()
	h.request("POST", "/whep/slow", receive, offers).want(t, 409, "not-live")
	if took := time.Since(began); took < soonLive || took > 10*soonLive {
		t.Errorf("the answer of a room whose publisher does not connect took %v", took)
	}
	h.await("the player to be gone", func() bool { return h.relay.Stats().Viewers <= 1 })
}

// playBeforeConnected offers to play in a room whose publisher connects then.
func (h *house) playBeforeConnected(room, offer string) (status int) {
	h.t.Helper()
	viewers := h.relay.Stats().Viewers
	pc := newPeer(h.t, sendonly)
	published := h.request("POST", "/whip/"+room, offerOf(h.t, pc, nil), offers).want(h.t, 201, "")
	answered := make(chan exchange)
	go func() { answered <- h.request("POST", "/whep/"+room, offer, offers) }()
	h.await("a player who waits", func() bool { return h.relay.Stats().Viewers > viewers })
	connect(h.t, pc, published.body)
	return (<-answered).status
}

// A client that fell silent has no way back into its session: the room is free.
func TestSilentPublisherLeavesTheRoom(t *testing.T) {
	h := newHouse(t)
	c := h.publish()
	leave(h.server.resources.find(c.path).session, broadcast.ErrSilent)
	if state := h.relay.Room("math").State; state != broadcast.StateIdle {
		t.Errorf("the room is %v", state)
	}
	h.publish()
}

func TestRoundsLeaveNothing(t *testing.T) {
	h := newHouse(t)
	h.publish()
	offer := offerOf(t, newPeer(t, recvonly), nil)
	rounds := func() {
		for range 50 {
			got := h.request("POST", "/whep/math", offer, offers).want(t, 201, "")
			h.request("DELETE", got.header.Get("Location"), "").want(t, 200, "")
		}
		h.await("an empty room", func() bool { return h.relay.Stats().Viewers == 0 })
	}
	rounds()
	before := runtime.NumGoroutine()
	rounds()
	h.await("goroutines to return", func() bool { return runtime.NumGoroutine() <= before })
	known := &h.server.resources
	known.mu.Lock()
	defer known.mu.Unlock()
	if n := len(known.byPath); n != 1 {
		t.Errorf("%d sessions are still known", n)
	}
}

func TestPublisherMayReturnAtOnce(t *testing.T) {
	h := newHouse(t)
	offer := offerOf(t, newPeer(t, sendonly), nil)
	for range 20 {
		h.request("POST", "/whip/math", offer[:len(offer)/2], offers).want(t, 400, "")
		got := h.request("POST", "/whip/math", offer, offers).want(t, 201, "")
		h.request("DELETE", got.header.Get("Location"), "").want(t, 200, "")
	}
}

func TestShutdownRefusesOffers(t *testing.T) {
	h := newHouse(t)
	h.publish()
	h.server.Close()
	for _, path := range []string{"/whip/other", "/whep/math"} {
		got := h.request("POST", path, "v=0", offers).want(t, 503, "shutting-down")
		if got.header.Get("Retry-After") != "2" {
			t.Errorf("%v", got.header)
		}
	}
}
