package guests

import (
	"container/list"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
)

// guest is one connection in a Crowd.
type guest struct {
	// static
	net.Conn
	crowd *Crowd
	at    netip.Prefix

	// guarded by the crowd's lock
	left             bool
	place, homePlace *list.Element // while nothing is asked on it
}

// State notes what a connection is at. What is not the crowd's is left alone.
func (c *Crowd) State(conn net.Conn, state http.ConnState) {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	g, ok := conn.(*guest)
	if !ok {
		return
	}
	var gone *guest
	c.mu.Lock()
	switch state {
	case http.StateIdle:
		gone = c.wait(g)
	case http.StateActive, http.StateHijacked:
		c.ask(g)
	}
	c.mu.Unlock()
	gone.hangUp()
}

// hangUp closes the connection of who was taken out, if anybody was.
func (g *guest) hangUp() {
	if g != nil {
		_ = g.Conn.Close()
	}
}

// Close implements net.Conn.
func (g *guest) Close() error {
	g.crowd.mu.Lock()
	g.crowd.remove(g)
	g.crowd.mu.Unlock()
	return g.Conn.Close()
}

// CloseWrite is what net/http looks for: where it ends a response before the connection.
func (g *guest) CloseWrite() error {
	half, ok := g.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
