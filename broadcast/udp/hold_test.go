package udp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"
)

// pattern is a packet of media whose content depends on its number.
func pattern(size, number int) []byte {
	b := media(max(size, 2))
	for i := 2; i < size; i++ {
		b[i] = byte(i*7 + number)
	}
	if size >= 6 {
		binary.BigEndian.PutUint32(b[2:], uint32(number))
	}
	return b[:size]
}

// expect reads one packet.
func expect(t *testing.T, c *Conn, want []byte) {
	t.Helper()
	b := make([]byte, readMost)
	n, _, err := c.ReadFromAddrPort(b)
	if err != nil || !bytes.Equal(b[:n], want) {
		t.Fatalf("read %d bytes % x…, want %d bytes % x…: %v", n, b[:min(n, 8)], len(want), want[:min(len(want), 8)], err)
	}
}

const readMost = 8192

// expectNothing: what loopback delivers is there when the write returns.
func expectNothing(t *testing.T, c *Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, _, err := c.ReadFromAddrPort(make([]byte, readMost)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes too many: %v", n, err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}

// holdAll begins a burst to everybody.
func (c *Conn) holdAll() {
	for lane := range c.Lanes() {
		c.Hold(lane)
	}
}

func (c *Conn) releaseAll() {
	for lane := range c.Lanes() {
		c.Release(lane)
	}
}

func (c *Conn) addr() netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

func write(t *testing.T, c *Conn, b []byte, to netip.AddrPort) {
	t.Helper()
	if n, err := c.WriteToAddrPort(b, to); err != nil || n != len(b) {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(b), err)
	}
}

// TestEverySize: packets of 1 to 2,000 bytes, growing, shrinking and equal, over
// every family of addresses.
func TestEverySize(t *testing.T) {
	for _, addrs := range [][2]string{
		{"127.0.0.1:0", "127.0.0.1:0"}, {"[::1]:0", "[::1]:0"}, {"[::]:0", "127.0.0.1:0"}, {"[::]:0", "[::1]:0"},
	} {
		t.Run(addrs[0]+" to "+addrs[1], func(t *testing.T) {
			from, to := listen(t, addrs[0]), listen(t, addrs[1])
			var sizes []int
			for size := range 2000 {
				sizes = append(sizes, size+1)
			}
			for size := range 400 {
				sizes = append(sizes, 2000-5*size, 1100)
			}
			const burst = 100
			buffer := make([]byte, 2000)
			for start := 0; start < len(sizes); start += burst {
				from.holdAll()
				for i, size := range sizes[start : start+burst] {
					write(t, from, buffer[:copy(buffer, pattern(size, start+i))], to.addr()) // used again at once
				}
				from.releaseAll()
				for i, size := range sizes[start : start+burst] {
					expect(t, to, pattern(size, start+i))
				}
			}
			expectNothing(t, to)
			if stats := from.Stats(); stats.Packets != uint64(len(sizes)) || stats.Drops != (Drops{}) {
				t.Errorf("stats %+v", stats)
			}
		})
	}
}

// TestOrder: any mix of sizes, destinations and kinds of packets, in and out of
// bursts.
func TestOrder(t *testing.T) {
	from := listen(t, "[::]:0")
	var to []*Conn
	for range 5 {
		to = append(to, listen(t, "127.0.0.1:0"), listen(t, "[::1]:0"))
	}
	random := rand.New(rand.NewPCG(1, 2))
	number := 0
	for range 100 {
		sent := map[*Conn][][]byte{}
		held := random.IntN(4) > 0
		if held {
			from.holdAll()
		}
		for range random.IntN(200) {
			size, c := []int{1100, 1100, 1100, 1099, 600, 1 + random.IntN(1400)}[random.IntN(6)], to[random.IntN(len(to))]
			number++
			b := pattern(size, number)
			if random.IntN(20) == 0 && size > 1 {
				b[1] = 200 // a sender report keeps its place
			}
			write(t, from, b, c.addr())
			sent[c] = append(sent[c], b)
		}
		if held {
			from.releaseAll()
		}
		for c, packets := range sent {
			for _, b := range packets {
				expect(t, c, b)
			}
		}
	}
}

// TestHolders: several goroutines hold, each with destinations of its own and
// one that all share. Of each, all comes, in order.
func TestHolders(t *testing.T) {
	const holders, bursts, packets = 4, 50, 20
	from, shared := listen(t, "[::]:0"), listen(t, "127.0.0.1:0")
	var work sync.WaitGroup
	for holder := range holders {
		own := listen(t, "127.0.0.1:0")
		work.Go(func() {
			for burst := range bursts {
				from.holdAll()
				for i := range packets {
					number := burst*packets + i
					_, _ = from.WriteToAddrPort(pattern(1000+i%3, number), own.addr())
					_, _ = from.WriteToAddrPort(pattern(100+holder, number), shared.addr())
				}
				from.releaseAll()
				for i := range packets {
					expectLater(t, own, pattern(1000+i%3, burst*packets+i))
				}
			}
		})
	}
	work.Go(func() {
		var next [holders]int
		b := make([]byte, readMost)
		for range holders * bursts * packets {
			n, _, err := shared.ReadFromAddrPort(b)
			if err != nil {
				t.Error(err)
				return
			}
			holder := n - 100
			if !bytes.Equal(b[:n], pattern(n, next[holder])) {
				t.Errorf("holder %d: packet %d is wrong or late", holder, next[holder])
			}
			next[holder]++
		}
	})
	work.Wait()
}

// expectLater is expect for other goroutines than the test's.
func expectLater(t *testing.T, c *Conn, want []byte) {
	b := make([]byte, readMost)
	if n, _, err := c.ReadFromAddrPort(b); err != nil || !bytes.Equal(b[:n], want) {
		t.Errorf("read %d bytes, want %d: %v", n, len(want), err)
	}
}

// TestCloseInBurst: everybody ends, whatever is pending.
func TestCloseInBurst(t *testing.T) {
	for range 20 {
		c, to := listen(t, "127.0.0.1:0"), sinks(t, 10)
		var work sync.WaitGroup
		started := make(chan struct{}, 3)
		for range 3 {
			work.Go(func() {
				packet := media(1000)
				for i := 0; ; i++ {
					c.holdAll()
					var err error
					for _, to := range to {
						_, err = c.WriteToAddrPort(packet, to)
					}
					c.releaseAll()
					if err != nil {
						if !errors.Is(err, net.ErrClosed) {
							t.Error(err)
						}
						return
					}
					if i == 3 {
						started <- struct{}{}
					}
				}
			})
		}
		for range 3 {
			<-started
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		work.Wait()
	}
}

// TestReadAhead: what was read ahead is not there after Close or a deadline.
func TestReadAhead(t *testing.T) {
	from, to := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	for i := range 5 {
		write(t, from, pattern(10, i), to.addr())
	}
	expect(t, to, pattern(10, 0))
	expectPast := func() {
		t.Helper()
		if _, _, err := to.ReadFromAddrPort(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read ended with %v", err)
		}
	}
	if err := to.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	expectPast()
	if err := to.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	expect(t, to, pattern(10, 1))
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := to.ReadFromAddrPort(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("read ended with %v", err)
	}
	if _, err := to.WriteToAddrPort([]byte("x"), from.addr()); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("write ended with %v", err)
	}
}

// TestNobodyListens: what the network says of one destination (ICMP) is no
// error of another's packet, nor of a read.
func TestNobodyListens(t *testing.T) {
	for _, loopback := range []string{"127.0.0.1:0", "[::1]:0"} {
		gone := listen(t, loopback)
		nobody := gone.addr()
		if err := gone.Close(); err != nil {
			t.Fatal(err)
		}
		c, to := listen(t, "[::]:0"), listen(t, loopback)
		for i := range 20 {
			c.holdAll()
			write(t, c, pattern(1000, i), nobody)
			write(t, c, pattern(1000, i), nobody)
			write(t, c, pattern(1000, i), to.addr())
			c.releaseAll()
			write(t, c, pattern(10, i), nobody)
			write(t, c, pattern(10, i), to.addr())
			expect(t, to, pattern(1000, i))
			expect(t, to, pattern(10, i))
		}
		expectNothing(t, c)
		if stats := c.Stats(); stats.Drops != (Drops{}) || stats.ReadErrors != 0 || stats.Packets != 100 {
			t.Errorf("stats %+v", stats)
		}
	}
}

// TestWriteDeadline: whoever gives up a write keeps nobody else from writing.
func TestWriteDeadline(t *testing.T) {
	c, to := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	c.holdAll()
	write(t, c, pattern(100, 0), to.addr())
	if err := c.SetWriteDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	write(t, c, pattern(100, 1), to.addr())
	c.releaseAll()
	write(t, c, pattern(100, 2), to.addr())
	for i := range 3 {
		expect(t, to, pattern(100, i))
	}
}

func TestAdvice(t *testing.T) {
	for _, b := range []Buffers{{}, {bufferSize, bufferSize}, {2 * bufferSize, 0}} {
		if advice := b.Advice(); advice != "" {
			t.Errorf("%+v: %s", b, advice)
		}
	}
	want := "The UDP socket's buffers are 208 kB to read and 4096 kB to write, 4096 kB were asked for: packets may get lost with many viewers. " +
		"Set them with: sysctl -w net.core.rmem_max=4194304 net.core.wmem_max=4194304"
	if advice := (Buffers{208 << 10, bufferSize}).Advice(); advice != want {
		t.Error(advice)
	}
}
