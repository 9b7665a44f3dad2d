package wire

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// patience is for what must come; a test that passes never waits so long.
const patience = 10 * time.Second

// packet is what a collector was given.
type packet struct {
	data    []byte
	arrived time.Time
}

// collector is a Sink for tests.
type collector struct {
	up      bool
	packets chan packet
}

func newCollector(up bool) *collector { return &collector{up: up, packets: make(chan packet, 5000)} }

func (c *collector) RTP(data []byte, arrived time.Time) bool {
	c.packets <- packet{bytes.Clone(data), arrived}
	return c.up
}

func (c *collector) next(t *testing.T) packet {
	t.Helper()
	select {
	case p := <-c.packets:
		return p
	case <-time.After(patience):
		t.Fatal("no packet came")
		return packet{}
	}
}

// open is a Socket on local and a plain one that sends to it.
func open(t *testing.T, local netip.AddrPort, sink Sink) (*Poller, *Socket, *net.UDPConn) {
	t.Helper()
	poller, err := NewPoller()
	check(t, err)
	t.Cleanup(func() { poller.Close() })
	socket, err := poller.Socket(local, sink)
	check(t, err)
	sender, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(addrOf(socket)))
	check(t, err)
	t.Cleanup(func() { sender.Close() })
	return poller, socket, sender
}

func write(t *testing.T, sender *net.UDPConn, data []byte) {
	t.Helper()
	_, err := sender.Write(data)
	check(t, err)
}

// eventually waits for a condition that another goroutine makes true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in %v: %s", patience, what)
		}
	}
}

func TestMediaGoesToTheSink(t *testing.T) {
	for _, local := range []string{"127.0.0.1:0", "[::1]:0", "0.0.0.0:0"} {
		for _, calm := range []bool{false, true} {
			sink := newCollector(false)
			poller, socket, sender := open(t, netip.MustParseAddrPort(local), sink)
			poller.Calm(calm)
			media := mediaPacket(65535, 1100)
			write(t, sender, media)
			if got := sink.next(t); !bytes.Equal(got.data, media) || time.Since(got.arrived).Abs() > patience {
				t.Errorf("%s: %d bytes at %v", local, len(got.data), got.arrived)
			}
			expectUp(t, socket, sender, []byte("\x00\x01 a STUN message"))
		}
	}
}

// expectUp sends a packet, and expects it to be the next that Pion reads.
func expectUp(t *testing.T, socket *Socket, sender *net.UDPConn, data []byte) {
	t.Helper()
	write(t, sender, data)
	buffer := make([]byte, 1500)
	check(t, socket.SetDeadline(time.Now().Add(patience)))
	n, from, err := socket.ReadFrom(buffer)
	if err != nil || !bytes.Equal(buffer[:n], data) {
		t.Fatalf("read %q, %v; not %q", buffer[:n], err, data)
	}
	if want := sender.LocalAddr().String(); from.String() != want {
		t.Errorf("from %v, not %v", from, want)
	}
}

func TestWhatTheSinkHandsUp(t *testing.T) {
	sink := newCollector(true)
	_, socket, sender := open(t, loopback, sink)
	expectUp(t, socket, sender, mediaPacket(1, 100))
	expectUp(t, socket, sender, append([]byte{0x80, 200}, make([]byte, 26)...)) // a sender report
	if got := len(sink.packets); got != 1 {
		t.Errorf("the sink saw %d packets, not 1", got)
	}
}

