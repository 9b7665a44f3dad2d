package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// abuses are PATCHes that no session can carry out.
var abuses = []struct {
	name     string
	kind     string
	fragment string
}{
	{"no fragment of SDP", fragments, "hello"},
	{"nothing at all", fragments, ""},
	{"JSON", jsonBody, `{"restart":true}`},
	{"a password too short", fragments, fragment("newufrag", "short")},
	{"no password", fragments, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:newufrag\r\n"},
	{"candidates by the hundred", fragments, fragment("newufrag", "vw5LmwG4y/e6dPP/zAP9Gp5k", hundredsOfCandidates()...)},
}

func hundredsOfCandidates() []string {
	candidates := make([]string, 300)
	for i := range candidates {
		candidates[i] = fmt.Sprintf("a=candidate:1 1 udp 2122260223 192.0.2.1 %d typ host", 1024+i)
	}
	return candidates
}

// TestPatchAbuse: malformed PATCHes leave a session as it was, which then can
// still be restarted.
func TestPatchAbuse(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	publisher := publishOverWHIP(t, r.url("/whip/main"))
	viewer := newWhipPeer(t).join(r.url("/whep/main"))
	viewer.waitMedia("before any abuse")
	for _, p := range []*whipPeer{publisher, viewer} {
		for _, abuse := range abuses {
			got := exchange(t, "PATCH", p.session, abuse.fragment, abuse.kind, `If-Match: "*"`)
			if got.status < 400 || got.status > 499 {
				t.Errorf("%s: %d: %s", abuse.name, got.status, got.body)
			}
			viewer.waitMedia("after " + abuse.name)
		}
		p.restart()
		viewer.waitMedia("after a restart")
	}
	figure(t, "whip-6: %d malformed PATCHes on a publisher and on a viewer: media went on, and a restart of each worked", len(abuses))
}

// waitMedia returns once a second's worth of media has come.
func (p *whipPeer) waitMedia(when string) {
	p.t.Helper()
	want := p.received.Load() + 30
	waitFor(p.t, "media "+when, func() bool { return p.received.Load() >= want })
}

// roomInfo is what /api/rooms/{room} says, as far as the tests look at it.
type roomInfo struct {
	State   string
	Since   time.Time
	Viewers int
	Tracks  []struct {
		Kind, Codec      string
		Width, Height    int
		KeyFrameInterval float64
	}
	Warnings []struct{ Code, Message string }
}

func (r *relay) room(name string) roomInfo {
	r.t.Helper()
	var info roomInfo
	check(r.t, json.Unmarshal(get(r.t, strangersClient, r.url("/api/rooms/"+name)), &info))
	return info
}

// TestKilledPlayerIsForgotten: who went without DELETE.
func TestKilledPlayerIsForgotten(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	publishOverWHIP(t, r.url("/whip/main"))
	viewer := newWhipPeer(t).join(r.url("/whep/main"))
	viewer.waitMedia("before it is killed")
	waitFor(t, "the viewer to be counted", func() bool { return r.room("main").Viewers == 1 })
	viewer.media.muted.Store(true)
	killed := time.Now()
	waitFor(t, "the viewer to be counted no more", func() bool { return r.room("main").Viewers == 0 })
	uncounted := time.Since(killed)
	waitFor(t, "the session to be gone", func() bool { return exchange(t, "GET", viewer.session, "").status == http.StatusNotFound })
	gone := time.Since(killed)
	if gone > 15*time.Second {
		t.Errorf("the session was there for %v, want 15 s", gone)
	}
	figure(t, "whip-6: a WHEP player killed without DELETE: not counted after %.1f s, gone after %.1f s", uncounted.Seconds(), gone.Seconds())
}

// TestPostAndDeleteLeaveNothing: sessions that are opened and deleted at once.
// By itself: another test's peers would be counted with the relay's.
func TestPostAndDeleteLeaveNothing(t *testing.T) {
	r := startInside(t)
	publishFrames(t, r.url+"/ws/push/main")
	site := strings.Replace(r.url, "ws", "http", 1)
	send, receive := newWhipPeer(t, screenTracks(t)...).offer(nil), newWhipPeer(t).offer(nil)
	rounds := length(100, 1000)
	round := func() {
		openAndDelete(t, site+"/whip/other", send)
		openAndDelete(t, site+"/whep/main", receive)
	}
	for range 20 {
		round()
	}
	goroutines, heap := restingGoroutines(), heapInUse()
	for range rounds / 2 {
		round()
	}
	var left, grown int
	waitFor(t, "goroutines and heap to return", func() bool {
		left, grown = restingGoroutines(), int(heapInUse())-int(heap)
		return left <= goroutines && grown <= 1<<20
	})
	figure(t, "whip-6: %d rounds of POST and DELETE: %d goroutines before, %d after, the heap grew by %d kB", rounds, goroutines, left, grown/1024)
}

func openAndDelete(t *testing.T, endpoint, offer string) {
	t.Helper()
	created := exchange(t, "POST", endpoint, offer, offers)
	if created.status != http.StatusCreated {
		t.Fatalf("POST %s: %d: %s", endpoint, created.status, created.body)
	}
	base := endpoint[:strings.LastIndex(endpoint, "/wh")]
	if deleted := exchange(t, "DELETE", base+created.header.Get("Location"), ""); deleted.status != http.StatusOK {
		t.Fatalf("DELETE: %d: %s", deleted.status, deleted.body)
	}
}

// TestRestartThatLeadsNowhere: who restarts and is then not heard again is gone
// as if killed (RFC 9725 section 4.3.3).
func TestRestartThatLeadsNowhere(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	publishOverWHIP(t, r.url("/whip/main"))
	viewer := newWhipPeer(t).join(r.url("/whep/main"))
	viewer.waitMedia("before the restart")
	if got := viewer.patch(restarts, "*"); got.status != http.StatusOK {
		t.Fatalf("a restart: %d: %s", got.status, got.body)
	}
	restarted := time.Now()
	waitFor(t, "the session to be gone", func() bool { return exchange(t, "GET", viewer.session, "").status == http.StatusNotFound })
	gone := time.Since(restarted)
	if gone > 15*time.Second {
		t.Errorf("the session was there for %v, want 15 s", gone)
	}
	figure(t, "whip-6: a restart after which no media path came up: the session is gone after %.1f s", gone.Seconds())
}
