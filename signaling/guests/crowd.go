// Package guests bounds the connections of an HTTP server.
package guests

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
)

const (
	// maxWaiting and maxWaitingFrom are how many connections on which nothing is asked
	// there may be, in all and from one address, which may be a school's. Browsers do
	// without those that were closed.
	maxWaiting     = 4096
	maxWaitingFrom = 1024
	// prefix6 is the least that one owner has of IPv6, in bits.
	prefix6 = 64
)

// Crowd bounds the connections of a server, so that no address can take them all.
// Where there are too many, the oldest on which nothing is asked has to go: whoever
// asks is heard within a round trip. Its State is for http.Server's ConnState.
type Crowd struct {
	most, mostFrom int // static

	mu      sync.Mutex // guards all below, and what guest says it guards
	open    int
	homes   map[netip.Prefix]*home
	waiting list.List // of *guest, oldest first
}

// home is an address with its guests.
type home struct {
	open    int
	waiting list.List // of *guest, oldest first
}

// New bounds connections to so many, and half of these from one address.
func New(most int) *Crowd {
	return &Crowd{most: most, mostFrom: max(most/2, 1), homes: map[netip.Prefix]*home{}}
}

// Listen is inner without those for whom there is no room; they are hung up on.
func (c *Crowd) Listen(inner net.Listener) net.Listener { return &gate{inner, c} }

// gate is a listener's way into the crowd.
type gate struct {
	net.Listener
	crowd *Crowd
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for {
		inner, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		guest, gone := g.crowd.enter(inner)
		gone.hangUp()
		if guest != nil {
			return guest, nil
		}
		_ = inner.Close()
	}
}

// enter takes a connection in; nil: there is no room. Who had to go for it is to be
// hung up on.
func (c *Crowd) enter(inner net.Conn) (came, gone *guest) {
	at := homeOf(inner.RemoteAddr())
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.homes[at]
	if h == nil {
		h = &home{}
	}
	switch {
	case h.open >= c.mostFrom:
		gone = c.evict(&h.waiting)
	case c.open >= c.most:
		gone = c.evict(&c.waiting)
	}
	if h.open >= c.mostFrom || c.open >= c.most {
		return nil, gone
	}
	c.open++
	h.open++
	c.homes[at] = h
	came = &guest{Conn: inner, crowd: c, at: at}
	if other := c.wait(came); other != nil {
		gone = other
	}
	return came, gone
}

// wait notes that nothing is asked on g, and takes out who is one too many. The
// caller holds the lock.
func (c *Crowd) wait(g *guest) (gone *guest) {
	h := c.homes[g.at]
	if g.left || h == nil || g.place != nil {
		return nil
	}
	g.place, g.homePlace = c.waiting.PushBack(g), h.waiting.PushBack(g)
	switch {
	case h.waiting.Len() > maxWaitingFrom:
		return c.evict(&h.waiting)
	case c.waiting.Len() > maxWaiting:
		return c.evict(&c.waiting)
	}
	return nil
}

// evict takes out the oldest of those that wait; nil: there is none. The caller
// holds the lock.
func (c *Crowd) evict(waiting *list.List) *guest {
	oldest := waiting.Front()
	if oldest == nil {
		return nil
	}
	g := oldest.Value.(*guest)
	c.remove(g)
	return g
}

// ask notes that something is asked on g. The caller holds the lock.
func (c *Crowd) ask(g *guest) {
	if g.place != nil {
		c.waiting.Remove(g.place)
		c.homes[g.at].waiting.Remove(g.homePlace)
		g.place, g.homePlace = nil, nil
	}
}

// remove takes g out. The caller holds the lock.
func (c *Crowd) remove(g *guest) {
	if g.left {
		return
	}
	c.ask(g)
	g.left = true
	c.open--
	h := c.homes[g.at]
	if h.open--; h.open == 0 {
		delete(c.homes, g.at)
	}
}

// homeOf is the address of who is there, and for IPv6 the network that is one
// owner's.
func homeOf(addr net.Addr) netip.Prefix {
	remote, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return netip.Prefix{} // a pipe's, in tests
	}
	ip, bits := remote.Addr().Unmap().WithZone(""), 32
	if ip.Is6() {
		bits = prefix6
	}
	prefix, _ := ip.Prefix(bits)
	return prefix
}
