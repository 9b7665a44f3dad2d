//go:build !portable

package udp

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"math/bits"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// batching is a socket that reads and writes many packets a kernel call.
type batching struct {
	*descriptor

	// Static after newSocket.
	unsegmented func(cause error) // the option
	family      int
	lanes       []*lane // a power of two
	seed        maphash.Seed
	kernel      func(fd uintptr, messages []message) (int, unix.Errno) // sendMessages

	closed   atomic.Bool
	segments segments
	counters
	patience patience
	receiver receiver
	zones    zones
	singles  sync.Pool // of *sender for one packet
}

// newSocket takes conn over; it is closed unless there is an error.
func newSocket(conn *net.UDPConn, unsegmented func(error)) (socket, error) {
	d, err := newDescriptor(conn)
	if err != nil {
		return nil, err
	}
	b := &batching{descriptor: d, unsegmented: unsegmented, seed: maphash.MakeSeed(), kernel: sendMessages}
	for range 1 << bits.Len(uint(runtime.GOMAXPROCS(0)-1)) {
		b.lanes = append(b.lanes, &lane{socket: b})
	}
	b.singles.New = func() any { return newSender(b, 1) }
	b.receiver.init(b)
	if err := b.inquire(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	b.segments.tell(unsegmented)
	return b, nil
}

// inquire asks the kernel what socket this is, and whether it knows UDP_SEGMENT:
// one older than 4.18 would take no notice of it in a message, and write all
// packets as one.
func (b *batching) inquire() error {
	var failure error
	err := b.control(func(fd uintptr) {
		if b.family, failure = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN); failure != nil {
			return
		}
		if _, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT); err != nil {
			b.segments.never(os.NewSyscallError("getsockopt", err))
		}
	})
	if err != nil {
		return err
	}
	return os.NewSyscallError("getsockopt", failure)
}

// WriteToUDPAddrPort queues media while somebody holds; all else leaves at once,
// though never before what was written for the same destination earlier.
func (b *batching) WriteToUDPAddrPort(packet []byte, to netip.AddrPort) (int, error) {
	if err := b.refuses(to); err != nil {
		return 0, &net.OpError{Op: "write", Net: "udp", Source: b.LocalAddr(), Addr: net.UDPAddrFromAddrPort(to), Err: err}
	}
	hash := b.hash(to)
	if len(packet) <= maxPacket && b.lanes[b.laneOf(hash)].take(packet, to, hash) {
		return len(packet), nil
	}
	if err := b.writeNow(packet, to); err != nil {
		return 0, &net.OpError{Op: "write", Net: "udp", Source: b.LocalAddr(), Addr: net.UDPAddrFromAddrPort(to), Err: err}
	}
	return len(packet), nil
}

// refuses is why a packet can't even be queued.
func (b *batching) refuses(to netip.AddrPort) error {
	switch {
	case b.closed.Load():
		return net.ErrClosed
	case !to.IsValid() || b.family == unix.AF_INET && !to.Addr().Is4():
		err := &net.AddrError{Err: "no address that this socket can write to", Addr: to.String()}
		b.drop(err, 1)
		return err
	}
	return nil
}

// writeNow writes one packet without a copy.
func (b *batching) writeNow(packet []byte, to netip.AddrPort) error {
	s := b.singles.Get().(*sender)
	defer b.singles.Put(s)
	defer s.reset()
	n, size, err := s.name(to)
	if err != nil {
		b.drop(err, 1)
		return err
	}
	s.begin(packet, n, size)
	return s.send()
}

// hash is seeded, so that no viewer can choose where it falls.
func (b *batching) hash(to netip.AddrPort) uint64 {
	var key [18]byte
	addr := to.Addr().As16()
	copy(key[:], addr[:])
	binary.NativeEndian.PutUint16(key[16:], to.Port())
	return maphash.Bytes(b.seed, key[:])
}

// laneOf takes the upper bits; a batch's table has the lower ones.
func (b *batching) laneOf(hash uint64) int { return int(hash >> 32 & uint64(len(b.lanes)-1)) }

// Lanes is Conn's.
func (b *batching) Lanes() int { return len(b.lanes) }

// Lane is Conn's.
func (b *batching) Lane(to netip.AddrPort) int { return b.laneOf(b.hash(to)) }

// Hold is Conn's.
func (b *batching) Hold(lane int) { b.lanes[lane].holders.Add(1) }

// Release is Conn's.
func (b *batching) Release(lane int) {
	b.lanes[lane].holders.Add(-1)
	b.lanes[lane].flush()
}

// Close lets nobody read what was read ahead.
func (b *batching) Close() error {
	b.closed.Store(true)
	return b.descriptor.Close()
}
