package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// impairment is what a forwarder does to the RTP that a server sends, but for what
// it sends again. Every packet whose number (of its SSRC) is a multiple of drop is
// lost, and so on; 0 is never.
type impairment struct {
	drop, duplicate, swap int
	forge                 int // followed by another one of its number
	delay                 time.Duration
	stall                 time.Duration // once, some seconds after a session's first packet
	stallAfter            time.Duration
}

// forwarder stands between viewers and a server: HTTP passes, answers are given its
// own ports, and UDP goes through it.
type forwarder struct {
	*httptest.Server
	impairment
	sessions sync.WaitGroup
	stop     chan struct{}
	repairs  sync.Map // SSRCs of RTX

	passed, dropped, duplicated, swapped, forged atomic.Int64
	longestStall                                 atomic.Int64 // as long as it really took, in nanoseconds
}

func startForwarder(t *testing.T, server string, what impairment) *forwarder {
	t.Helper()
	target, err := url.Parse(server)
	check(t, err)
	f := &forwarder{impairment: what, stop: make(chan struct{})}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = f.rewrite
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		check(t, hideClient(r))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		f.Close()
		close(f.stop)
		f.sessions.Wait()
	})
	return f
}

// hideClient takes the candidates out of an offer: the server would check them, and
// the two might find a way past the forwarder.
func hideClient(r *http.Request) error {
	offer, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	text := clientCandidate.ReplaceAllString(string(offer), "")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	return nil
}

var clientCandidate = regexp.MustCompile(`(?m)^a=candidate:.*\r\n`)

var candidateLine = regexp.MustCompile(`(?m)^a=candidate:.* udp .* (\S+) (\d+) typ host.*\r\n`)

var repairGroup = regexp.MustCompile(`(?m)^a=ssrc-group:FID \d+ (\d+)`)

// rewrite leads the client of an answer through a session of the forwarder's.
func (f *forwarder) rewrite(response *http.Response) error {
	if response.StatusCode != http.StatusCreated {
		return nil
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	found := candidateLine.FindStringSubmatch(string(answer))
	if found == nil {
		return fmt.Errorf("no candidate in %s", answer)
	}
	for _, group := range repairGroup.FindAllStringSubmatch(string(answer), -1) {
		ssrc, err := strconv.ParseUint(group[1], 10, 32)
		if err != nil {
			return err
		}
		f.repairs.Store(uint32(ssrc), true)
	}
	port, err := f.forward(found[2])
	if err != nil {
		return err
	}
	line := fmt.Sprintf("a=candidate:1 1 udp 2130706431 127.0.0.1 %d typ host\r\n", port)
	first := true
	text := candidateLine.ReplaceAllStringFunc(string(answer), func(string) string {
		defer func() { first = false }()
		if first {
			return line
		}
		return ""
	})
	response.Body = io.NopCloser(strings.NewReader(text))
	response.ContentLength = int64(len(text))
	response.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return nil
}

// forward opens a session to the server's port, and returns the viewer's.
func (f *forwarder) forward(serverPort string) (int, error) {
	back, err := net.Dial("udp", "127.0.0.1:"+serverPort)
	if err != nil {
		return 0, err
	}
	front, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	for _, socket := range []interface{ SetReadBuffer(int) error }{back.(*net.UDPConn), front} {
		_ = socket.SetReadBuffer(4 << 20)
	}
	s := &forwarded{forwarder: f, front: front, back: back, out: make(chan delayed, 1<<14)}
	f.sessions.Go(s.fromViewer)
	f.sessions.Go(s.fromServer)
	f.sessions.Go(s.toViewer)
	f.sessions.Go(func() {
		<-f.stop
		_ = front.Close()
		_ = back.Close()
	})
	return front.LocalAddr().(*net.UDPAddr).Port, nil
}

// forwarded is one session's packets.
type forwarded struct {
	*forwarder
	front  *net.UDPConn
	back   net.Conn
	viewer atomic.Pointer[net.UDPAddr]
	out    chan delayed

	// Owned by fromServer.
	counts map[uint32]int
	held   map[uint32][]byte // sent after the next of its SSRC
	began  time.Time
}

// delayed is a packet, and when it goes on.
type delayed struct {
	packet []byte
	due    time.Time
}

func (s *forwarded) fromViewer() {
	buffer := make([]byte, 2048)
	for {
		n, from, err := s.front.ReadFromUDP(buffer)
		if err != nil {
			return
		}
		s.viewer.Store(from)
		_, _ = s.back.Write(buffer[:n])
	}
}

func (s *forwarded) fromServer() {
	defer close(s.out)
	s.counts, s.held = map[uint32]int{}, map[uint32][]byte{}
	for {
		packet := make([]byte, 2048)
		n, err := s.back.Read(packet)
		if err != nil {
			return
		}
		now := time.Now()
		for _, p := range s.impair(packet[:n], now) {
			s.out <- delayed{p, now.Add(s.delay)}
		}
	}
}

// impair is what goes on of a packet, with what was held before it.
func (s *forwarded) impair(packet []byte, now time.Time) [][]byte {
	if !isMediaPacket(packet) {
		return [][]byte{packet}
	}
	ssrc := binary.BigEndian.Uint32(packet[8:])
	if _, repair := s.repairs.Load(ssrc); repair {
		return [][]byte{packet}
	}
	if s.began.IsZero() {
		s.began = now
	}
	s.passed.Add(1)
	if s.counts[ssrc] == 0 { // anywhere: so few sessions are not to agree on their edges
		s.counts[ssrc] = rand.IntN(10_000)
	}
	s.counts[ssrc]++
	n := s.counts[ssrc]
	held := s.held[ssrc]
	delete(s.held, ssrc)
	every := func(interval int) bool { return interval > 0 && n%interval == 0 }
	out := [][]byte{packet}
	switch {
	case every(s.drop):
		s.dropped.Add(1)
		out = nil
	case every(s.duplicate):
		s.duplicated.Add(1)
		out = [][]byte{packet, packet}
	case every(s.forge):
		s.forged.Add(1)
		forgery := slices.Clone(packet)
		forgery[len(forgery)-1]++
		out = [][]byte{packet, forgery}
	case every(s.swap):
		s.swapped.Add(1)
		s.held[ssrc] = packet
		out = nil
	}
	if held != nil {
		out = append(out, held)
	}
	return out
}

// isMediaPacket is RFC 7983's and RFC 5761's rule for RTP.
func isMediaPacket(b []byte) bool {
	return len(b) >= 12 && b[0]>>6 == 2 && (b[1] < 192 || b[1] > 223)
}

// noteStall keeps the longest: on a busy machine a stall takes longer than was meant.
func (f *forwarder) noteStall(took time.Duration) {
	for {
		longest := f.longestStall.Load()
		if int64(took) <= longest || f.longestStall.CompareAndSwap(longest, int64(took)) {
			return
		}
	}
}

func (s *forwarded) toViewer() {
	stalls := s.stall > 0
	for d := range s.out {
		time.Sleep(time.Until(d.due))
		if stalls && isMediaPacket(d.packet) && time.Since(s.began) > s.stallAfter {
			stalls = false
			began := time.Now()
			time.Sleep(s.stall)
			s.noteStall(time.Since(began))
		}
		if to := s.viewer.Load(); to != nil {
			_, _ = s.front.WriteToUDP(d.packet, to)
		}
	}
}