func TestWrite(t *testing.T) {
	_, socket, sender := open(t, loopback, newCollector(false))
	to := sender.LocalAddr().(*net.UDPAddr)
	n, err := socket.WriteTo([]byte("request"), to)
	if n != 7 || err != nil {
		t.Fatal(n, err)
	}
	mapped := netip.AddrPortFrom(netip.AddrFrom16(to.AddrPort().Addr().As16()), to.AddrPort().Port())
	_, err = socket.WriteToAddrPort([]byte("again"), mapped)
	check(t, err)
	buffer := make([]byte, 100)
	for _, want := range []string{"request", "again"} {
		check(t, sender.SetReadDeadline(time.Now().Add(patience)))
		if n, err := sender.Read(buffer); string(buffer[:n]) != want {
			t.Errorf("%q, %v; not %q", buffer[:n], err, want)
		}
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	poller, socket, _ := open(t, loopback, newCollector(false))
	for _, local := range []netip.AddrPort{{}, netip.MustParseAddrPort("[fe80::1%lo]:0"), netip.MustParseAddrPort("192.0.2.1:0"), addrOf(socket)} {
		if _, err := poller.Socket(local, nil); err == nil {
			t.Errorf("opened %v", local)
		}
	}
	if _, err := socket.WriteTo(nil, &net.TCPAddr{}); err == nil {
		t.Error("wrote to a TCP address")
	}
	if _, err := socket.WriteToAddrPort(nil, netip.MustParseAddrPort("[fe80::1%lo]:9")); !errors.Is(err, errAddress) {
		t.Errorf("an address with a zone: %v", err)
	}
}

func TestOversizeIsCounted(t *testing.T) {
	sink := newCollector(false)
	_, socket, sender := open(t, loopback, sink)
	write(t, sender, mediaPacket(1, packetSize+1))
	write(t, sender, mediaPacket(2, packetSize))
	if got := sink.next(t); len(got.data) != packetSize {
		t.Errorf("%d bytes", len(got.data))
	}
	if got := socket.Stats().Oversize; got != 1 {
		t.Errorf("%d packets counted as too long, not 1", got)
	}
}

func TestLoseSparesWhatIsNotMedia(t *testing.T) {
	sink := newCollector(false)
	_, socket, sender := open(t, loopback, sink)
	socket.Lose(1, 1)
	for i := range 20 {
		write(t, sender, mediaPacket(uint16(i), 100))
	}
	expectUp(t, socket, sender, []byte{22, 254, 253})
	if got := socket.Stats().Lost; got != 20 || len(sink.packets) != 0 {
		t.Errorf("%d lost, %d seen", got, len(sink.packets))
	}
	socket.Lose(0, 1)
	write(t, sender, mediaPacket(20, 100))
	sink.next(t)
}

func TestQueueDropsAreTold(t *testing.T) {
	_, socket, sender := open(t, loopback, newCollector(false))
	for range queueSize + 10 {
		write(t, sender, []byte("not media"))
	}
	eventually(t, "10 drops", func() bool { return socket.Stats().QueueDrops == 10 })
}

// TestSlow: what is not dropped comes at the rate, and nothing is unaccounted.
func TestSlow(t *testing.T) {
	const sent, size, rate = 300, 1100, 2_000_000
	sink := newCollector(false)
	poller, socket, sender := open(t, loopback, sink)
	poller.Calm(true)
	socket.Slow(rate)
	first := sendAndTake(t, sink, sender, sent, size)
	last, took := first, 1
	eventually(t, "the slow queue empties", func() bool {
		for len(sink.packets) > 0 {
			last = <-sink.packets
			took++
		}
		return time.Since(last.arrived) > 200*time.Millisecond
	})
	seconds := last.arrived.Sub(first.arrived).Seconds()
	if bits := float64((took-3)*size*8) / seconds; bits > 1.1*rate {
		t.Errorf("%d packets in %.3f s: %.0f bits/s", took, seconds, bits)
	}
	if stats := socket.Stats(); countsDrops && (stats.SlowDrops == 0 || int(stats.SlowDrops)+took != sent || stats.KernelDrops != 0) {
		t.Errorf("%d of %d came, %+v", took, sent, stats)
	}
	socket.Slow(0)
	write(t, sender, mediaPacket(1, size))
	sink.next(t)
}

func sendAndTake(t *testing.T, sink *collector, sender *net.UDPConn, count, size int) packet {
	for i := range count {
		write(t, sender, mediaPacket(uint16(i), size))
	}
	return sink.next(t)
}

func TestClose(t *testing.T) {
	poller, socket, _ := open(t, loopback, newCollector(false))
	check(t, socket.SetReadDeadline(time.Now().Add(-time.Second)))
	if _, _, err := socket.ReadFrom(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after a deadline: %v", err)
	}
	check(t, socket.SetReadDeadline(time.Time{}))
	ended := make(chan error)
	go func() {
		_, _, err := socket.ReadFrom(nil)
		ended <- err
	}()
	check(t, poller.Close())
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a read ended with %v", err)
	}
	expectClosed(t, poller, socket)
}

func expectClosed(t *testing.T, poller *Poller, socket *Socket) {
	_, write := socket.WriteToAddrPort([]byte("late"), peer)
	_, open := poller.Socket(loopback, nil)
	for what, err := range map[string]error{"write": write, "open": open, "close": socket.Close(), "poller": poller.Close()} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after close: %v", what, err)
		}
	}
	socket.Slow(1000)
	socket.Stats()
}

// TestSocketsComeAndGo opens, changes and closes sockets under traffic; the race
// detector judges.
func TestSocketsComeAndGo(t *testing.T) {
	poller, err := NewPoller()
	check(t, err)
	var seen atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 25 {
				visit(t, poller, &seen, i)
			}
		})
	}
	all.Wait()
	check(t, poller.Close())
	if seen.Load() == 0 {
		t.Error("no packet was seen")
	}
}

type seeing struct{ seen *atomic.Int64 }

func (s seeing) RTP([]byte, time.Time) bool { s.seen.Add(1); return true }

func visit(t *testing.T, poller *Poller, seen *atomic.Int64, i int) {
	socket, err := poller.Socket(loopback, seeing{seen})
	if err != nil {
		t.Error(err)
		return
	}
	for j := range 20 {
		_, _ = socket.WriteToAddrPort(mediaPacket(uint16(j), 200), addrOf(socket))
		poller.Calm(j%2 == 0)
	}
	socket.Slow(100_000 * (i % 3))
	socket.Lose(0.5, uint64(i))
	socket.Slow(0)
	_ = socket.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	_, _, _ = socket.ReadFrom(make([]byte, 1500))
	if err := socket.Close(); err != nil {
		t.Error(err)
	}
}
