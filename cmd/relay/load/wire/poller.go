package wire

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// Poller reads all its sockets from one goroutine, with epoll and recvmmsg, on
// Linux; elsewhere with one goroutine a socket. Its methods may be called from
// any goroutine, but Close not from a Sink.
type Poller struct {
	// Static after construction.
	reader *reader // the platform's

	// Guarded by mu.
	mu      sync.Mutex
	sockets map[*Socket]struct{}
	closed  bool
}

// NewPoller starts a Poller, which Close ends. The error is the kernel's.
func NewPoller() (*Poller, error) {
	reader, err := newReader()
	if err != nil {
		return nil, err
	}
	return &Poller{reader: reader, sockets: make(map[*Socket]struct{})}, nil
}

// Socket opens a UDP socket on local (an IPv6 one takes no IPv4) whose media
// goes to sink, perhaps before Socket returns. The error is the kernel's, or
// net.ErrClosed after Close.
func (p *Poller) Socket(local netip.AddrPort, sink Sink) (*Socket, error) {
	local = netip.AddrPortFrom(local.Addr().Unmap(), local.Port())
	if !local.IsValid() || local.Addr().Zone() != "" {
		return nil, fmt.Errorf("open %s: %w", local, errAddress)
	}
	port, bound, err := openPort(local)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", local, err)
	}
	s := newSocket(p, port, bound, sink)
	if err := p.add(s); err != nil {
		_ = port.close()
		return nil, err
	}
	return s, nil
}

func (p *Poller) add(s *Socket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	if err := p.reader.add(s); err != nil {
		return err
	}
	p.sockets[s] = struct{}{}
	return nil
}

// remove forgets a socket that is about to close.
func (p *Poller) remove(s *Socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sockets, s)
	p.reader.remove(s)
}

// Calm says that nobody is joining: packets are then left to gather for 1 ms,
// since a wake-up costs more than a packet. Arrival times stay exact. It changes
// nothing but on Linux.
func (p *Poller) Calm(calm bool) { p.reader.setCalm(calm) }

// Close closes the Poller and all its sockets, and waits until no Sink is called
// any more. A second call returns net.ErrClosed.
func (p *Poller) Close() error {
	sockets, first := p.end()
	if !first {
		return net.ErrClosed
	}
	for _, s := range sockets {
		_ = s.Close()
	}
	p.reader.close()
	return nil
}

// end refuses new sockets and hands over the others. first is false if that was
// done before.
func (p *Poller) end() (sockets []*Socket, first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, p.closed = !p.closed, true
	for s := range p.sockets {
		sockets = append(sockets, s)
	}
	return sockets, first
}
