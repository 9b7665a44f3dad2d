package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowd are connections that want nothing, each dialled again when the relay
// has closed it. Each is owned by one goroutine, until the context ends.
type crowd struct {
	address string
	members sync.WaitGroup
	open    atomic.Int32
	dialled atomic.Int32
}

// join adds a connection that says these bytes, one a second, and then goes on
// at random; without any it is silent.
func (c *crowd) join(ctx context.Context, opening string) {
	c.members.Go(func() {
		again := time.NewTicker(time.Second)
		defer again.Stop()
		for {
			c.stay(ctx, []byte(opening))
			select {
			case <-again.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

// stay is one connection, until the relay answers or closes it. Each wait for
// that is as long as the pause between two bytes.
func (c *crowd) stay(ctx context.Context, says []byte) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return
	}
	c.open.Add(1)
	c.dialled.Add(1)
	defer c.open.Add(-1)
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	for silent := len(says) == 0; ; {
		if !silent {
			_, _ = conn.Write(says[:1]) // whether it arrives, reading tells
			says = append(says[1:], byte(rand.IntN(256)))
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
	}
}

// memory is what the kernel says that the relay's process has, in bytes.
func (r *relay) memory() int {
	r.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	check(r.t, err)
	kilobytes, err := strconv.Atoi(string(residentLine.FindSubmatch(status)[1]))
	check(r.t, err)
	return kilobytes << 10
}

var residentLine = regexp.MustCompile(`VmRSS:\s*(\d+) kB`)

// descriptors is how many files and sockets it has open.
func (r *relay) descriptors() int {
	r.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", r.cmd.Process.Pid))
	check(r.t, err)
	return len(entries)
}

// loads are how long pages took, in milliseconds, sorted.
type loads struct{ http, https []float64 }

func (l *loads) String() string {
	return fmt.Sprintf("http %.1f (p95 %.1f), https %.1f (p95 %.1f) ms",
		percentile(l.http, 0.5), percentile(l.http, 0.95), percentile(l.https, 0.5), percentile(l.https, 0.95))
}

// load gets a page so often over HTTP and HTTPS each, on new connections.
func (l *loads) load(t *testing.T, client *http.Client, r *relay, count int) {
	t.Helper()
	for range count {
		l.http = append(l.http, timed(t, client, r.url("/pull")))
		l.https = append(l.https, timed(t, client, "https://localhost:"+r.port+"/pull"))
	}
	slices.Sort(l.http)
	slices.Sort(l.https)
}

func timed(t *testing.T, client *http.Client, url string) float64 {
	t.Helper()
	start := time.Now()
	get(t, client, url)
	return float64(time.Since(start).Microseconds()) / 1000
}

// checkAsFast allows for chance, and for the work of one core that others need.
func (l *loads) checkAsFast(t *testing.T, calm *loads) {
	t.Helper()
	for _, p := range []float64{0.5, 0.95} {
		slow := percentile(l.http, p) > 2*percentile(calm.http, p)+5 || percentile(l.https, p) > 2*percentile(calm.https, p)+5
		if slow {
			t.Errorf("pages take %v, and %v without the crowd", l, calm)
			return
		}
	}
}

// TestSilentAndGarbageConnections: who connects and says nothing, or nothing of
// use, slows nobody down and is forgotten.
func TestSilentAndGarbageConnections(t *testing.T) {
	const each = 200
	r := startRelay(t)
	client := trustingClient(r.fetchCA(r.url("")))
	calm, crowded := &loads{}, &loads{}
	descriptors := r.descriptors()
	calm.load(t, client, r, length(50, 200))

	memory := r.memory()
	ctx, stop := context.WithCancel(t.Context())
	c := &crowd{address: "localhost:" + r.port}
	defer c.members.Wait()
	defer stop()
	for i := range each {
		c.join(ctx, "")
		c.join(ctx, []string{"#", "G", "\x16", "\x00"}[i%4])
	}
	waitFor(t, "the crowd to be there", func() bool { return c.open.Load() > each })
	most, grown := 0, 0
	for end := time.Now().Add(seconds(12, 60)); time.Now().Before(end); {
		crowded.load(t, client, r, 10)
		most, grown = max(most, r.descriptors()), max(grown, r.memory()-memory)
	}
	crowded.checkAsFast(t, calm)
	if limit := length(128, 16) << 20; grown > limit { // what looks for races needs memory of its own
		t.Errorf("the relay grew by %d bytes, want %d", grown, limit)
	}
	stop()
	c.members.Wait()
	waitFor(t, "the relay to close all of them", func() bool { return r.descriptors() <= descriptors })
	figure(t, "https-4: %d silent and %d garbage connections, dialled %d times in %v: pages take %v, without them %v; the relay grew by %.1f MB, had up to %d descriptors, and %d afterwards as before",
		each, each, c.dialled.Load(), seconds(12, 60), crowded, calm, float64(grown)/(1<<20), most, r.descriptors())
}
