package wire

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Socket is one viewer's UDP socket: a net.PacketConn for Pion's UDP mux
// (ice.UDPMuxParams.UDPConn) that reads what is not media (STUN, DTLS, RTCP)
// and what the Sink hands up. Its methods may be called from any goroutine.
type Socket struct {
	// Static after construction.
	poller *Poller
	port   *port
	sink   Sink
	local  *net.UDPAddr
	queue  *queue

	// Replaced by any goroutine, used by the one that reads.
	slow  atomic.Pointer[bucket]
	lossy atomic.Pointer[loser]

	lost, oversize, readErrors atomic.Uint64

	// Guarded by mu.
	mu     sync.Mutex
	closed bool
	buffer int // granted, bytes
	drops  ledger
}

func newSocket(poller *Poller, port *port, local netip.AddrPort, sink Sink) *Socket {
	return &Socket{
		poller: poller,
		port:   port,
		sink:   sink,
		local:  net.UDPAddrFromAddrPort(local),
		queue:  newQueue(),
		buffer: port.setBuffer(bufferSize),
	}
}

// takes says whether Pion is to have the packet; media is counted on the way.
// Only the goroutine that reads may call it.
func (s *Socket) takes(packet []byte, arrived time.Time) (up bool) {
	if !isMedia(packet) {
		return true
	}
	if l := s.lossy.Load(); l != nil && l.drops() {
		s.lost.Add(1)
		return false
	}
	return s.sink.RTP(packet, arrived)
}

// Lose drops a fraction (0 to 1) of the RTP packets before the Sink, chosen by a
// generator with this seed; never STUN, DTLS or RTCP. 0 ends it.
func (s *Socket) Lose(fraction float64, seed uint64) {
	if fraction <= 0 {
		s.lossy.Store(nil)
		return
	}
	s.lossy.Store(newLoser(fraction, seed))
}

// Slow reads no more than bitsPerSecond (of UDP payload, everything counted) and
// makes the kernel's buffer small (64 kB), which then overflows as a slow
// link's queue does. What is dropped counts as SlowDrops. 0 ends it.
func (s *Socket) Slow(bitsPerSecond int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.drops.settle(s.port.drops(), s.slow.Load() != nil)
	if bitsPerSecond <= 0 {
		s.slow.Store(nil)
		s.buffer = s.port.setBuffer(bufferSize)
	} else {
		s.slow.Store(newBucket(bitsPerSecond, time.Now()))
		s.buffer = s.port.setBuffer(slowBufferSize)
	}
	s.poller.reader.pace(s, bitsPerSecond > 0)
}

// Stats returns the counters; after Close, the last ones.
func (s *Socket) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.drops.settle(s.port.drops(), s.slow.Load() != nil)
	}
	return Stats{
		KernelDrops: s.drops.own,
		SlowDrops:   s.drops.slow,
		Lost:        s.lost.Load(),
		QueueDrops:  s.queue.drops.Load(),
		Oversize:    s.oversize.Load(),
		ReadErrors:  s.readErrors.Load(),
		Buffer:      s.buffer,
	}
}

// ReadFromAddrPort reads one packet that is Pion's. The errors are
// net.ErrClosed after Close and os.ErrDeadlineExceeded after a read deadline.
func (s *Socket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) { return s.queue.pop(b) }

// ReadFrom is ReadFromAddrPort for net.PacketConn.
func (s *Socket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.queue.pop(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteToAddrPort sends one packet and keeps no part of b. It does not wait on
// Linux: a full send buffer is an error (EAGAIN), the packet is lost.
func (s *Socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if to.Addr().Zone() != "" {
		return 0, fmt.Errorf("send to %s: %w", to, errAddress)
	}
	return s.port.send(b, to)
}

// WriteTo is WriteToAddrPort for net.PacketConn. to has to be a *net.UDPAddr.
func (s *Socket) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, &net.AddrError{Err: "not a UDP address", Addr: to.String()}
	}
	return s.WriteToAddrPort(b, addr.AddrPort())
}

// LocalAddr is the address that the socket is bound to, a *net.UDPAddr.
func (s *Socket) LocalAddr() net.Addr { return s.local }

// SetDeadline is SetReadDeadline, since no write waits.
func (s *Socket) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }

// SetReadDeadline is as in net.PacketConn.
func (s *Socket) SetReadDeadline(t time.Time) error {
	s.queue.deadline.set(t)
	return nil
}

// SetWriteDeadline does nothing, since no write waits.
func (s *Socket) SetWriteDeadline(time.Time) error { return nil }

// Close closes the socket and ends all reads. The Sink may still be given the
// packets that were being read. A second call returns net.ErrClosed.
func (s *Socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.closed = true
	s.drops.settle(s.port.drops(), s.slow.Load() != nil)
	s.poller.remove(s)
	s.queue.close()
	return s.port.close()
}

// ledger parts the kernel's one count of drops, which wraps around at 32 bits,
// into the tester's own and those of a viewer that is slow.
type ledger struct {
	seen      uint32
	own, slow uint64
}

func (l *ledger) settle(count uint32, slow bool) {
	news := uint64(count - l.seen)
	l.seen = count
	if slow {
		l.slow += news
	} else {
		l.own += news
	}
}
