// Package udp is the relay's one UDP socket, as a net.PacketConn. All media
// goes through it in both directions, so that it is the place where packets
// are batched into fewer kernel calls: reads always, writes of media while
// somebody holds the Conn. Of ICE and RTP it knows only how their packets begin.
package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A socket that fails again and again is read again after a wait that grows
// by a millisecond each time, up to maxWait.
const maxWait = 100 * time.Millisecond

// Conn is a UDP socket whose errors do not end it: only Close does. Its methods
// may be called from any goroutine.
type Conn struct {
	// Static after construction.
	socket  socket
	buffers Buffers
	closed  chan struct{} // by Close

	close      sync.Once
	readErrors atomic.Uint64
}

// socket is the platform's part of a Conn: like a *net.UDPConn, but it may batch.
// What it does not write it counts, by reason.
type socket interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	Lanes() int
	Lane(to netip.AddrPort) int
	Hold(lane int)
	Release(lane int)
	LocalAddr() net.Addr
	SetReadDeadline(t time.Time) error
	Close() error
	stats() Stats
}

// Option is a choice that Listen leaves to its caller.
type Option func(*options)

type options struct{ unsegmented func(cause error) }

// OnUnsegmented has f called at most once, from Listen or from whoever writes, when
// the kernel or the network turns out not to take several packets as one message:
// they then leave one by one, which takes more processor time.
func OnUnsegmented(f func(cause error)) Option { return func(o *options) { o.unsegmented = f } }

// Listen opens a socket on addr. An unspecified address, of either family or
// none at all, stands for all addresses of this machine, IPv6 and IPv4; only
// IPv4 where there is no IPv6.
func Listen(addr netip.AddrPort, choices ...Option) (*Conn, error) {
	o := options{unsegmented: func(error) {}}
	for _, choose := range choices {
		choose(&o)
	}
	local := net.UDPAddrFromAddrPort(addr)
	if !addr.Addr().IsValid() || addr.Addr().IsUnspecified() {
		local = &net.UDPAddr{Port: int(addr.Port())}
	}
	conn, err := net.ListenUDP("udp", local)
	if err != nil {
		return nil, fmt.Errorf("listen on UDP: %w", err)
	}
	buffers := askBuffers(conn)
	socket, err := newSocket(conn, o.unsegmented)
	if err != nil {
		_ = conn.Close() // it may be closed already
		return nil, fmt.Errorf("listen on UDP: %w", err)
	}
	c := newConn(socket)
	c.buffers = buffers
	return c, nil
}

func newConn(s socket) *Conn { return &Conn{socket: s, closed: make(chan struct{})} }

// Lanes is how many parts all destinations fall into, as many as processors.
// What is written to different lanes takes no common lock.
func (c *Conn) Lanes() int { return c.socket.Lanes() }

// Lane is which of the parts a destination belongs to, from 0 on.
func (c *Conn) Lane(to netip.AddrPort) int { return c.socket.Lane(unmap(to)) }

// Hold begins a burst to a lane's destinations: until Release, media for them may
// wait for more of its kind, and leaves in few kernel calls. Several goroutines
// may hold at the same time.
func (c *Conn) Hold(lane int) { c.socket.Hold(lane) }

// Release ends a burst that Hold began. What was written in it has left when it
// returns, or was dropped with a reason.
func (c *Conn) Release(lane int) { c.socket.Release(lane) }

// ReadFromAddrPort reads one packet. The address is IPv4 wherever the packet
// came by IPv4. An error of the network or of a packet is counted, and the next
// packet is read; the only errors returned are net.ErrClosed after Close and
// os.ErrDeadlineExceeded after a deadline that the caller set.
func (c *Conn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for failures := 0; ; failures++ {
		n, from, err := c.socket.ReadFromUDPAddrPort(b)
		if err == nil {
			return n, unmap(from), nil
		}
		if c.isClosed() {
			return 0, netip.AddrPort{}, net.ErrClosed
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, netip.AddrPort{}, err
		}
		c.readErrors.Add(1)
		c.wait(failures)
	}
}

// WriteToAddrPort writes one packet. It keeps no part of b. A packet that waits
// for the end of a burst counts as written; what becomes of it is in Stats.
func (c *Conn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return c.socket.WriteToUDPAddrPort(b, unmap(to))
}

// ReadFrom is ReadFromAddrPort for net.PacketConn.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteTo is WriteToAddrPort for net.PacketConn. to has to be a *net.UDPAddr.
func (c *Conn) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, &net.AddrError{Err: "not a UDP address", Addr: to.String()}
	}
	return c.WriteToAddrPort(b, addr.AddrPort())
}

// LocalAddr is the address that the socket is bound to.
func (c *Conn) LocalAddr() net.Addr { return c.socket.LocalAddr() }

// SetDeadline is SetReadDeadline.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline is as in net.PacketConn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.socket.SetReadDeadline(t) }

// SetWriteDeadline does nothing: no write waits for long, and whoever gives up
// one packet is not to keep others, which share the socket, from writing.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// Close closes the socket and ends all reads. Only the first call does anything.
func (c *Conn) Close() error {
	err := net.ErrClosed
	c.close.Do(func() {
		close(c.closed)
		err = c.socket.Close()
	})
	return err
}

// Stats returns the counters.
func (c *Conn) Stats() Stats {
	stats := c.socket.stats()
	stats.ReadErrors = c.readErrors.Load()
	return stats
}

// Buffers are the kernel's buffers of this socket.
func (c *Conn) Buffers() Buffers { return c.buffers }

func (c *Conn) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// wait keeps a broken socket from taking a whole processor. The first failure
// costs nothing: most often it is one packet's.
func (c *Conn) wait(failures int) {
	if failures == 0 {
		return
	}
	timer := time.NewTimer(min(time.Duration(failures)*time.Millisecond, maxWait))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.closed:
	}
}

// unmap turns an IPv4 address in IPv6 form into IPv4, which a dual-stack socket
// takes as well as an IPv4 one.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
