package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// TestEverybodyComesBack: nobody clicks when the relay is started again, nor when it
// was killed; and they do not come all at once.
func TestEverybodyComesBack(t *testing.T) {
	r := startRelay(t)
	p := present(t, r, "/push")
	count := length(20, 100)
	viewers, joins := startReturners(t, "ws"+r.url("/ws/pull/main")[len("http"):], count)
	awaitReturn(t, viewers, time.Now())
	for _, end := range []struct {
		how  string
		do   func()
		most int // joins in a second
	}{
		{"SIGTERM", func() { r.end(syscall.SIGTERM) }, 80},
		{"kill -9", r.kill, count},
	} {
		since := presentedSince(t, r)
		end.do()
		r.start()
		listening := time.Now()
		if code := r.strangerPresents("main"); code != "room-busy" {
			t.Errorf("after %s a stranger who wants the room is told %q", end.how, code)
		}
		took := awaitReturn(t, viewers, listening)
		p.push.waitState("live")
		most, all := joins.busiest(listening)
		if took > 10*time.Second || most > end.most || all != count {
			t.Errorf("after %s: %d joined, %d within one second, the last saw media after %v; want %d, at most %d, 10 s",
				end.how, all, most, took, count, end.most)
		}
		if again := presentedSince(t, r); !again.Equal(since) {
			t.Errorf("after %s the presentation began at %v, not at %v", end.how, again, since)
		}
		figure(t, "access-5: after %s the presenter and %d viewers are back by themselves, the last sees media %.1f s after the relay listens; at most %d joins within any second",
			end.how, all, took.Seconds(), most)
	}
}

// end ends the process by a signal, and waits for that.
func (r *relay) end(signal os.Signal) {
	r.t.Helper()
	check(r.t, r.cmd.Process.Signal(signal))
	select {
	case <-r.ended:
	case <-time.After(5 * time.Second):
		r.t.Errorf("%v did not end the relay in 5 s:\n%s", signal, r.log)
		r.kill()
	}
}

// presentedSince is when the presentation in the room began.
func presentedSince(t *testing.T, r *relay) time.Time {
	t.Helper()
	var since time.Time
	waitFor(t, "a live room", func() bool {
		info := r.room("main")
		since = info.Since
		return info.State == "live"
	})
	return since
}

// strangerPresents is the error's code that somebody is told who wants to present.
func (r *relay) strangerPresents(room string) string {
	r.t.Helper()
	socket, _, err := websocket.DefaultDialer.Dial("ws"+r.url("/ws/push/" + room)[len("http"):], nil)
	check(r.t, err)
	defer socket.Close()
	check(r.t, socket.WriteJSON(map[string]any{"type": "join"}))
	var m message
	check(r.t, socket.ReadJSON(&m))
	return m.Code
}

// TestNoStormAfterACrash: of many viewers whom nobody could tell when to come back,
// so many a second are let in as may join at all.
func TestNoStormAfterACrash(t *testing.T) {
	t.Parallel() // it mostly waits
	rate := length(50, 200)
	r := startRelay(t, "--max-join-rate", strconv.Itoa(rate))
	publishFrames(t, "ws"+r.url("/ws/push/main")[len("http"):])
	viewers := make([]*returner, length(100, 500))
	for i := range viewers {
		viewers[i] = &returner{url: "ws" + r.url("/ws/pull/main")[len("http"):]}
	}
	joins := start(t, viewers)
	everybody := func(after time.Time) func() bool {
		return func() bool { _, all := joins.busiest(after); return all == len(viewers) }
	}
	waitFor(t, "everybody to join", everybody(time.Time{}))
	time.Sleep(time.Second) // the rooms are on disk by then
	r.kill()
	r.start("--max-join-rate", strconv.Itoa(rate))
	listening := time.Now()
	waitFor(t, "everybody to come back", everybody(listening))
	took := time.Since(listening)
	most, all := joins.busiest(listening)
	if took > 10*time.Second || most > rate*3/2 {
		t.Errorf("%d came back in %v, %d within one second; want 10 s, %d", all, took, most, rate*3/2)
	}
	figure(t, "access-5: after kill -9 under %d sockets and --max-join-rate %d, at most %d joins within any second, all back in %.1f s",
		all, rate, most, took.Seconds())
}

// TestALockedRoomStaysLocked: what was settled for a room holds after a crash, for
// who was in it and for who was not.
func TestALockedRoomStaysLocked(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	known, _ := r.watchesOn("main", "device-that-was-in-1")
	defer known.Close()
	code, manage, stderr := runToEnd(t, nil, "token", "--room", "main", "--role", "manage", "--state-dir", r.state)
	if code != 0 {
		t.Fatal(stderr)
	}
	manage, _, _ = strings.Cut(manage, "\n")
	if got := exchange(t, "PATCH", r.url("/api/rooms/main"), `{"locked":true}`, "Content-Type: application/json", "Authorization: Bearer "+manage); got.status != 204 {
		t.Fatalf("%d: %s", got.status, got.body)
	}
	waitFor(t, "the room on disk", func() bool {
		text, _ := os.ReadFile(filepath.Join(r.state, "rooms-"+r.port+".json"))
		return strings.Contains(string(text), `"locked": true`)
	})
	r.kill()
	r.start()
	if stranger, reason := r.watchesOn("main", "device-of-a-stranger"); reason != "locked" {
		t.Errorf("a stranger is told %q", reason)
	} else {
		defer stranger.Close()
	}
	if again, reason := r.watchesOn("main", "device-that-was-in-1"); reason != "" {
		t.Errorf("who was in the room is told %q", reason)
	} else {
		defer again.Close()
	}
}

// watchesOn joins a room from a device, and returns why it may not.
func (r *relay) watchesOn(room, device string) (socket *websocket.Conn, reason string) {
	r.t.Helper()
	socket, _, err := websocket.DefaultDialer.Dial("ws"+r.url("/ws/pull/" + room)[len("http"):], nil)
	check(r.t, err)
	check(r.t, socket.WriteJSON(map[string]any{"type": "join", "device": device}))
	var m message
	check(r.t, socket.ReadJSON(&m))
	return socket, m.Reason
}
