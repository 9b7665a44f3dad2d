package udp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func listen(t testing.TB, addr string) *Conn {
	t.Helper()
	c, err := Listen(netip.MustParseAddrPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, benchmark := t.(*testing.B); !benchmark {
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *Conn) port() uint16 { return c.LocalAddr().(*net.UDPAddr).AddrPort().Port() }

// TestDualStack sends to one unspecified socket over IPv4 and over IPv6, and
// back to the address that it saw.
func TestDualStack(t *testing.T) {
	for _, unspecified := range []string{"[::]:0", "0.0.0.0:0"} {
		for _, loopback := range []string{"127.0.0.1", "::1"} {
			t.Run(unspecified+" "+loopback, func(t *testing.T) {
				ip := netip.MustParseAddr(loopback)
				client := listen(t, netip.AddrPortFrom(ip, 0).String())
				server := listen(t, unspecified)
				echo(t, client, server, netip.AddrPortFrom(ip, server.port()))
			})
		}
	}
}

func echo(t *testing.T, client, server *Conn, to netip.AddrPort) {
	t.Helper()
	if _, err := client.WriteToAddrPort([]byte("ping"), to); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	n, from, err := server.ReadFromAddrPort(b)
	if err != nil || string(b[:n]) != "ping" {
		t.Fatalf("server read %q: %v", b[:n], err)
	}
	if want := netip.AddrPortFrom(to.Addr(), client.port()); from != want {
		t.Fatalf("server saw %v, want %v", from, want)
	}
	if _, err := server.WriteToAddrPort([]byte("pong"), from); err != nil {
		t.Fatal(err)
	}
	if n, _, err = client.ReadFromAddrPort(b); err != nil || string(b[:n]) != "pong" {
		t.Fatalf("client read %q: %v", b[:n], err)
	}
}

// TestMappedDestination writes to an IPv4 address in IPv6 form.
func TestMappedDestination(t *testing.T) {
	mapped := netip.MustParseAddr("::ffff:127.0.0.1")
	for _, local := range []string{"[::]:0", "127.0.0.1:0"} {
		client, server := listen(t, local), listen(t, "127.0.0.1:0")
		if _, err := client.WriteToAddrPort([]byte("x"), netip.AddrPortFrom(mapped, server.port())); err != nil {
			t.Fatalf("from %s: %v", local, err)
		}
		if _, from, err := server.ReadFromAddrPort(make([]byte, 1)); err != nil || from.Addr() != mapped.Unmap() {
			t.Fatalf("from %s: saw %v: %v", local, from, err)
		}
	}
}

func TestPacketConn(t *testing.T) {
	var client, server net.PacketConn = listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	if _, err := client.WriteTo([]byte("x"), server.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	n, from, err := server.ReadFrom(make([]byte, 1))
	if err != nil || n != 1 || from.String() != client.LocalAddr().String() {
		t.Fatalf("read %d bytes from %v: %v", n, from, err)
	}
	if _, err := client.WriteTo([]byte("x"), &net.TCPAddr{}); err == nil {
		t.Fatal("wrote to a TCP address")
	}
}

func TestPortInUse(t *testing.T) {
	c := listen(t, "127.0.0.1:0")
	if _, err := Listen(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), c.port())); err == nil {
		t.Fatal("two sockets on one port")
	}
}

func TestCloseEndsRead(t *testing.T) {
	c := listen(t, "127.0.0.1:0")
	done := make(chan error)
	go func() {
		_, _, err := c.ReadFromAddrPort(make([]byte, 1))
		done <- err
	}()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Fatalf("read ended with %v", err)
	}
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("second close: %v", err)
	}
	if stats := c.Stats(); stats != (Stats{}) {
		t.Fatalf("a close was counted as an error: %+v", stats)
	}
}

func TestDeadline(t *testing.T) {
	c := listen(t, "127.0.0.1:0")
	if err := c.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.ReadFromAddrPort(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read ended with %v", err)
	}
}

func TestWriteError(t *testing.T) {
	c := listen(t, "127.0.0.1:0")
	tooLong := make([]byte, 1<<16)
	if _, err := c.WriteToAddrPort(tooLong, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 9)); err == nil {
		t.Fatal("wrote 64 KiB in one packet")
	}
	if stats := c.Stats(); stats != (Stats{Calls: 1, Drops: Drops{TooLong: 1}}) {
		t.Fatalf("stats %+v", stats)
	}
}

// failing is a socket whose first reads fail.
type failing struct {
	socket
	failures int
}

func (f *failing) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	if f.failures > 0 {
		f.failures--
		return 0, netip.AddrPort{}, errors.New("connection refused")
	}
	return copy(b, "x"), netip.MustParseAddrPort("[::ffff:192.0.2.1]:5"), nil
}

func (f *failing) Close() error { return nil }

func (f *failing) stats() Stats { return Stats{} }

// TestReadErrors: a read outlives errors of the network, and waits longer the
// more there are.
func TestReadErrors(t *testing.T) {
	for _, test := range []struct {
		failures int
		waited   time.Duration
	}{
		{0, 0},
		{1, 0},
		{2, time.Millisecond},
		{5, 10 * time.Millisecond},
		{151, 4950*time.Millisecond + 51*maxWait},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newConn(&failing{failures: test.failures})
			start := time.Now()
			n, from, err := c.ReadFromAddrPort(make([]byte, 1))
			if n != 1 || err != nil || from.String() != "192.0.2.1:5" {
				t.Errorf("read %d bytes from %v: %v", n, from, err)
			}
			if waited := time.Since(start); waited != test.waited {
				t.Errorf("%d failures: waited %v, want %v", test.failures, waited, test.waited)
			}
			if got := c.Stats().ReadErrors; got != uint64(test.failures) {
				t.Errorf("%d failures counted as %d", test.failures, got)
			}
		})
	}
}

// TestCloseEndsWait: a read that waits on a broken socket ends with Close.
func TestCloseEndsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConn(&failing{failures: 1 << 30})
		done := make(chan error)
		go func() {
			_, _, err := c.ReadFromAddrPort(make([]byte, 1))
			done <- err
		}()
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("read ended with %v", err)
		}
	})
}
