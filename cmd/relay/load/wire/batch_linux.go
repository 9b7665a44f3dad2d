//go:build !portable

package wire

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchSize is how many packets one call reads: several frames of one viewer,
// and with packetSize still in the processor's second-level cache.
const batchSize = 32

// controlSize, in bytes, holds the one control message that is asked for.
var controlSize = unix.CmsgSpace(int(unsafe.Sizeof(unix.Timespec{})))

// message is the kernel's struct mmsghdr (recvmmsg(2)).
type message struct {
	header unix.Msghdr
	size   uint32
}

// batch is the memory of recvmmsg. It is one goroutine's.
type batch struct {
	messages [batchSize]message
	vectors  [batchSize]unix.Iovec
	names    [batchSize]unix.RawSockaddrInet6 // holds IPv4 as well
	control  []byte
	data     [batchSize][packetSize]byte
}

func newBatch() *batch {
	b := &batch{control: make([]byte, batchSize*controlSize)}
	for i := range b.messages {
		b.vectors[i].Base = &b.data[i][0]
		b.vectors[i].SetLen(packetSize)
		header := &b.messages[i].header
		header.Iov = &b.vectors[i]
		header.SetIovlen(1)
		header.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		header.Control = &b.control[i*controlSize]
		b.reset(i)
	}
	return b
}

// reset undoes what the kernel wrote into a message.
func (b *batch) reset(i int) {
	header := &b.messages[i].header
	header.Namelen = uint32(unsafe.Sizeof(b.names[i]))
	header.SetControllen(controlSize)
	header.Flags = 0
}

// receive reads at most limit packets without waiting. The call is a raw one:
// it never sleeps, and telling the scheduler would cost more than it.
func (b *batch) receive(p *port, limit int) (int, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if !p.open {
		return 0, nil
	}
	count, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(p.fd), uintptr(unsafe.Pointer(&b.messages)),
		uintptr(min(limit, batchSize)), unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
		return int(count), nil
	case unix.EAGAIN, unix.EINTR:
		return 0, nil
	}
	return 0, errno
}

// packet is the i-th packet read; whole is false if it was longer.
func (b *batch) packet(i int) (packet []byte, whole bool) {
	return b.data[i][:b.messages[i].size], b.messages[i].header.Flags&unix.MSG_TRUNC == 0
}

// from is the i-th packet's source.
func (b *batch) from(i int) netip.AddrPort {
	name := &b.names[i]
	if name.Family == unix.AF_INET {
		name := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(name.Addr), networkOrder(name.Port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), networkOrder(name.Port))
}

// arrived is when the i-th packet came, by the kernel.
func (b *batch) arrived(i int) (time.Time, bool) {
	start := i * controlSize
	return timestamp(b.control[start:min(start+int(b.messages[i].header.Controllen), start+controlSize)])
}

// timestamp reads SCM_TIMESTAMPNS from the first control message (socket(7)).
func timestamp(control []byte) (time.Time, bool) {
	need := unix.CmsgLen(int(unsafe.Sizeof(unix.Timespec{})))
	if len(control) < need {
		return time.Time{}, false
	}
	var header unix.Cmsghdr
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&header)), unsafe.Sizeof(header)), control)
	if header.Level != unix.SOL_SOCKET || header.Type != unix.SCM_TIMESTAMPNS || int(header.Len) < need {
		return time.Time{}, false
	}
	var stamp unix.Timespec
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&stamp)), unsafe.Sizeof(stamp)), control[unix.CmsgLen(0):])
	return time.Unix(stamp.Unix()), true
}

// networkOrder reads a port as the kernel stores it.
func networkOrder(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return binary.BigEndian.Uint16(b[:])
}
