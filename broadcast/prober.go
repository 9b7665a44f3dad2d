package broadcast

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// prober is the relay's socket with a question of its own: is this peer still
// there? A closed WebSocket says nothing about the media, and ICE needs
// seconds to notice; a STUN binding request is answered by any living peer at
// once, be its JavaScript frozen or not.
type prober struct {
	packetConn

	mu      sync.Mutex // guards pending
	pending map[[stun.TransactionIDSize]byte]chan struct{}
}

// packetConn is what the relay needs of its socket: Pion's allocation-free
// methods where the socket has them.
type packetConn interface {
	net.PacketConn
	ice.AddrPortReaderWriter
}

func newProber(conn net.PacketConn) *prober {
	p := &prober{pending: map[[stun.TransactionIDSize]byte]chan struct{}{}}
	if c, ok := conn.(packetConn); ok {
		p.packetConn = c
	} else {
		p.packetConn = plainConn{conn}
	}
	return p
}

// ReadFromAddrPort swallows answers to the prober's own questions.
func (p *prober) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, addr, err := p.packetConn.ReadFromAddrPort(b)
		if err != nil || !p.answered(b[:n]) {
			return n, addr, err
		}
	}
}

// ReadFrom is ReadFromAddrPort in net.PacketConn's words.
func (p *prober) ReadFrom(b []byte) (int, net.Addr, error) {
	n, addr, err := p.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(addr), err
}

// stunHeader is the length of a STUN header (RFC 8489 section 5); the
// transaction ID is its last 12 bytes.
const stunHeader = 20

// answered reports whether b answers a probe, and wakes who waits for it.
func (p *prober) answered(b []byte) bool {
	// A success response to a binding request begins 0x0101.
	if len(b) < stunHeader || b[0] != 1 || b[1] != 1 {
		return false
	}
	id := [stun.TransactionIDSize]byte(b[8:stunHeader])
	p.mu.Lock()
	defer p.mu.Unlock()
	done, ok := p.pending[id]
	if ok {
		delete(p.pending, id)
		close(done)
	}
	return ok
}

// probe asks up to tries times, interval apart, whether the peer at addr answers.
func (p *prober) probe(ctx context.Context, addr netip.AddrPort, username, password string, tries int, interval time.Duration) bool {
	msg, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(username),
		ice.AttrControlled(0), ice.PriorityAttr(1), stun.NewShortTermIntegrity(password), stun.Fingerprint)
	if err != nil {
		return false
	}
	done := make(chan struct{})
	p.mu.Lock()
	p.pending[msg.TransactionID] = done
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.pending, msg.TransactionID)
		p.mu.Unlock()
	}()
	for range tries {
		_, _ = p.WriteToAddrPort(msg.Raw, addr)
		select {
		case <-done:
			return true
		case <-ctx.Done():
			return false
		case <-time.After(interval):
		}
	}
	return false
}

// plainConn gives any net.PacketConn the methods Pion asks for.
type plainConn struct{ net.PacketConn }

func (c plainConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, addr, err := c.ReadFrom(b)
	if err != nil {
		return n, netip.AddrPort{}, err
	}
	if udp, ok := addr.(*net.UDPAddr); ok {
		return n, udp.AddrPort(), nil
	}
	return n, netip.AddrPort{}, net.InvalidAddrError(addr.String())
}

func (c plainConn) WriteToAddrPort(b []byte, addr netip.AddrPort) (int, error) {
	return c.WriteTo(b, net.UDPAddrFromAddrPort(addr))
}
