//go:build !portable

package udp

import (
	"bytes"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func (c *Conn) batching() *batching { return c.socket.(*batching) }

// refusing makes the kernel refuse messages.
func refusing(c *Conn, refuses func(m *message) unix.Errno) {
	c.batching().kernel = func(fd uintptr, messages []message) (int, unix.Errno) {
		for i := range messages {
			if errno := refuses(&messages[i]); errno != 0 {
				if i == 0 {
					return 0, errno
				}
				return sendMessages(fd, messages[:i])
			}
		}
		return sendMessages(fd, messages)
	}
}

func segmented(m *message) bool { return m.header.Control != nil }

func port(m *message) uint16 {
	return networkOrder((*unix.RawSockaddrInet6)(unsafe.Pointer(m.header.Name)).Port)
}

// burst writes a burst of packets to each destination.
func burst(t *testing.T, c *Conn, to []*Conn, packets int) {
	t.Helper()
	c.holdAll()
	for i, to := range to {
		for p := range packets {
			write(t, c, pattern(1100, 100*i+p), to.addr())
		}
	}
	c.releaseAll()
}

func expectBurst(t *testing.T, to []*Conn, packets int) {
	t.Helper()
	for i, to := range to {
		for p := range packets {
			expect(t, to, pattern(1100, 100*i+p))
		}
	}
}

func listeners(t *testing.T, count int) (to []*Conn) {
	for range count {
		to = append(to, listen(t, "127.0.0.1:0"))
	}
	return to
}

// TestAtOnce: during a burst media waits for Release, or for a packet for the
// same destination that does not wait; all else is there at once.
func TestAtOnce(t *testing.T) {
	c := listen(t, "[::]:0")
	to, other := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	stun, dtls, report, frame := []byte{0, 1, 2}, []byte{22, 254, 253}, []byte{128, 200, 1}, pattern(100, 1)
	c.holdAll()
	write(t, c, frame, to.addr())
	expectNothing(t, to)
	for _, b := range [][]byte{stun, dtls, report} {
		write(t, c, b, other.addr())
		expect(t, other, b)
	}
	expectNothing(t, to)
	write(t, c, report, to.addr())
	expect(t, to, frame)
	expect(t, to, report)
	c.holdAll()
	write(t, c, frame, to.addr())
	c.releaseAll() // of any holder
	expect(t, to, frame)
	c.releaseAll()
	write(t, c, frame, to.addr())
	expect(t, to, frame)
	expectNothing(t, other)
}

// TestFewCalls: a frame to each of many viewers is one call, and a message each.
func TestFewCalls(t *testing.T) {
	c, to := listen(t, "[::]:0"), listeners(t, 10)
	burst(t, c, to, 10)
	expectBurst(t, to, 10)
	if stats := c.Stats(); stats.Calls > uint64(len(c.batching().lanes)) || stats.Segmented != 10 || stats.Packets != 100 || stats.Bytes != 110_000 {
		t.Errorf("stats %+v", stats)
	}
}

// TestFullLane: a burst may be longer than a batch.
func TestFullLane(t *testing.T) {
	c, to := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	c.holdAll()
	for i := range 3 * batchPackets {
		write(t, c, pattern(300, i), to.addr())
	}
	if stats := c.Stats(); stats.Packets != 3*batchPackets {
		t.Errorf("stats before release %+v", stats)
	}
	c.releaseAll()
	for i := range 3 * batchPackets {
		expect(t, to, pattern(300, i))
	}
	c.holdAll()
	long := bytes.Repeat([]byte{128}, 60_000)
	for range 20 {
		write(t, c, long, to.addr())
	}
	c.releaseAll()
	if stats := c.Stats(); stats.Packets != 3*batchPackets+20 || stats.Drops != (Drops{}) {
		t.Errorf("stats %+v", stats)
	}
}

// TestSegmentsRefused: nothing is lost, and it is told once.
func TestSegmentsRefused(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EIO, unix.EMSGSIZE, unix.EINVAL, unix.ENOPROTOOPT} {
		var told []error
		c, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"), OnUnsegmented(func(cause error) { told = append(told, cause) }))
		if err != nil {
			t.Fatal(err)
		}
		tries := 0
		refusing(c, func(m *message) unix.Errno {
			if segmented(m) {
				tries++
				return errno
			}
			return 0
		})
		to := listeners(t, 20)
		for range 3 {
			burst(t, c, to, 10)
			expectBurst(t, to, 10)
		}
		stats := c.Stats()
		if stats.Packets != 600 || stats.Segmented != 0 || stats.Drops != (Drops{}) || tries > 2*maxRefusals {
			t.Errorf("%v: %d tries, stats %+v", errno, tries, stats)
		}
		if len(told) != 1 || told[0] != errno {
			t.Errorf("%v: told %v", errno, told)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOneRefuses: one viewer's network is no reason to do without for all.
func TestOneRefuses(t *testing.T) {
	c, to := listen(t, "127.0.0.1:0"), listeners(t, 10)
	refusing(c, func(m *message) unix.Errno {
		if segmented(m) && port(m) == to[3].port() {
			return unix.EMSGSIZE
		}
		return 0
	})
	for range 2 * maxRefusals {
		burst(t, c, to, 3)
		expectBurst(t, to, 3)
	}
	if stats := c.Stats(); stats.Segmented != 9*2*maxRefusals || stats.Drops != (Drops{}) {
		t.Errorf("stats %+v", stats)
	}
}

func TestSegments(t *testing.T) {
	var s segments
	now := time.Unix(1e9, 0)
	refuse := func(times int) {
		for range times {
			s.refused(unix.EIO, now)
		}
	}
	refuse(maxRefusals - 1)
	s.accepted()
	refuse(maxRefusals - 1)
	if !s.on(now) {
		t.Error("off though some were accepted")
	}
	refuse(1)
	if s.on(now) || s.on(now.Add(refusalTime-1)) || !s.on(now.Add(refusalTime)) {
		t.Error("not off for a while")
	}
	s.never(unix.ENOPROTOOPT)
	if s.on(now.Add(1e9 * time.Second)) {
		t.Error("on where the kernel does not know it")
	}
}

// TestOneForbidden: what is for others goes on.
func TestOneForbidden(t *testing.T) {
	for errno, want := range map[unix.Errno]Drops{
		unix.EPERM: {Forbidden: 5}, unix.ENETUNREACH: {Unreachable: 5}, unix.EHOSTUNREACH: {Unreachable: 5},
		unix.ENOBUFS: {Full: 5}, unix.EINVAL: {Other: 5}, // EINVAL of single packets too
	} {
		c, to := listen(t, "127.0.0.1:0"), listeners(t, 5)
		refusing(c, func(m *message) unix.Errno {
			if port(m) == to[2].port() {
				return errno
			}
			return 0
		})
		burst(t, c, to, 5)
		expectBurst(t, to[:2], 5)
		if stats := c.Stats(); stats.Drops != want || stats.Packets != 20 || !c.batching().segments.on(time.Now()) {
			t.Errorf("%v: stats %+v", errno, stats)
		}
		if _, err := c.WriteToAddrPort([]byte("x"), to[2].addr()); !errors.Is(err, errno) {
			t.Errorf("written at once: %v, want %v", err, errno)
		}
	}
}

func TestPatience(t *testing.T) {
	var p patience
	now := time.Unix(1e9, 0)
	for _, step := range []struct{ after, left, spend time.Duration }{
		{0, fullTime, fullTime / 5},
		{fullTime, fullTime * 4 / 5, fullTime},
		{patienceTime - fullTime - 1, -fullTime / 5, 0},
		{1, fullTime, 0},
	} {
		now = now.Add(step.after)
		if left := p.left(now); left != step.left {
			t.Errorf("%+v: %v left", step, left)
		}
		p.spent += step.spend
	}
}

// TestFull: a buffer that stays full is waited for a little, once for many
// flushes.
func TestFull(t *testing.T) {
	c, to := listen(t, "127.0.0.1:0"), listeners(t, 50)
	var full atomic.Bool
	full.Store(true)
	refusing(c, func(*message) unix.Errno {
		if full.Load() {
			return unix.EAGAIN
		}
		return 0
	})
	start := time.Now()
	burst(t, c, to, 10)
	if took := time.Since(start); took < fullTime || took > time.Second {
		t.Errorf("waited %v", took)
	}
	if stats := c.Stats(); stats.Drops != (Drops{Full: 500}) {
		t.Errorf("stats %+v", stats)
	}
	if _, err := c.WriteToAddrPort([]byte("x"), to[0].addr()); !errors.Is(err, errFull) {
		t.Errorf("written at once: %v", err)
	}
	full.Store(false)
	burst(t, c, to, 10) // the wait before is not in the way
	expectBurst(t, to, 10)
}

// TestClosePending: what is pending at Close is dropped, and counted.
func TestClosePending(t *testing.T) {
	c, to := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	c.holdAll()
	write(t, c, media(100), to.addr())
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.releaseAll()
	if stats := c.Stats(); stats.Drops != (Drops{Closed: 1}) {
		t.Errorf("stats %+v", stats)
	}
}

// TestCloseWhileFull: nobody waits for a socket that is closed.
func TestCloseWhileFull(t *testing.T) {
	c, to := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	tried := make(chan struct{}, 10)
	refusing(c, func(*message) unix.Errno {
		tried <- struct{}{}
		return unix.EAGAIN
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = c.WriteToAddrPort(media(10), to.addr())
	}()
	<-tried
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	<-done
}

func TestWrongFamily(t *testing.T) {
	c := listen(t, "127.0.0.1:0")
	for _, to := range []netip.AddrPort{{}, netip.MustParseAddrPort("[::1]:9")} {
		if _, err := c.WriteToAddrPort([]byte("x"), to); err == nil {
			t.Errorf("wrote to %v", to)
		}
	}
}

func TestZones(t *testing.T) {
	var z zones
	if got := z.name(1); got != "lo" {
		t.Errorf("interface 1 is %q", got)
	}
	if got, ok := z.index("lo"); got != 1 || !ok {
		t.Errorf("lo is interface %d", got)
	}
	if got := z.name(1 << 30); got != "1073741824" {
		t.Errorf("an unknown interface is %q", got)
	}
	if got, ok := z.index("1073741824"); got != 1<<30 || !ok {
		t.Errorf("that is interface %d", got)
	}
	if _, ok := z.index("no such interface"); ok {
		t.Error("found an interface that there is not")
	}
	c := listen(t, "[::]:0")
	var n name
	to := netip.MustParseAddrPort("[fe80::1%lo]:5")
	if _, err := c.batching().put(&n, to); err != nil || n.Scope_id != 1 || c.batching().addrPort(&n) != to {
		t.Errorf("%v became %v: %v", to, c.batching().addrPort(&n), err)
	}
	if _, err := c.batching().put(&n, netip.MustParseAddrPort("[fe80::1%none]:5")); err == nil {
		t.Error("an unknown zone was taken")
	}
}
