package broadcast

import (
	"net"
	"net/netip"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4"
)

// mux is Pion's UDP mux over the relay's one socket, with at most one local
// candidate an address family. Pion would make one for each interface, with
// buffers and a goroutine, though all of them are this one socket; which
// addresses a peer is told is the answer's text (see writeCandidates).
type mux struct {
	*ice.UDPMuxDefault
	local []net.Addr
}

func newMux(conn net.PacketConn, network transport.Net, logs pionLogs) *mux {
	m := &mux{UDPMuxDefault: ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Net: network, Logger: logs.NewLogger("ice")})}
	addr, ok := conn.LocalAddr().(*net.UDPAddr)
	switch {
	case !ok || !addr.IP.IsUnspecified():
		m.local = []net.Addr{conn.LocalAddr()}
	case addr.IP.To4() != nil:
		m.local = []net.Addr{loopback4(addr.Port)}
	default:
		m.local = []net.Addr{loopback4(addr.Port), &net.UDPAddr{IP: net.IPv6loopback, Port: addr.Port}}
	}
	return m
}

func loopback4(port int) net.Addr { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1).To4(), Port: port} }

// GetListenAddresses is what Pion makes host candidates of.
func (m *mux) GetListenAddresses() []net.Addr { return m.local }

// port is the UDP port that peers send to.
func (m *mux) port() uint16 {
	if addr, ok := m.LocalAddr().(*net.UDPAddr); ok {
		return addr.AddrPort().Port()
	}
	return 0
}

// host is the address listened on, or the zero Addr for all of them.
func (m *mux) host() netip.Addr {
	addr, ok := m.LocalAddr().(*net.UDPAddr)
	if !ok || addr.IP.IsUnspecified() {
		return netip.Addr{}
	}
	return addr.AddrPort().Addr().Unmap()
}

// holder is a socket that gathers media between Hold and Release, and writes it
// in few kernel calls; each of its lanes by itself (see udp.Conn).
type holder interface {
	Lanes() int
	Lane(to netip.AddrPort) int
	Hold(lane int)
	Release(lane int)
}

// holderOf is the socket, or a stand-in for one that writes each packet at once.
func holderOf(conn net.PacketConn) holder {
	if h, ok := conn.(holder); ok {
		return h
	}
	return unheld{}
}

type unheld struct{}

func (unheld) Lanes() int              { return 1 }
func (unheld) Lane(netip.AddrPort) int { return 0 }
func (unheld) Hold(int)                {}
func (unheld) Release(int)             {}
