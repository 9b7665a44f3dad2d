package signaling

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// dialSlow connects somebody who reads nothing unless the test does: not even a
// byte fits into the connection. gone is closed when the relay hangs up.
func dialSlow(t *testing.T, handler http.Handler) (conn net.Conn, gone <-chan struct{}) {
	t.Helper()
	ours, theirs := net.Pipe()
	l := &oneConn{conns: make(chan net.Conn, 1), Conn: theirs}
	l.conns <- theirs
	closed, served := make(chan struct{}), make(chan struct{})
	server := &http.Server{Handler: handler, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed)
		}
	}}
	go func() { defer close(served); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = ours.Close(); close(l.conns); _ = server.Close(); <-served })
	return ours, closed
}

// raw is a request as it is on the wire.
func raw(method, path, body string, header ...string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\nContent-Length: %d\r\n\r\n%s",
		method, path, strings.Join(append(header, "Accept: */*"), "\r\n"), len(body), body)
}

// wantSoon waits for what takes no longer than writeTimeout on an idle machine.
func wantSoon(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s never came", what)
	}
}

func TestCloseDoesNotWaitForSlowReaders(t *testing.T) {
	// Links longer than net/http's buffers: the answer blocks where it is written.
	h := newHouse(t, func(c *Config) {
		c.ICEServers = []ICEServer{{URLs: []string{"stun:" + strings.Repeat("x", 8<<10) + ".example.net"}}}
	})
	conn, gone := dialSlow(t, h.server)
	offer := offerOf(t, newPeer(t, sendonly), nil)
	if _, err := io.WriteString(conn, raw("POST", "/whip/math", offer, offers)); err != nil {
		t.Fatal(err)
	}
	h.await("a session", func() bool {
		h.server.resources.mu.Lock()
		defer h.server.resources.mu.Unlock()
		return len(h.server.resources.byPath) == 1
	})
	closed := make(chan struct{})
	go func() { h.server.Close(); close(closed) }()
	wantSoon(t, "the end of Close", closed)
	wantSoon(t, "the connection's end", gone)
}

func TestSlowReadersAreHungUpOn(t *testing.T) {
	for name, request := range map[string]string{
		"answer without content": raw("GET", "/whip/math", ""),
		"problem":                raw("GET", "/whip/a.b", ""),
		"document":               raw("GET", "/qr.svg?url=http://localhost/pull", ""),
		"misdirected":            strings.Replace(raw("GET", "/whip/math", ""), "localhost", "evil.example", 1),
		"other origin":           raw("GET", "/whip/math", "", "Origin: https://evil.example"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, gone := dialSlow(t, newTestServer(t, nil))
				if _, err := io.WriteString(conn, request); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				wantSoon(t, "the connection's end", gone)
				if took := time.Since(began); took > 2*writeTimeout {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// The time that one answer had is not the next one's.
func TestConnectionsOutlastTheTimeOfAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, _ := dialSlow(t, newTestServer(t, nil))
		reader := bufio.NewReader(conn)
		for range 2 {
			if _, err := io.WriteString(conn, raw("GET", "/whip/math", "")); err != nil {
				t.Fatal(err)
			}
			response, err := http.ReadResponse(reader, nil)
			if err != nil || response.StatusCode != http.StatusNoContent {
				t.Fatalf("%v, %v", response, err)
			}
			_ = response.Body.Close()
			time.Sleep(2 * writeTimeout) // virtual
		}
	})
}

// Those who gave up do not wait, and count all the same.
func TestPatchesThatWait(t *testing.T) {
	h := newHouse(t)
	c := h.publish()
	res := h.server.resources.find(c.path)
	res.turn <- struct{}{} // somebody changes ICE
	patch := func() int {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := httptest.NewRequestWithContext(ctx, "PATCH", "http://localhost"+c.path, strings.NewReader(c.current()))
		r.Header.Set("Content-Type", fragmentType)
		r.Header.Set("If-Match", c.etag)
		w, answered := httptest.NewRecorder(), make(chan struct{})
		go func() { h.server.ServeHTTP(w, r); close(answered) }()
		wantSoon(t, "the answer", answered)
		return w.Code
	}
	for range floodMessages {
		if status := patch(); status != http.StatusBadRequest {
			t.Fatalf("got %d", status)
		}
	}
	if status := patch(); status != http.StatusTooManyRequests {
		t.Errorf("got %d", status)
	}
	<-res.turn
}
