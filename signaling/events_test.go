package signaling

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relay/broadcast"
)

func TestTold(t *testing.T) {
	live, away, idle := broadcast.StateLive, broadcast.StateAway, broadcast.StateIdle
	for name, steps := range map[string][]struct {
		connects bool
		state    broadcast.State
		viewers  int
		want     string
	}{
		"a room that was never live": {
			{true, away, 1, "viewercount:1"}, // never an inactive first
			{true, idle, 1, "viewercount:1"},
			{false, live, 1, "active"},
			{false, live, 1, ""},
			{false, live, 2, "viewercount:2"},
			{false, away, 3, "inactive viewercount:3"},
			{false, idle, 3, ""},
			{true, idle, 3, "inactive viewercount:3"}, // the one before may not have arrived
			{true, idle, 3, "inactive viewercount:3"},
			{true, live, 3, "active viewercount:3"},
			{true, live, 3, "active viewercount:3"},
			{true, away, 3, "inactive viewercount:3"},
		},
		"a live room": {
			{false, live, 1, ""}, // nobody listens
			{true, idle, 1, "inactive viewercount:1"},
			{false, live, 1, "active"},
		},
	} {
		player, seenLive := told{}, false
		for i, step := range steps {
			state := broadcast.RoomState{State: step.state, Viewers: step.viewers}
			seenLive = seenLive || step.state == live
			if step.connects {
				player.forget(state, seenLive)
			} else if i == 0 {
				continue
			}
			var got []string
			for _, e := range player.update(state) {
				got = append(got, strings.TrimSuffix(strings.NewReplacer("{}", "", `{"viewercount":`, "", "}", "").Replace(e.name+":"+e.data), ":"))
			}
			if strings.Join(got, " ") != step.want {
				t.Errorf("%s, step %d: got %q, want %q", name, i, got, step.want)
			}
		}
	}
}

// A player who did not listen when the presenter left hears of it (section 4).
func TestInactiveIsKept(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.WHEPHold = time.Hour })
	publisher := h.publish()
	c, _ := h.play()
	before := h.request("POST", c.path+"/sse", `["active", "inactive"]`, "Content-Type: application/json").want(t, 201, "").header.Get("Location")
	publisher.delete().want(t, 200, "")
	h.listen(before).want("inactive", "{}")
	again := h.listen(before)
	again.want("inactive", "{}") // the GET before may have been cut off
	_, after := c.listen(`["active", "inactive"]`)
	after.want("inactive", "{}")
	h.publish()
	again.want("active", "{}")
	after.want("active", "{}")
}

func TestEvents(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.WHEPHold = time.Hour })
	publisher := h.publish()
	c, frames := h.play()
	wantFrames(t, frames)
	_, all := c.listen("")
	all.want("active", "{}")
	all.want("viewercount", `{"viewercount":1}`)
	_, count := c.listen(`["viewercount"]`)
	count.want("viewercount", `{"viewercount":1}`)

	other, _ := h.play()
	all.want("viewercount", `{"viewercount":2}`)
	count.want("viewercount", `{"viewercount":2}`)
	publisher.delete().want(t, 200, "")
	all.want("inactive", "{}")
	h.publish()
	all.want("active", "{}")
	other.delete().want(t, 200, "")
	all.want("viewercount", `{"viewercount":1}`)
	count.want("viewercount", `{"viewercount":1}`)
	c.delete().want(t, 200, "")
	all.wantEnd()
	count.wantEnd()
}

// The room messages that this waits for come 200 ms apart.
func TestStreamOutlastsTheTimeOfARequest(t *testing.T) {
	h := newHouse(t)
	h.publish()
	c, _ := h.play()
	hasty := httptest.NewUnstartedServer(h.server)
	hasty.Config.ReadTimeout = 50 * time.Millisecond
	hasty.Start()
	t.Cleanup(hasty.Close)
	path := h.request("POST", c.path+"/sse", `["viewercount"]`, "Content-Type: application/json").want(t, 201, "").header.Get("Location")
	there := *h
	there.url = hasty.URL
	events := there.listen(path)
	events.want("viewercount", `{"viewercount":1}`)
	other, _ := h.play()
	events.want("viewercount", `{"viewercount":2}`)
	other.delete().want(t, 200, "")
	events.want("viewercount", `{"viewercount":1}`)
}

func TestStreamOutlivesItsConnections(t *testing.T) {
	h := newHouse(t)
	h.publish()
	c, _ := h.play()
	path, first := c.listen(`["active"]`)
	first.want("active", "{}")
	second := h.listen(path)
	second.want("active", "{}")
	first.wantEnd() // the second took its place
	h.request("DELETE", path, "").want(t, 200, "")
	second.wantEnd()
	h.request("GET", path, "").want(t, 404, "event stream")
	h.request("DELETE", path, "").want(t, 404, "event stream")
}

