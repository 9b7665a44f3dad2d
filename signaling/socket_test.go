package signaling

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"relay/broadcast"
)

// These tests run in virtual time, over a pipe.

// oneConn is a listener that has one connection.
type oneConn struct {
	conns chan net.Conn
	net.Conn
}

func (l *oneConn) Accept() (net.Conn, error) {
	conn, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return l.LocalAddr() }

// dialPipe opens a WebSocket to handler through a pipe, and also returns the raw end of it.
func dialPipe(t *testing.T, handler http.Handler, path string) (*websocket.Conn, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	l := &oneConn{conns: make(chan net.Conn, 1), Conn: theirs}
	l.conns <- theirs
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(l) }()
	dialer := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}
	ws, _, err := dialer.DialContext(t.Context(), "ws://localhost"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(l.conns)
		_ = server.Close()
		_ = ours.Close()
	})
	return ws, ours
}

// bareSocket reads a socket until it is gone, and then reports why it ended and after how long.
type bareSocket struct {
	socket *socket
	begun  chan struct{}
	cause  error
	lasted time.Duration
	ended  chan struct{}
}

func (b *bareSocket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer close(b.ended)
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	began := time.Now()
	b.socket = newSocket(context.Background(), conn, slog.New(slog.DiscardHandler))
	close(b.begun)
	for err = nil; !errors.Is(err, errGone); {
		_, err = b.socket.read()
	}
	b.lasted = time.Since(began)
	b.socket.close()
	b.cause = context.Cause(b.socket.ctx)
}

func newBareSocket() *bareSocket {
	return &bareSocket{begun: make(chan struct{}), ended: make(chan struct{})}
}

func TestSilentSocketEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBareSocket()
		_, raw := dialPipe(t, b, "/")
		go func() { _, _ = io.Copy(io.Discard, raw) }() // takes all, answers nothing
		<-b.ended
		if b.lasted != silence || !errors.Is(b.cause, errGone) {
			t.Errorf("ended after %v: %v", b.lasted, b.cause)
		}
	})
}

func TestFrozenTabIsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBareSocket()
		ws, _ := dialPipe(t, b, "/")
		pings := 0
		for began := time.Now(); time.Since(began) < 5*time.Minute; pings++ {
			// Its browser answers WebSocket pings while reading.
			var m signal
			if err := ws.ReadJSON(&m); err != nil || m.Type != "ping" {
				t.Fatalf("%+v, %v", m, err)
			}
		}
		if pings != int(5*time.Minute/pingEvery) {
			t.Errorf("%d pings", pings)
		}
		_ = ws.Close()
		<-b.ended
	})
}

func TestPingsOfThePageKeepItAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBareSocket()
		ws, _ := dialPipe(t, b, "/")
		ws.SetPingHandler(func(string) error { return nil }) // does not answer
		pongs := 0
		ws.SetPongHandler(func(string) error { pongs++; return nil })
		go func() {
			for {
				if _, _, err := ws.NextReader(); err != nil {
					return
				}
			}
		}()
		for range 10 {
			time.Sleep(20 * time.Second)
			if err := ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if pongs != 10 {
			t.Errorf("%d pongs", pongs)
		}
		_ = ws.Close()
		<-b.ended
	})
}

func TestPageThatDoesNotReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBareSocket()
		dialPipe(t, b, "/")
		<-b.begun
		for range queued + 2 {
			b.socket.send(signal{Type: "ping"})
		}
		began := time.Now()
		<-b.ended
		if took := time.Since(began); took > writeTimeout || !errors.Is(b.cause, errSlow) {
			t.Errorf("ended after %v: %v", took, b.cause)
		}
	})
}

func TestLastWordsComeAfterWhatWasQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBareSocket()
		ws, _ := dialPipe(t, b, "/")
		<-b.begun
		b.socket.send(answer{Type: "answer", SDP: "v=0"})
		b.socket.end(broadcast.ErrShuttingDown)
		for _, want := range []string{"answer", "bye"} {
			var m signal
			if err := ws.ReadJSON(&m); err != nil || m.Type != want {
				t.Fatalf("%+v, %v, want %s", m, err, want)
			}
		}
		_, _, err := ws.ReadMessage()
		if !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
			t.Errorf("closed by %v", err)
		}
		<-b.ended
	})
}

// Who sent too much is told the figures before the bye.
func TestTooMuchIsSaidInASentence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBareSocket()
		ws, _ := dialPipe(t, b, "/")
		<-b.begun
		b.socket.end(&broadcast.Error{Code: broadcast.CodeRateLimited, Reason: broadcast.ReasonTooMuch, Sentence: "Much."})
		for _, want := range []reply{
			{Type: "error", Code: "rate-limited", Reason: "too-much", Message: "Much."},
			{Type: "bye", Reason: "too-much", RetryAfter: 2},
		} {
			var m reply
			if err := ws.ReadJSON(&m); err != nil || !reflect.DeepEqual(m, want) {
				t.Fatalf("%+v, %v, want %+v", m, err, want)
			}
		}
		_, _, _ = ws.ReadMessage() // answers the close frame
		<-b.ended
	})
}

func TestPageThatDoesNotCloseIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBareSocket()
		_, raw := dialPipe(t, b, "/")
		go func() { _, _ = io.Copy(io.Discard, raw) }()
		<-b.begun
		began := time.Now()
		b.socket.end(broadcast.ErrShuttingDown)
		<-b.ended
		if took := time.Since(began); took != linger {
			t.Errorf("ended after %v", took)
		}
	})
}

// TestPageThatReadsSlowlyIsNotWaitedFor: each frame in time, and all of them not.
func TestPageThatReadsSlowlyIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBareSocket()
		ws, _ := dialPipe(t, b, "/")
		<-b.begun
		for range queued {
			b.socket.send(signal{Type: "ping"})
		}
		go func() {
			for err := error(nil); err == nil; _, _, err = ws.ReadMessage() {
				time.Sleep(writeTimeout - 100*time.Millisecond)
			}
		}()
		synctest.Wait()
		began := time.Now()
		b.socket.end(broadcast.ErrShuttingDown)
		<-b.ended
		if took := time.Since(began); took > writeTimeout+wordsTime+linger {
			t.Errorf("ended after %v", took)
		}
	})
}

func TestSocketWithoutJoinEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ws, _ := dialPipe(t, newTestServer(t, nil), "/ws/pull/math")
		began := time.Now()
		var m errorMessage
		if err := ws.ReadJSON(&m); err != nil || m.Code != broadcast.CodeBadRequest {
			t.Fatalf("%+v, %v", m, err)
		}
		if took := time.Since(began); took != joinWithin {
			t.Errorf("ended after %v", took)
		}
		_, _, err := ws.ReadMessage()
		if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
			t.Errorf("closed by %v", err)
		}
		synctest.Wait()
	})
}

func TestFlood(t *testing.T) {
	var f flood
	now := time.Now()
	for i := range 10 * floodMessages { // one each 100 ms and a bit is fine
		now = now.Add(floodWindow/floodMessages + time.Millisecond)
		if f.exceeded(now) {
			t.Fatalf("message %d is one too many", i)
		}
	}
	now = now.Add(2 * floodWindow)
	for i := range floodMessages {
		if f.exceeded(now) {
			t.Fatalf("message %d at once is one too many", i)
		}
	}
	if !f.exceeded(now) {
		t.Error("any number of messages is fine")
	}
}
