//go:build !portable

package udp

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// readPackets is how many packets one call reads.
	readPackets = 32
	// readSize is as much as Pion's mux takes of a packet. What is longer is cut,
	// as it would be there.
	readSize = 8192
	// readStride is a little more, or the beginnings of all packets would share
	// few lines of the processor's cache.
	readStride = readSize + 192
)

// receiver reads ahead of whoever reads from the Conn.
type receiver struct {
	// Static after init.
	socket  *batching
	call    func(fd uintptr)      // one recvmmsg
	attempt func(fd uintptr) bool // the same, until there is a packet

	deadline atomic.Int64 // the caller's, in Unix nanoseconds; 0: none

	mu          sync.Mutex // guards what follows; held while waiting for packets
	messages    []message
	vectors     []unix.Iovec
	names       []name
	data        []byte
	next, count int // packets read that nobody has asked for yet
	errno       unix.Errno
}

func (r *receiver) init(socket *batching) {
	r.socket, r.attempt = socket, r.receive
	r.call = func(fd uintptr) { r.count, r.errno = receiveMessages(fd, r.messages) }
	r.messages = make([]message, readPackets)
	r.vectors = make([]unix.Iovec, readPackets)
	r.names = make([]name, readPackets)
	r.data = make([]byte, readPackets*readStride)
	for i := range r.messages {
		r.vectors[i].Base = &r.data[i*readStride]
		r.vectors[i].SetLen(readSize)
		header := &r.messages[i].header
		header.Iov = &r.vectors[i]
		header.SetIovlen(1)
		header.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		header.Namelen = unix.SizeofSockaddrInet6
	}
}

// ReadFromUDPAddrPort returns the next packet, read ahead or not.
func (b *batching) ReadFromUDPAddrPort(packet []byte) (int, netip.AddrPort, error) {
	r := &b.receiver
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case b.closed.Load():
		return 0, netip.AddrPort{}, net.ErrClosed
	case r.expired():
		return 0, netip.AddrPort{}, os.ErrDeadlineExceeded
	}
	if r.next == r.count {
		if err := r.fill(); err != nil {
			return 0, netip.AddrPort{}, err
		}
	}
	i := r.next
	r.next++
	start := i * readStride
	n := copy(packet, r.data[start:start+int(r.messages[i].size)])
	return n, b.addrPort(&r.names[i]), nil
}

// fill waits for packets with the runtime's poller, so that Close and deadlines
// end it. It needs mu.
func (r *receiver) fill() error {
	for i := range r.messages[:r.count] { // what the kernel wrote
		r.messages[i].header.Namelen = unix.SizeofSockaddrInet6
	}
	r.next, r.count, r.errno = 0, 0, 0
	if err := r.socket.await.Read(r.attempt); err != nil {
		return err
	}
	if r.errno != 0 {
		return os.NewSyscallError("recvmmsg", r.errno)
	}
	return nil
}

func (r *receiver) receive(uintptr) bool {
	if r.socket.control(r.call) != nil {
		r.errno = unix.EBADF // closed
	}
	return r.errno != unix.EAGAIN
}

// SetReadDeadline holds for what was read ahead, too.
func (b *batching) SetReadDeadline(t time.Time) error {
	var deadline int64
	if !t.IsZero() {
		deadline = t.UnixNano()
	}
	b.receiver.deadline.Store(deadline)
	return b.readable.SetReadDeadline(t)
}

func (r *receiver) expired() bool {
	deadline := r.deadline.Load()
	return deadline != 0 && time.Now().UnixNano() >= deadline
}
