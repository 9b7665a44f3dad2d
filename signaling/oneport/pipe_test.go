package oneport

import (
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener without a network: pipes and errors come as they are sent.
type pipes struct {
	come   chan any // net.Conn or error
	closed chan struct{}
	close  func()
}

func newPipes() *pipes {
	closed := make(chan struct{})
	return &pipes{come: make(chan any), closed: closed, close: sync.OnceFunc(func() { close(closed) })}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case next := <-l.come:
		if err, failed := next.(error); failed {
			return nil, err
		}
		return next.(net.Conn), nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error   { l.close(); return nil }
func (l *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial is a client's end of a new connection.
func (l *pipes) dial() net.Conn {
	client, server := net.Pipe()
	l.come <- socketLike{server}
	return client
}

// socketLike takes a deadline after the other end was closed, as a socket does.
type socketLike struct{ net.Conn }

func (c socketLike) SetReadDeadline(t time.Time) error {
	if err := c.Conn.SetReadDeadline(t); err != io.ErrClosedPipe {
		return err
	}
	return nil
}

var discard = slog.New(slog.DiscardHandler)

// closeAll ends a test's clients and its Port.
func closeAll(t testing.TB, p *Port, clients ...net.Conn) {
	t.Helper()
	for _, c := range clients {
		_ = c.Close()
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestSilentConnectionIsClosedAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		p := New(l, discard)
		client := l.dial()
		start := time.Now()
		if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("read %d bytes, %v", n, err)
		}
		if took := time.Since(start); took != silence {
			t.Errorf("closed after %v", took)
		}
		closeAll(t, p, client)
	})
}

func TestDeadlineEndsWithTheFirstByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		p := New(l, discard)
		client := l.dial()
		go func() {
			for _, part := range []string{"G", "ET", " /"} {
				time.Sleep(silence - 1)
				_, _ = client.Write([]byte(part))
			}
			_ = client.Close()
		}()
		conn, err := p.HTTP().Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(conn); string(got) != "GET /" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		closeAll(t, p, conn)
	})
}

func TestSilentStrangersKeepNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const strangers = maxUndecided + 76
		l := newPipes()
		p := New(l, discard)
		clients := make([]net.Conn, strangers)
		for i := range clients {
			clients[i] = l.dial()
		}
		speaker := l.dial()
		go func() { _, _ = speaker.Write([]byte("GET")) }()
		served, err := p.HTTP().Accept()
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // all that are dropped have been
		for i, c := range clients {
			wantClosed := i < strangers-maxUndecided+1
			if got := isClosed(t, c); got != wantClosed {
				t.Errorf("stranger %d of %d: closed is %v", i, strangers, got)
			}
		}
		closeAll(t, p, append(clients, served, speaker)...)
	})
}

// isClosed is true when the other end has been closed by now.
func isClosed(t *testing.T, c net.Conn) bool {
	t.Helper()
	err := c.SetReadDeadline(time.Now().Add(1))
	if err == io.ErrClosedPipe {
		return true
	}
	_, err = c.Read(make([]byte, 1))
	return err == io.EOF
}

func TestCloseLeavesNothing(t *testing.T) {
	for name, closeIt := range map[string]func(*Port) error{
		"port": (*Port).Close,
		"HTTP": func(p *Port) error { return p.HTTP().Close() },
		"TLS":  func(p *Port) error { return p.TLS().Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				p := New(l, discard)
				// Nobody accepts: what is said is not taken.
				clients := map[string]net.Conn{"undecided": l.dial(), "HTTP": l.dial(), "TLS": l.dial(), "garbage": l.dial()}
				for said, name := range map[string]string{"G": "HTTP", "\x16": "TLS", "x": "garbage"} {
					if _, err := clients[name].Write([]byte(said)); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				if err := closeIt(p); err != nil {
					t.Error(err)
				}
				for name, c := range clients {
					if !isClosed(t, c) {
						t.Errorf("%s is still open", name)
					}
					_ = c.Close()
				}
				for _, side := range []net.Listener{p.HTTP(), p.TLS()} {
					if _, err := side.Accept(); err != net.ErrClosed {
						t.Errorf("Accept: %v", err)
					}
				}
				closeAll(t, p) // a second time
			})
		})
	}
}

func TestAcceptGoesOnAfterErrorsThatPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		p := New(l, discard)
		start := time.Now()
		for range 10 {
			l.come <- &net.OpError{Op: "accept", Err: syscall.EMFILE}
		}
		l.come <- &net.OpError{Op: "accept", Err: syscall.ECONNABORTED}
		client := l.dial()
		// 5 + 10 + … + 640 ms, and three times a second.
		if took, want := time.Since(start), 1275*time.Millisecond+3*time.Second; took != want {
			t.Errorf("it took %v, want %v", took, want)
		}
		go func() { _, _ = client.Write([]byte("G")) }()
		conn, err := p.HTTP().Accept()
		if err != nil {
			t.Fatal(err)
		}
		closeAll(t, p, conn, client)
	})
}

func TestCloseInterruptsTheWaitAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		p := New(l, discard)
		for range 9 {
			l.come <- &net.OpError{Op: "accept", Err: syscall.ENFILE}
		}
		start := time.Now()
		closeAll(t, p)
		if took := time.Since(start); took != 0 {
			t.Errorf("Close took %v", took)
		}
	})
}

func TestRealErrorReachesBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		p := New(l, discard)
		client := l.dial()
		broken := &net.OpError{Op: "accept", Err: syscall.EBADF}
		l.come <- broken
		for _, side := range []net.Listener{p.HTTP(), p.TLS()} {
			if _, err := side.Accept(); err != broken {
				t.Errorf("Accept: %v", err)
			}
		}
		synctest.Wait()
		if !isClosed(t, client) {
			t.Error("the connection outlived its port")
		}
		closeAll(t, p, client)
	})
}

func TestRefusalIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		p := New(l, discard)
		client := l.dial()
		start := time.Now()
		go func() { // one that sends for ever, and reads nothing
			for {
				if _, err := client.Write([]byte("x")); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		time.Sleep(refuseWithin)
		synctest.Wait()
		if _, err := client.Write([]byte("x")); err == nil || time.Since(start) > refuseWithin {
			t.Errorf("not closed after %v", time.Since(start))
		}
		closeAll(t, p, client)
	})
}
