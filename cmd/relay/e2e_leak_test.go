package main

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"relay/broadcast"
	"relay/broadcast/udp"
	"relay/signaling"
)

// insideRelay is a relay within the test, whose goroutines and memory can be
// counted.
type insideRelay struct {
	core *broadcast.Relay
	url  string // ws://…
}

func startInside(t *testing.T) *insideRelay {
	t.Helper()
	loopback := netip.MustParseAddr("127.0.0.1")
	conn, err := udp.Listen(netip.AddrPortFrom(loopback, 0))
	check(t, err)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	core, err := broadcast.New(broadcast.Config{
		Conn: conn, Addresses: func() []netip.Addr { return []netip.Addr{loopback} }, Log: log,
	})
	check(t, err)
	front, err := signaling.New(signaling.Config{Relay: core, Pages: http.NotFoundHandler(), Log: log})
	check(t, err)
	server := httptest.NewServer(front)
	t.Cleanup(func() {
		front.Close()
		server.Close()
		check(t, core.Close())
	})
	return &insideRelay{core: core, url: strings.Replace(server.URL, "http", "ws", 1)}
}

// endings are the ways in which a viewer goes. After each the client is closed
// without another word.
var endings = []struct {
	name string
	end  func(*client)
}{
	{"leave", func(c *client) {
		c.send(map[string]any{"type": "leave"})
		c.await("bye")
	}},
	{"socket close", func(c *client) {
		_ = c.socket.Close()
		_ = c.peer.Close()
	}},
	{"silence", func(c *client) { // the network is gone, and the socket broke
		c.silence()
		_ = c.socket.Close()
	}},
	{"half-open", (*client).silence}, // the network is gone, and nobody said so
}

// TestNothingLeaks: what joins and leaves, in whatever way, leaves nothing behind.
func TestNothingLeaks(t *testing.T) {
	r := startInside(t)
	publishFrames(t, r.url+"/ws/push/main")
	joins, rounds := length(12, 50), length(2, 4)
	r.joinAndLeave(t, joins)
	goroutines, heap := restingGoroutines(), heapInUse()
	for range rounds - 1 {
		r.joinAndLeave(t, joins)
	}
	left := restingGoroutines()
	if left > goroutines {
		t.Errorf("%d goroutines after the first round, %d after the last", goroutines, left)
	}
	grown := int(heapInUse()) - int(heap)
	if grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	figure(t, "spine-7: %d rounds of %d joins each: %d goroutines after the first round and %d after the last, the heap grew by %d kB",
		rounds, joins, goroutines, left, grown/1024)
}

// joinAndLeave is one round; it returns when the relay has forgotten all. The
// quick test leaves out the endings after which a session is kept for 30 s, for
// its page to come back.
func (r *insideRelay) joinAndLeave(t *testing.T, joins int) {
	t.Helper()
	var left []*client
	for i := range joins {
		c := newClient(t, r.url+"/ws/pull/main")
		endings[i%length(1, len(endings))].end(c)
		left = append(left, c)
	}
	waitFor(t, "the sessions to end", func() bool { return r.core.Stats().Viewers == 0 })
	for _, c := range left {
		c.close()
	}
}

// TestReportFloodIsRefused: receiver reports for SSRCs that nobody has would
// make a buffer each.
func TestReportFloodIsRefused(t *testing.T) {
	r := startInside(t)
	publishFrames(t, r.url+"/ws/push/main")
	viewer := newClient(t, r.url+"/ws/pull/main")
	before := heapInUse()
	sent := 0
	for sent < 700_000 {
		report := inventedReport()
		if viewer.peer.WriteRTCP([]rtcp.Packet{report}) != nil {
			break // the session has ended
		}
		sent += report.MarshalSize()
	}
	reason := viewer.await("bye").Reason
	if reason != "flood" {
		t.Errorf("the session ended for %q, want flood", reason)
	}
	viewer.close()
	waitFor(t, "the session to end", func() bool { return r.core.Stats().Viewers == 0 })
	var grown int
	waitFor(t, "the heap to return within 1 MB", func() bool { // the session is being closed meanwhile
		grown = int(heapInUse()) - int(before)
		return grown <= 1<<20
	})
	figure(t, "spine-7: %d kB of receiver reports for invented SSRCs: the session ended for %q, the heap grew by %d kB", sent/1000, reason, grown/1024)
}

// inventedReport is as large as a receiver report can be.
func inventedReport() *rtcp.ReceiverReport {
	report := &rtcp.ReceiverReport{SSRC: rand.Uint32()}
	for range 31 {
		report.Reports = append(report.Reports, rtcp.ReceptionReport{SSRC: rand.Uint32()})
	}
	return report
}

// restingGoroutines is the smallest number of goroutines within a second: some
// are still about to end, and timers start some for a moment.
func restingGoroutines() int {
	fewest := runtime.NumGoroutine()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		<-tick.C
		fewest = min(fewest, runtime.NumGoroutine())
	}
	return fewest
}

// heapInUse is what is still referred to.
func heapInUse() uint64 {
	var memory runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one's finalizers let go
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

// waitFor returns when the condition holds, looking again now and then.
func waitFor(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(2 * patience)
	for !condition() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited too long for %s", what)
		}
	}
}
