//go:build !portable

package udp

import (
	"encoding/binary"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// namespace moves the test into a network of its own, whose only interface is
// loopback, and runs commands in it. The thread ends with the test.
func namespace(t *testing.T, commands ...string) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("needs root: ", err)
	}
	for _, command := range commands {
		words := strings.Fields(command)
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v: %s", command, err, out)
		}
	}
}

// TestSmallMTU: a segment that does not fit the MTU is refused by the kernel
// itself; the packets leave in fragments.
func TestSmallMTU(t *testing.T) {
	namespace(t, "ip link set lo mtu 1000 up")
	c, to := listen(t, "127.0.0.1:0"), listeners(t, 10)
	for range 3 {
		burst(t, c, to, 10)
		expectBurst(t, to, 10)
	}
	if stats := c.Stats(); stats.Segmented != 0 || stats.Packets != 300 || c.batching().segments.on(time.Now()) {
		t.Errorf("stats %+v", stats)
	}
}

// TestWithoutOffload: where the interface can't split, the kernel does, or tells.
func TestWithoutOffload(t *testing.T) {
	namespace(t, "ip link set lo up", "ethtool -K lo tx-udp-segmentation off", "ethtool -K lo tx off")
	c, to := listen(t, "127.0.0.1:0"), listeners(t, 10)
	burst(t, c, to, 10)
	expectBurst(t, to, 10)
	t.Logf("%+v", c.Stats())
}

// TestNoWay: a destination without a route, and one that the firewall keeps from
// us, harm no other.
func TestNoWay(t *testing.T) {
	namespace(t, "ip link set lo up", "ip addr add 192.0.2.1/24 dev lo", "ip route add unreachable 198.51.100.0/24", "iptables -A OUTPUT -p udp --dport 9 -j DROP")
	c, to := listen(t, "0.0.0.0:0"), listeners(t, 3)
	c.holdAll()
	for range 5 {
		write(t, c, pattern(1100, 0), to[0].addr())
		write(t, c, pattern(1100, 1), netip.MustParseAddrPort("198.51.100.1:5"))
		write(t, c, pattern(1100, 1), netip.MustParseAddrPort("203.0.113.1:5"))
		write(t, c, pattern(1100, 1), netip.MustParseAddrPort("127.0.0.1:9"))
		write(t, c, pattern(1100, 2), to[2].addr())
	}
	c.releaseAll()
	for range 5 {
		expect(t, to[0], pattern(1100, 0))
		expect(t, to[2], pattern(1100, 2))
	}
	if stats := c.Stats(); stats.Drops != (Drops{Unreachable: 10, Forbidden: 5}) || stats.Packets != 10 {
		t.Errorf("stats %+v", stats)
	}
}

// TestSlowInterface: a queue that empties slowly is waited for, not for long.
func TestSlowInterface(t *testing.T) {
	namespace(t, "ip link set lo mtu 1500 up", "tc qdisc add dev lo root tbf rate 10mbit burst 3000 limit 100000000")
	c, to := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	if err := c.batching().control(func(fd uintptr) {
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 64<<10); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	c.holdAll()
	for i := range 400 {
		write(t, c, pattern(1100, i), to.addr())
	}
	c.releaseAll()
	took, stats := time.Since(start), c.Stats()
	if stats.Drops.Full == 0 || stats.Packets == 0 || stats.Packets+stats.Drops.Full != 400 || took > time.Second {
		t.Errorf("after %v: %+v", took, stats)
	}
	b, newest := make([]byte, readMost), -1
	for range stats.Packets {
		n, _, err := to.ReadFromAddrPort(b)
		if err != nil || n != 1100 || int(binary.BigEndian.Uint32(b[2:])) <= newest {
			t.Fatalf("read %d bytes after packet %d: %v", n, newest, err)
		}
		newest = int(binary.BigEndian.Uint32(b[2:]))
	}
	t.Logf("after %v: %+v", took, stats)
}
