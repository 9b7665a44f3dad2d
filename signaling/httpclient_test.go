package signaling

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// exchange is what came back of a request.
type exchange struct {
	status int
	header http.Header
	body   string
}

// request sends a request with header fields such as "If-Match: *".
func (h *house) request(method, path, body string, header ...string) exchange {
	h.t.Helper()
	response := h.begin(method, path, body, header...)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return exchange{response.StatusCode, response.Header, string(content)}
}

// begin sends a request, and leaves the body to be read.
func (h *house) begin(method, path, body string, header ...string) *http.Response {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, strings.Replace(h.url, "ws:", "http:", 1)+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return response
}

// want fails the test if the request did not end so.
func (e exchange) want(t *testing.T, status int, says string) exchange {
	t.Helper()
	if e.status != status || !strings.Contains(e.body, says) {
		t.Fatalf("got %d %s, want %d with %q", e.status, e.body, status, says)
	}
	if problem := e.header.Get("Content-Type") == "application/problem+json"; problem != (status >= 400) {
		t.Fatalf("%d came as %q", status, e.header.Get("Content-Type"))
	}
	return e
}

// client is a WHIP or WHEP client with a session.
type client struct {
	h    *house
	pc   *webrtc.PeerConnection
	path string // of the session
	etag string
}

const (
	offers    = "Content-Type: application/sdp"
	fragments = "Content-Type: application/trickle-ice-sdpfrag"
)

// post opens a session: "/whip/math".
func (h *house) post(path string, pc *webrtc.PeerConnection) *client {
	h.t.Helper()
	got := h.request("POST", path, offerOf(h.t, pc, nil), offers).want(h.t, 201, "v=0")
	c := &client{h, pc, got.header.Get("Location"), got.header.Get("ETag")}
	connect(h.t, pc, got.body)
	return c
}

// publish presents in the room math: one key frame after the other.
func (h *house) publish() *client {
	h.t.Helper()
	pc, track := newVP8Peer(h.t)
	c := h.post("/whip/math", pc)
	h.sendKeyFrames(track)
	h.await("a live room", func() bool { return h.relay.Room("math").State == "live" })
	return c
}

// play watches the room math; frames receives something for each packet, as long
// as somebody takes it.
func (h *house) play() (c *client, frames <-chan struct{}) {
	h.t.Helper()
	pc, came := newPeer(h.t, recvonly), make(chan struct{}, 1)
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			select {
			case came <- struct{}{}:
			default:
			}
		}
	})
	before := h.relay.Room("math").Viewers
	c = h.post("/whep/math", pc)
	h.await("one viewer more", func() bool { return h.relay.Room("math").Viewers > before })
	return c, came
}

// wantFrames waits for more packets than can have been under way.
func wantFrames(t *testing.T, frames <-chan struct{}) {
	t.Helper()
	for range 10 {
		select {
		case <-frames:
		case <-time.After(patience):
			t.Fatal("no media")
		}
	}
}

func (h *house) await(what string, is func() bool) {
	h.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(deadline) {
			h.t.Fatalf("waiting for %s", what)
		}
	}
}

func (c *client) patch(body, condition string) exchange {
	c.h.t.Helper()
	return c.h.request("PATCH", c.path, body, fragments, "If-Match: "+condition)
}

func (c *client) delete() exchange {
	c.h.t.Helper()
	return c.h.request("DELETE", c.path, "")
}

var (
	ufragLine = regexp.MustCompile(`a=ice-ufrag:(\S+)`)
	pwdLine   = regexp.MustCompile(`a=ice-pwd:(\S+)`)
)

// credentials are the fragment's or SDP's lines.
func credentials(text string) string {
	return ufragLine.FindString(text) + "\r\n" + pwdLine.FindString(text) + "\r\n"
}

// current is the fragment of a client that has nothing to say.
func (c *client) current() string { return credentials(c.pc.LocalDescription().SDP) }

// restart restarts ICE as a client does; it returns once media can flow again.
func (c *client) restart() {
	t := c.h.t
	t.Helper()
	before := c.pc.RemoteDescription().SDP
	offer := offerOf(t, c.pc, &webrtc.OfferOptions{ICERestart: true})
	var candidates string
	for line := range strings.Lines(offer) {
		if strings.HasPrefix(line, "a=candidate:") {
			candidates += line
		}
	}
	got := c.patch("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"+credentials(offer)+candidates, `"*"`).want(t, 200, "a=candidate:")
	if tag := got.header.Get("ETag"); tag == c.etag || tag == "" {
		t.Errorf("the ETag after the restart is %s, before it was %s", tag, c.etag)
	}
	c.etag = got.header.Get("ETag")
	after := ufragLine.ReplaceAllLiteralString(before, ufragLine.FindString(got.body))
	if after == before {
		t.Error("the relay's ufrag did not change")
	}
	connect(t, c.pc, pwdLine.ReplaceAllLiteralString(after, pwdLine.FindString(got.body)))
}

// listener reads an event stream.
type listener struct {
	t     *testing.T
	lines *bufio.Scanner
}

// listen makes an event stream and begins to read it. events is JSON, or "".
func (c *client) listen(events string) (path string, l *listener) {
	c.h.t.Helper()
	got := c.h.request("POST", c.path+"/sse", events, "Content-Type: application/json").want(c.h.t, 201, "")
	path = got.header.Get("Location")
	return path, c.h.listen(path)
}

func (h *house) listen(path string) *listener {
	h.t.Helper()
	response := h.begin("GET", path, "")
	h.t.Cleanup(func() { _ = response.Body.Close() })
	if kind := response.Header.Get("Content-Type"); response.StatusCode != 200 || kind != "text/event-stream" {
		h.t.Fatalf("GET %s: %s, %s", path, response.Status, kind)
	}
	return &listener{h.t, bufio.NewScanner(response.Body)}
}

// want reads the next event.
func (l *listener) want(name, data string) {
	l.t.Helper()
	var got []string
	for l.lines.Scan() && l.lines.Text() != "" {
		got = append(got, l.lines.Text())
	}
	if strings.Join(got, "\n") != "event: "+name+"\ndata: "+data || !json.Valid([]byte(data)) {
		l.t.Fatalf("got %q, want %s %s", got, name, data)
	}
}

// wantEnd reads to the end, which has to come.
func (l *listener) wantEnd() {
	l.t.Helper()
	for l.lines.Scan() {
		if strings.HasPrefix(l.lines.Text(), "event: active") {
			l.t.Error("active at the end")
		}
	}
}
