//go:build !linux || portable

package udp

import (
	"errors"
	"net"
	"net/netip"
)

// plain is a socket of the net package. It does not batch: other systems have
// no call for it that Go could make.
type plain struct {
	*net.UDPConn
	counters
}

func newSocket(conn *net.UDPConn, _ func(error)) (socket, error) { return &plain{UDPConn: conn}, nil }

func (p *plain) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	n, err := p.UDPConn.WriteToUDPAddrPort(b, to)
	p.calls.Add(1)
	switch {
	case err == nil:
		p.packets.Add(1)
		p.bytes.Add(uint64(n))
	case !errors.Is(err, net.ErrClosed):
		p.drop(err, 1)
	}
	return n, err
}

// Lanes is one: every packet leaves at once, so that there is nothing to part.
func (p *plain) Lanes() int { return 1 }

// Lane is the only one.
func (p *plain) Lane(netip.AddrPort) int { return 0 }

// Hold does nothing.
func (p *plain) Hold(int) {}

// Release does nothing.
func (p *plain) Release(int) {}

// askBuffers only asks: what is granted is not told everywhere.
func askBuffers(conn *net.UDPConn) Buffers {
	_ = conn.SetReadBuffer(bufferSize)
	_ = conn.SetWriteBuffer(bufferSize)
	return Buffers{}
}
