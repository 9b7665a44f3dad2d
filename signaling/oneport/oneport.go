// Package oneport lets HTTP and HTTPS share one TCP port: the first byte of each
// connection tells which it is.
package oneport

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Accept is tried again after an error that passes, such as that of a process
// that has no file descriptor left: after minWait, and twice that each time, up
// to maxWait.
const (
	minWait = 5 * time.Millisecond
	maxWait = time.Second
)

// Port shares one listener out to two. One goroutine accepts, and clears
// the lobby at its end; one for each connection in the lobby owns that connection, until
// somebody has accepted it from HTTP or TLS.
type Port struct {
	// static
	inner     net.Listener
	log       *slog.Logger
	http, tls *listener
	ctx       context.Context // its cause is the error of both Accepts
	end       context.CancelCauseFunc
	close     func() error

	lobby   lobby
	running sync.WaitGroup
}

// New starts to accept from inner, which belongs to the Port from now on.
func New(inner net.Listener, log *slog.Logger) *Port {
	p := &Port{inner: inner, log: log}
	p.ctx, p.end = context.WithCancelCause(context.Background())
	p.http = &listener{port: p, conns: make(chan net.Conn)}
	p.tls = &listener{port: p, conns: make(chan net.Conn)}
	p.close = sync.OnceValue(func() error {
		p.end(net.ErrClosed)
		err := inner.Close()
		p.running.Wait()
		return err
	})
	p.running.Go(p.accept)
	return p
}

// HTTP accepts the connections that speak plain HTTP.
func (p *Port) HTTP() net.Listener { return p.http }

// TLS accepts the connections that speak TLS. Their records are still raw:
// http.Server.ServeTLS does the rest. A server of both listeners has to name h2
// in its TLSConfig.NextProtos, or HTTP/2 works only if ServeTLS is called first.
func (p *Port) TLS() net.Listener { return p.tls }

// Close ends both listeners, closes the connections that nobody has accepted,
// and returns when no goroutine of the Port is left. Close of either listener
// does the same.
func (p *Port) Close() error { return p.close() }

// accept takes in whoever comes, until inner is closed or fails.
func (p *Port) accept() {
	defer p.lobby.clear()
	for wait := minWait; ; {
		inner, err := p.inner.Accept()
		switch {
		case err == nil:
			wait = minWait
			p.take(newConn(inner))
		case passes(err):
			p.log.Warn("a connection could not be accepted", "cause", err, "again", wait)
			p.pause(wait)
			wait = min(2*wait, maxWait)
		default:
			p.end(err)
			return
		}
	}
}

// passes is true for errors of one connection, and of a process that has too
// many. net.Error no longer promises this method, but the errors of Accept have
// it, and net/http goes by it.
func passes(err error) bool {
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary()
}

func (p *Port) pause(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
	}
}

func (p *Port) take(c *conn) {
	if dropped := p.lobby.enter(c); dropped != nil {
		p.log.Debug("connection dropped: too many have not said anything yet", "remote", dropped.RemoteAddr())
	}
	p.running.Go(func() { p.decide(c) })
}

// decide owns c until it is delivered or closed.
func (p *Port) decide(c *conn) {
	defer p.lobby.leave(c)
	kind, err := c.look()
	delivered := err == nil && p.deliver(c, kind)
	if !delivered {
		_ = c.Close() // nobody is left to be told
	}
}

// deliver is false when nobody has taken c.
func (p *Port) deliver(c *conn, kind kind) bool {
	switch kind {
	case kindHTTP:
		return p.http.offer(c)
	case kindTLS:
		return p.tls.offer(c)
	case kindUnknown:
		c.refuse()
	}
	return false
}

// listener is a Port's side for one kind.
type listener struct {
	port  *Port
	conns chan net.Conn // unbuffered: what is in it has been accepted
}

// offer waits until c is accepted; it is false when c was dropped before.
func (l *listener) offer(c *conn) bool {
	select {
	case l.conns <- c:
		return true
	case <-c.dropped:
		return false
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.port.ctx.Done():
		return nil, context.Cause(l.port.ctx)
	}
}

// Close implements net.Listener.
func (l *listener) Close() error { return l.port.Close() }

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return l.port.inner.Addr() }
