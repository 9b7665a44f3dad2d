package signaling

import (
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

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
		"other type":           {"POST", "/whip/bad", send, []string{"Content-Type: text/plain"}, 415, sdpType, "Accept-Post", sdpType},
		"no type":              {"POST", "/whip/bad", send, nil, 415, sdpType, "", ""},
		"no SDP":               {"POST", "/whip/bad", "hello", []string{offers}, 400, "bad-request", "", ""},
		"nothing":              {"POST", "/whip/bad", "", []string{offers}, 400, "bad-request", "", ""},
		"too large":            {"POST", "/whip/bad", strings.Repeat("x", maxSDP+1), []string{offers}, 413, "too-large", "", ""},
		"wrong direction":      {"POST", "/whip/bad", receive, []string{offers}, 400, "sends", "", ""},
		"no codec":             {"POST", "/whip/bad", dropCodecs(send), []string{offers}, 422, "codec-unsupported", "", ""},
		"no room":              {"POST", "/whip/a%20b", send, []string{offers}, 400, "1 to 64", "", ""},
		"two streams":          {"POST", "/whip/bad", send + "a=msid:one a\r\na=msid:two b\r\n", []string{offers}, 400, "MediaStream", "", ""},
		"two sources' streams": {"POST", "/whip/bad", send + "a=ssrc:1 msid:one a\r\na=ssrc:2 msid:two b\r\n", []string{offers}, 400, "MediaStream", "", ""},
		"GET no room":          {"GET", "/whip/a.b", "", nil, 400, "1 to 64", "", ""},
		"GET WHEP no room":     {"GET", "/whep/a%20b", "", nil, 400, "1 to 64", "", ""},
		"HEAD no room":         {"HEAD", "/whip/a.b", "", nil, 400, "", "", ""},
		"HEAD WHEP no room":    {"HEAD", "/whep/a.b", "", nil, 400, "", "", ""},
		"GET endpoint":         {"GET", "/whip/math", "", nil, 204, "", "", ""},
		"GET WHEP endpoint":    {"GET", "/whep/math", "", nil, 204, "", "", ""},
		"HEAD endpoint":        {"HEAD", "/whip/math", "", nil, 204, "", "", ""},
		"HEAD WHEP endpoint":   {"HEAD", "/whep/math", "", nil, 200, "", "Content-Type", sdpType},
		"OPTIONS":              {"OPTIONS", "/whip/math", "", nil, 200, "", "Accept-Post", sdpType},
		"OPTIONS WHEP":         {"OPTIONS", "/whep/math", "", nil, 200, "", "Allow", "GET, HEAD, OPTIONS, POST"},
		"PUT":                  {"PUT", "/whip/math", "", nil, 405, "method", "Allow", "GET, HEAD, OPTIONS, POST"},
		"PUT API":              {"PUT", "/api/rooms/math", "", nil, 405, "method", "Allow", "GET, HEAD, OPTIONS"},
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

func TestCountStreams(t *testing.T) {
	for offer, want := range map[string]int{
		"v=0\r\n":                                   0,
		"a=msid:a video\r\na=msid:a audio\r\n":      1,
		"a=msid:a video\r\na=msid:b audio\r\n":      2,
		"a=msid:- video\r\na=msid:a audio\r\n":      1,
		"a=msid-semantic: WMS a\r\na=msid:b\r\n":    1,
		"a=ssrc:1 msid:a x\r\na=ssrc:2 msid:b\r\n":  2,
		"a=msid:a x\r\na=ssrc:1 msid:a x\r\n":       1,
		"a=ssrc:1 cname:b\r\na=ssrc:1 msid:- x\r\n": 0,
	} {
		if got := countStreams(offer); got != want {
			t.Errorf("%q has %d, want %d", offer, got, want)
		}
	}
}

// A player that goes without a word is freed: 8 s after it fell silent.
func TestSilentPlayerIsFreed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish()
	c, frames := h.play()
	wantFrames(t, frames)
	began := time.Now()
	if err := c.pc.GracefulClose(); err != nil {
		t.Fatal(err)
	}
	h.await("the session's end", func() bool { return h.relay.Stats().Viewers == 0 })
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
	c.delete().want(t, 404, "")
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
