package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// siege is hostile clients around a relay, while good ones use it. Each has an
// address of its own on loopback.
type siege struct {
	t       *testing.T
	address string // of the relay: 127.0.0.1:8080
	members sync.WaitGroup
	deeds   tally // what each has done
	answers tally // of HTTP, by status
}

// tally counts by name.
type tally struct {
	mu     sync.Mutex
	counts map[string]int // guarded by mu
}

func (c *tally) count(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[name]++
}

func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.counts)
}

// hostile is one hostile client. It acts over and over until the context ends.
type hostile struct {
	name string
	// every is the time between two acts. All rates together leave two cores room for
	// the good ones: what a machine can take is not what is asked here.
	every time.Duration
	act   func(s *siege, ctx context.Context, from string)
}

// begin lets all of them loose.
func (s *siege) begin(ctx context.Context, all []hostile) {
	for i, h := range all {
		from := fmt.Sprintf("127.0.1.%d", i+1)
		s.members.Go(func() {
			tick := time.NewTicker(h.every)
			defer tick.Stop()
			for ctx.Err() == nil {
				h.act(s, ctx, from)
				s.deeds.count(h.name)
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
}

// client makes HTTP requests from an address, each over a connection of its own.
func (s *siege) client(from string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

// request sends one, whatever becomes of it.
func (s *siege) request(ctx context.Context, from, method, path, body string, header ...string) (status int, got http.Header, content string) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, ""
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Add(name, value)
	}
	response, err := s.client(from).Do(request)
	if err != nil {
		s.answers.count("none")
		return 0, nil, ""
	}
	defer response.Body.Close()
	s.answers.count(strconv.Itoa(response.StatusCode))
	answer := make([]byte, 32<<10)
	n, _ := response.Body.Read(answer)
	return response.StatusCode, response.Header, string(answer[:n])
}

var goroutinesLine = regexp.MustCompile(`(?m)^go_goroutines (\S+)`)

// goroutines is how many the relay says that it has.
func (r *relay) goroutines() int {
	r.t.Helper()
	found := goroutinesLine.FindSubmatch(get(r.t, strangersClient, r.adminURL("/metrics")))
	if found == nil {
		r.t.Fatal("the metrics have no goroutines")
	}
	count, err := strconv.ParseFloat(string(found[1]), 64)
	check(r.t, err)
	return int(count)
}

// peakMemory is the most memory that the relay has until the context ends.
func (r *relay) peakMemory(ctx context.Context) (peak int) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		peak = max(peak, r.memory())
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return peak
}

// TestHostileClients: beside twenty hostile clients, good ones lose nothing, the
// relay's memory is bounded, and afterwards nothing is left of them.
func TestHostileClients(t *testing.T) {
	good, during := length(20, 50), seconds(3, 300)
	r := startRelay(t, "--admin-addr", "127.0.0.1:0", "--log-level", "info")
	watching := loading(t, nil, append(r.doors("main"), "--load", "screen", "--viewers", fmt.Sprint(good),
		"--join-rate", "50", "--duration", during.String())...)
	waitFor(t, "the good viewers", func() bool { return r.room("main").Viewers == good })
	before, files, routines := r.memory(), r.descriptors(), r.goroutines()

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s := &siege{t: t, address: "127.0.0.1:" + r.port}
	s.begin(ctx, append(append(hostileOverHTTP(), hostileOverWebSocket()...), hostileMedia()...))
	peak := make(chan int, 1)
	go func() { peak <- r.peakMemory(ctx) }()
	got := watching()
	stop()
	s.members.Wait()
	most := <-peak
	t.Logf("deeds: %v; answers: %v", &s.deeds, &s.answers)

	if got.Viewers.Connected != good || got.Viewers.Dropped > 0 || got.Viewers.Silent > 0 || got.Publisher.Dropped {
		t.Errorf("of %d good viewers: %+v, the publisher: %+v", good, got.Viewers, got.Publisher)
	}
	if got.Media.Missing > 0 {
		t.Errorf("the good viewers miss %d of %d packets", got.Media.Missing, got.Media.Expected)
	}
	if grown := most - before; grown > 256<<20 {
		t.Errorf("the relay's memory grew by %d bytes", grown)
	}
	after := newWhipPeer(t) // and the relay still serves
	publishOverWHIP(t, r.url("/whip/after"))
	after.join(r.url("/whep/after")).waitMedia("after all that")
	after.close()
	filesLeft, routinesLeft := r.descriptors(), r.goroutines()
	if full { // sessions that never connect are there for 10 s
		waitFor(t, "sessions, descriptors and goroutines to be gone", func() bool {
			filesLeft, routinesLeft = r.descriptors(), r.goroutines()
			return filesLeft <= files+5 && routinesLeft <= routines
		})
	}
	figure(t, "access-6: %v beside %d hostile clients: %d good viewers got %d packets, lost %d on the way and %d for good, asked for %d key frames; "+
		"the relay's memory: %d MB before, %d MB at most, %d MB after; descriptors %d before, %d after; goroutines %d before, %d after",
		during, len(hostileOverHTTP())+len(hostileOverWebSocket())+len(hostileMedia()), good, got.Media.Packets, got.Media.Lost, got.Media.Missing,
		got.Publisher.PLIs+got.Publisher.FIRs, before>>20, most>>20, r.memory()>>20, files, filesLeft, routines, routinesLeft)
}

// anyOf is one of them.
func anyOf[T any](choices ...T) T { return choices[rand.IntN(len(choices))] }