func TestStreamsThatCannotBe(t *testing.T) {
	h := newHouse(t)
	publisher := h.publish()
	c, _ := h.play()
	for _, test := range []struct {
		path, body, contentType string
		status                  int
		says                    string
	}{
		{c.path + "/sse", `["active","scte35"]`, jsonType, 400, "scte35"},
		{c.path + "/sse", `{"active":true}`, jsonType, 400, "JSON array"},
		{c.path + "/sse", `null`, jsonType, 400, "JSON array"},
		{c.path + "/sse", `[]`, jsonType, 400, "JSON array"},
		{c.path + "/sse", `["active"`, jsonType, 400, "JSON array"},
		{c.path + "/sse", `["active"]`, "text/plain", 415, jsonType},
		{"/whep/math/x/sse", `["active"]`, jsonType, 404, "session"},
		{strings.Replace(publisher.path, "whip", "whep", 1) + "/sse", ``, jsonType, 404, "session"},
	} {
		h.request("POST", test.path, test.body, "Content-Type: "+test.contentType).want(t, test.status, test.says)
	}
	for range maxStreams {
		h.request("POST", c.path+"/sse", "").want(t, 201, "")
	}
	if got := h.request("POST", c.path+"/sse", "").want(t, 429, "at most 4"); got.header.Get("Retry-After") == "" {
		t.Errorf("%v", got.header)
	}
}

func TestListenerOfAStreamThatIsDeleted(t *testing.T) {
	h := newHouse(t)
	h.publish()
	c, _ := h.play()
	path := h.request("POST", c.path+"/sse", "").want(t, 201, "").header.Get("Location")
	st, err := h.server.resources.find(c.path).findStream(path[strings.LastIndex(path, "/")+1:])
	if err != nil {
		t.Fatal(err)
	}
	st.turn <- struct{}{} // somebody sends
	waited := make(chan exchange)
	go func() { waited <- h.request("GET", path, "") }()
	<-st.leave // the GET waits for its turn
	h.request("DELETE", path, "").want(t, 200, "")
	(<-waited).want(t, 404, "event stream")
	<-st.turn
}

func TestCloseEndsStreams(t *testing.T) {
	h := newHouse(t)
	h.publish()
	c, _ := h.play()
	path, events := c.listen("")
	events.want("active", "{}")
	h.server.Close()
	events.wantEnd()
	h.request("GET", path, "").want(t, 503, "shutting-down")
}

func TestQuietStreamIsCommented(t *testing.T) {
	var one, two http.Protocols
	one.SetHTTP1(true)
	two.SetUnencryptedHTTP2(true)
	for name, protocols := range map[string]*http.Protocols{"HTTP/1.1": &one, "HTTP/2.0": &two} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { readComments(t, name, protocols) })
		})
	}
}

// readComments reads a stream of which nothing comes, in virtual time.
func readComments(t *testing.T, name string, protocols *http.Protocols) {
	ctx, end := context.WithCancelCause(t.Context())
	st := &stream{
		room:   func() (broadcast.RoomState, bool) { return broadcast.RoomState{State: broadcast.StateIdle}, false },
		events: []string{"active"}, ctx: ctx, end: end, wake: make(chan struct{}), leave: make(chan struct{}),
	}
	ours, theirs := net.Pipe()
	l := &oneConn{conns: make(chan net.Conn, 1), Conn: theirs}
	l.conns <- theirs
	handler := func(w http.ResponseWriter, r *http.Request) { st.send(r.Context(), newEventWriter(w)) }
	server := &http.Server{Handler: http.HandlerFunc(handler), Protocols: protocols}
	go func() { _ = server.Serve(l) }()
	transport := &http.Transport{Protocols: protocols, DialContext: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}
	defer func() {
		end(nil)
		close(l.conns)
		transport.CloseIdleConnections()
		_ = server.Close()
		_ = ours.Close()
	}()

	response, err := (&http.Client{Transport: transport}).Get("http://localhost/")
	if err != nil || response.Proto != name || response.Header.Get("X-Accel-Buffering") != "no" || response.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%+v, %v", response, err)
	}
	defer response.Body.Close()
	began := time.Now()
	for n := 1; n <= 4; n++ {
		comment := make([]byte, 3)
		if _, err := io.ReadFull(response.Body, comment); err != nil || string(comment) != ":\n\n" || time.Since(began) != time.Duration(n)*commentEvery {
			t.Fatalf("after %v: %q, %v", time.Since(began), comment, err)
		}
	}
}
