package main

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// TestDrain: after SIGTERM nobody new gets in, who is in goes on, and the end of the
// last presentation is the relay's.
func TestDrain(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t, "--drain", "5m")
	publisher := publishOverWHIP(t, r.url("/whip/main"))
	viewer := newWhipPeer(t).join(r.url("/whep/main"))
	viewer.waitMedia("before the signal")
	seat, resume := r.joinsAs("pull", "main", "")
	defer seat.Close()

	check(t, r.cmd.Process.Signal(syscall.SIGTERM))
	waitFor(t, "the relay to drain", func() bool { status, _ := answer(t, r.url("/readyz")); return status == 503 })
	refused := r.checkNobodyNew(t)
	for path, want := range map[string]int{"/healthz": 200, "/pull/main": 200, "/api/rooms/main": 200} {
		if status, _ := answer(t, r.url(path)); status != want {
			t.Errorf("%s while it drains: %d", path, status)
		}
	}
	if again, next := r.joinsAs("pull", "main", resume); next == "" {
		t.Error("a viewer who is in cannot come back")
	} else {
		defer again.Close()
	}
	viewer.waitMedia("while it drains")
	select {
	case <-r.ended:
		t.Fatal("it ended before the presentation did")
	case <-time.After(seconds(1, 5)):
	}
	viewer.waitMedia("later")

	stopped := time.Now()
	if got := exchange(t, "DELETE", publisher.session, ""); got.status != 200 {
		t.Errorf("the presenter cannot stop: %d", got.status)
	}
	select {
	case <-r.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the presenter has stopped, and the relay goes on")
	}
	took := time.Since(stopped)
	if code := r.cmd.ProcessState.ExitCode(); code != 0 || took > 5*time.Second {
		t.Errorf("exit code %d after %v", code, took)
	}
	figure(t, "access-5: while it drains, %d newcomers of %[1]d were refused with a time to come again, who was in played and came back; it ended %.1f s after the presenter",
		refused, took.Seconds())
}

// joinsAs joins by WebSocket, and returns the token of the place; "" when refused.
func (r *relay) joinsAs(role, room, resume string) (socket *websocket.Conn, token string) {
	r.t.Helper()
	socket, _, err := websocket.DefaultDialer.Dial("ws"+r.url("/ws/" + role + "/" + room)[len("http"):], nil)
	check(r.t, err)
	check(r.t, socket.WriteJSON(map[string]any{"type": "join", "resume": resume}))
	var m struct{ Type, Resume string }
	check(r.t, socket.ReadJSON(&m))
	return socket, m.Resume
}

// checkNobodyNew tries every door, and returns how many were shut.
func (r *relay) checkNobodyNew(t *testing.T) (refused int) {
	t.Helper()
	for _, path := range []string{"pull/main", "push/main", "push/other", "pull/other"} {
		socket, _, err := websocket.DefaultDialer.Dial("ws"+r.url("/ws/" + path)[len("http"):], nil)
		check(t, err)
		defer socket.Close()
		check(t, socket.WriteJSON(map[string]any{"type": "join"}))
		var m struct {
			Type, Code, Message string
			RetryAfter          float64
		}
		check(t, socket.ReadJSON(&m))
		if m.Type != "error" || m.Code != "shutting-down" || m.RetryAfter <= 0 || m.Message == "" {
			t.Errorf("%s: %+v", path, m)
			continue
		}
		refused++
	}
	track := newWhipPeer(t).offer(nil)
	for path, offer := range map[string]string{"/whep/main": track, "/whip/other": strings.ReplaceAll(track, "recvonly", "sendonly")} {
		got := exchange(t, "POST", r.url(path), offer, "Content-Type: application/sdp")
		after, _ := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != 503 || after <= 0 || !strings.Contains(got.body, `"shutting-down"`) {
			t.Errorf("%s: %d, Retry-After %d: %s", path, got.status, after, got.body)
			continue
		}
		refused++
	}
	return refused
}

// TestDrainEnds: when its time is up, and at once after a second signal.
func TestDrainEnds(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, test := range []struct {
		drain   string
		signals int
		code    int
	}{{"1s", 1, 0}, {"10m", 2, -1}} {
		r := startRelay(t, "--drain", test.drain)
		publishOverWHIP(t, r.url("/whip/main"))
		began := time.Now()
		for range test.signals {
			_ = r.cmd.Process.Signal(syscall.SIGTERM)
			waitFor(t, "the relay to drain or end", func() bool { return strings.Contains(r.log.String(), "draining") })
		}
		select {
		case <-r.ended:
		case <-time.After(10 * time.Second):
			t.Fatalf("%d signals and --drain %s: it goes on", test.signals, test.drain)
		}
		if code := r.cmd.ProcessState.ExitCode(); code != test.code || test.signals == 1 && time.Since(began) < time.Second {
			t.Errorf("%d signals and --drain %s: exit code %d after %v", test.signals, test.drain, code, time.Since(began))
		}
	}
}

// TestDrainOnThePage: who opens the page while the relay drains reads why nothing
// comes, and who watches reads nothing new.
func TestDrainOnThePage(t *testing.T) {
	r := startRelay(t, "--drain", "5m")
	publishOverWHIP(t, r.url("/whip/main"))
	browser := startChromium(t, autoplay)
	watching := browser.open(r.url("/pull/main"))
	watching.wait("probe.states.some((s) => s.state === 'connected')")
	watching.wait("probe.stats('inbound-rtp', 'video').then((s) => s?.packetsReceived > 0)")
	said := eval[string](watching, "document.body.innerText")
	check(t, r.cmd.Process.Signal(syscall.SIGTERM))
	waitFor(t, "the relay to drain", func() bool { status, _ := answer(t, r.url("/readyz")); return status == 503 })
	late := browser.open(r.url("/pull/main"))
	late.wait("document.body.innerText.includes('reconnects by itself')")
	received := eval[int](watching, "probe.stats('inbound-rtp', 'video').then((s) => s.packetsReceived)")
	watching.wait(fmt.Sprintf("probe.stats('inbound-rtp', 'video').then((s) => s.packetsReceived > %d + 30)", received))
	if now := eval[string](watching, "document.body.innerText"); now != said {
		t.Errorf("who watches reads\n%s\nand read\n%s", now, said)
	}
	figure(t, "access-5: who opens the page while it drains is told why; who watches sees no difference")
}
