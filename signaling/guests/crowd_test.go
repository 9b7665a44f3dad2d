package guests

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// fakeConn is a connection from an address.
type fakeConn struct {
	net.Conn
	remote net.Addr
	closed atomic.Bool
}

func (f *fakeConn) RemoteAddr() net.Addr { return f.remote }
func (f *fakeConn) Close() error         { f.closed.Store(true); return nil }

func from(addr string) *fakeConn {
	return &fakeConn{remote: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), 1))}
}

// comes has a connection knock; nil: there was no room.
func (c *Crowd) comes(f *fakeConn) *guest {
	came, gone := c.enter(f)
	gone.hangUp()
	return came
}

func TestCrowdDropsTheOldestThatWaits(t *testing.T) {
	c := New(8)
	first, second := from("192.0.2.1"), from("192.0.2.1")
	busy := c.comes(first)
	c.State(busy, http.StateActive)
	c.comes(second)
	c.comes(from("192.0.2.1"))
	c.comes(from("192.0.2.1"))
	if c.comes(from("192.0.2.1")) == nil || !second.closed.Load() || first.closed.Load() {
		t.Error("the fifth of four did not take the place of the oldest that waits")
	}
	if c.open != 4 {
		t.Errorf("%d are open", c.open)
	}
}

func TestCrowdKeepsOutWhoComesWhenAllAreBusy(t *testing.T) {
	c := New(8)
	var in []*guest
	for range 4 {
		g := c.comes(from("192.0.2.1"))
		c.State(g, http.StateActive)
		in = append(in, g)
	}
	if c.comes(from("192.0.2.1")) != nil {
		t.Error("a fifth came in")
	}
	if c.comes(from("192.0.2.2")) == nil {
		t.Error("another address has no room")
	}
	c.State(in[0], http.StateIdle)
	if c.comes(from("192.0.2.1")) == nil {
		t.Error("there is room again, and it is not given")
	}
	_ = in[1].Close()
	_ = in[1].Close() // twice, as net/http may
	if c.comes(from("192.0.2.1")) == nil {
		t.Error("who has left takes room")
	}
}

func TestCrowdIsBoundedInAll(t *testing.T) {
	c := New(8)
	for i := range 20 {
		c.comes(from(fmt.Sprintf("192.0.2.%d", i+1)))
	}
	if c.open != 8 || c.waiting.Len() != 8 || len(c.homes) != 8 {
		t.Errorf("%d are open, %d wait, from %d addresses", c.open, c.waiting.Len(), len(c.homes))
	}
}

// An owner of IPv6 has as many addresses as anybody could want.
func TestCrowdTakesANetworkForOneAddress(t *testing.T) {
	c := New(8)
	for i := range 20 {
		c.comes(from(fmt.Sprintf("2001:db8::%x", i+1)))
	}
	if c.open != 4 || len(c.homes) != 1 {
		t.Errorf("%d are open, from %d addresses", c.open, len(c.homes))
	}
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32", "2001:db8::1": "2001:db8::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := homeOf(from(in).remote).String(); got != want {
			t.Errorf("%s is of %s, want %s", in, got, want)
		}
	}
}

func TestCrowdBoundsThoseThatWait(t *testing.T) {
	c := New(100_000)
	for i := range 2 * maxWaitingFrom {
		c.comes(from("192.0.2.1"))
		c.comes(from(fmt.Sprintf("198.51.%d.%d", i/250, i%250+1)))
		c.comes(from(fmt.Sprintf("203.0.%d.%d", i/250, i%250+1)))
		c.comes(from(fmt.Sprintf("100.64.%d.%d", i/250, i%250+1)))
	}
	at := homeOf(from("192.0.2.1").remote)
	if got := c.homes[at].waiting.Len(); got > maxWaitingFrom {
		t.Errorf("%d wait from one address", got)
	}
	if c.waiting.Len() != maxWaiting || c.open != maxWaiting {
		t.Errorf("%d wait, %d are open", c.waiting.Len(), c.open)
	}
}

// Everybody leaves in the end, whatever became of them.
func TestCrowdForgets(t *testing.T) {
	c := New(64)
	var in []*guest
	for i := range 200 {
		if g := c.comes(from(fmt.Sprintf("192.0.2.%d", i%7))); g != nil {
			c.State(g, []http.ConnState{http.StateNew, http.StateActive, http.StateIdle, http.StateHijacked}[i%4])
			in = append(in, g)
		}
	}
	for _, g := range in {
		_ = g.Close()
		c.State(g, http.StateIdle) // late news
	}
	if c.open != 0 || c.waiting.Len() != 0 || len(c.homes) != 0 {
		t.Errorf("%d are open, %d wait, from %d addresses", c.open, c.waiting.Len(), len(c.homes))
	}
}

// TestCrowdOfAServer: who says nothing has to go when others come, who asks is served.
func TestCrowdOfAServer(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := New(16)
	server := &http.Server{ConnState: c.State, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(c.Listen(inner)) }()
	defer func() { _ = server.Close(); <-served }()
	var silent []net.Conn
	for range 40 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		silent = append(silent, conn)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 20 {
		response, err := client.Get("http://" + inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	_ = silent[0].SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := silent[0].Read(make([]byte, 1)); err == nil {
		t.Error("the oldest silent one is still there")
	}
}
