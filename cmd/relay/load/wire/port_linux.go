//go:build !portable

package wire

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// port is a socket of the kernel that the Go runtime does not know of: its own
// poller would wake a thread for each packet, read or not.
type port struct {
	// Guarded by mu: written by open and close, held for reading by every use,
	// so that a number that the kernel gave to another file is never used.
	mu   sync.RWMutex
	fd   int
	open bool
}

// openPort opens and binds a socket with the kernel's time stamps on.
func openPort(local netip.AddrPort) (*port, netip.AddrPort, error) {
	family := unix.AF_INET6
	if local.Addr().Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return nil, local, os.NewSyscallError("socket", err)
	}
	bound, err := bindPort(fd, family, local)
	if err != nil {
		_ = unix.Close(fd)
		return nil, local, fmt.Errorf("open %s: %w", local, err)
	}
	return &port{fd: fd, open: true}, bound, nil
}

func bindPort(fd, family int, local netip.AddrPort) (netip.AddrPort, error) {
	if family == unix.AF_INET6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return local, os.NewSyscallError("setsockopt", err)
		}
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return local, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, sockaddr(local)); err != nil {
		return local, os.NewSyscallError("bind", err)
	}
	bound, err := unix.Getsockname(fd)
	return netip.AddrPortFrom(local.Addr(), boundPort(bound)), os.NewSyscallError("getsockname", err)
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

func boundPort(a unix.Sockaddr) uint16 {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return uint16(a.Port)
	case *unix.SockaddrInet6:
		return uint16(a.Port)
	}
	return 0
}

// use calls f with the descriptor, which stays open meanwhile. It is false
// after close.
func (p *port) use(f func(fd int)) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.open {
		f(p.fd)
	}
	return p.open
}

func (p *port) send(b []byte, to netip.AddrPort) (int, error) {
	err := net.ErrClosed
	p.use(func(fd int) { err = os.NewSyscallError("sendto", unix.Sendto(fd, b, 0, sockaddr(to))) })
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// setBuffer asks for a receive buffer of so many bytes, beyond the configured
// limit where this process may, and returns what was granted.
func (p *port) setBuffer(bytes int) int {
	granted := 0
	p.use(func(fd int) {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
		}
		granted, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	})
	return granted / 2 // the kernel tells twice what was asked (socket(7))
}

// drops counts the packets that found the buffer full, and wraps around. It is
// SO_MEMINFO's count and not SO_RXQ_OVFL's: that one costs a control message a
// packet, and tells nothing of what was dropped after the last packet read.
func (p *port) drops() uint32 {
	var info [unix.SK_MEMINFO_VARS]uint32
	p.use(func(fd int) {
		size := uint32(unsafe.Sizeof(info))
		_, _, _ = unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	})
	return info[unix.SK_MEMINFO_DROPS]
}

func (p *port) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = false
	return os.NewSyscallError("close", unix.Close(p.fd))
}
