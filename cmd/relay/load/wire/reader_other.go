//go:build !linux || portable

package wire

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// reader is a goroutine a socket.
type reader struct{ running sync.WaitGroup }

func newReader() (*reader, error) { return new(reader), nil }

func (r *reader) add(s *Socket) error {
	r.running.Go(s.run)
	return nil
}

// remove has nothing to do: a closed socket ends its own goroutine.
func (r *reader) remove(*Socket) {}

// pace has nothing to do: each socket's goroutine looks at its own bucket.
func (r *reader) pace(*Socket, bool) {}

// setCalm changes nothing: no goroutine has more than one socket's packets.
func (r *reader) setCalm(bool) {}

// close waits for the sockets' goroutines, all closed already.
func (r *reader) close() { r.running.Wait() }

// run is a Socket's goroutine: it reads until Close.
func (s *Socket) run() {
	var buffer [packetSize + 1]byte // one more shows a packet that is longer
	for {
		n, from, err := s.port.conn.ReadFromUDPAddrPort(buffer[:])
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil && n <= packetSize:
			s.readErrors.Add(1)
			s.rest(slowTick) // a socket that fails again and again takes no processor
		case n > packetSize:
			s.oversize.Add(1)
		case s.takes(buffer[:n], time.Now().Round(0)):
			s.queue.push(buffer[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
		}
		s.crawl(n)
	}
}

// crawl waits until a slow socket may read again.
func (s *Socket) crawl(bytes int) {
	if b := s.slow.Load(); b != nil {
		b.spend(bytes)
		for b.allowance(time.Now()) <= 0 && s.rest(slowTick) {
		}
	}
}

// rest is false if Close came meanwhile.
func (s *Socket) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.queue.closed:
		return false
	}
}
