//go:build !linux || portable

package wire

import (
	"net"
	"net/netip"
)

// port is a socket of the net package.
type port struct{ conn *net.UDPConn }

func openPort(local netip.AddrPort) (*port, netip.AddrPort, error) {
	network := "udp6"
	if local.Addr().Is4() {
		network = "udp4"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(local))
	if err != nil {
		return nil, local, err
	}
	bound := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return &port{conn: conn}, netip.AddrPortFrom(local.Addr(), bound.Port()), nil
}

func (p *port) send(b []byte, to netip.AddrPort) (int, error) {
	return p.conn.WriteToUDPAddrPort(b, to)
}

// setBuffer asks for a receive buffer of so many bytes. What is granted is not
// told everywhere.
func (p *port) setBuffer(bytes int) int {
	_ = p.conn.SetReadBuffer(bytes)
	return 0
}

// drops are not counted everywhere.
func (p *port) drops() uint32 { return 0 }

func (p *port) close() error { return p.conn.Close() }
