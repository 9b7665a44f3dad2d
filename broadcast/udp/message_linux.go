//go:build !portable

package udp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is the kernel's struct mmsghdr (sendmmsg(2)).
type message struct {
	header unix.Msghdr
	size   uint32
}

// segmentSize is a control message that tells the size of segments (udp(7)).
type segmentSize struct {
	header unix.Cmsghdr
	size   uint16
	_      [6]byte // CMSG_SPACE
}

var segmentSpace = unix.CmsgSpace(2)

// segment makes m a message of several packets.
func (m *message) segment(c *segmentSize, size int) {
	c.header.Level, c.header.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	c.header.SetLen(unix.CmsgLen(2))
	c.size = uint16(size)
	m.header.Control = (*byte)(unsafe.Pointer(c))
	m.header.SetControllen(segmentSpace)
}

// sendMessages gives messages to the kernel until one is refused, and tells why
// if that is the first. It tells the scheduler, as a hundred packets take as
// long as many goroutines' turns.
func sendMessages(fd uintptr, messages []message) (int, unix.Errno) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(unsafe.SliceData(messages))),
			uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// receiveMessages reads as many packets as there are, or messages.
func receiveMessages(fd uintptr, messages []message) (int, unix.Errno) {
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(unsafe.SliceData(messages))),
			uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}
