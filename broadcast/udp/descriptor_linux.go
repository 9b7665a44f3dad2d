//go:build !portable

package udp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// descriptor is a socket that the runtime's poller does not watch itself: that one
// also asks for room to write, and as each message that has left makes room, a
// thread would wake up for each. Instead it watches an epoll instance (epoll(7))
// that asks for packets to read, and for nothing else.
type descriptor struct {
	local    net.Addr
	file     *os.File
	use      syscall.RawConn
	readable *os.File // the epoll instance
	await    syscall.RawConn
}

// newDescriptor takes the socket over; conn is closed unless there is an error.
func newDescriptor(conn *net.UDPConn) (*descriptor, error) {
	d := &descriptor{local: conn.LocalAddr()}
	if err := d.open(conn); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, conn.Close()
}

func (d *descriptor) open(conn *net.UDPConn) (err error) {
	if d.file, err = duplicate(conn); err != nil {
		return err
	}
	if d.use, err = d.file.SyscallConn(); err != nil {
		return err
	}
	if err := d.watch(); err != nil {
		return err
	}
	d.await, err = d.readable.SyscallConn()
	return err
}

// duplicate is the same socket in blocking mode, which is what keeps os.NewFile
// from having it watched. No call blocks all the same: each says MSG_DONTWAIT.
func duplicate(conn *net.UDPConn) (*os.File, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var failure error
	if err := raw.Control(func(of uintptr) {
		if fd, failure = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0); failure == nil {
			failure = unix.SetNonblock(fd, false)
		}
	}); err != nil {
		return nil, err
	}
	if failure != nil {
		return nil, os.NewSyscallError("fcntl", failure)
	}
	return os.NewFile(uintptr(fd), "udp"), nil
}

// watch makes the epoll instance, in non-blocking mode: so the runtime watches it.
func (d *descriptor) watch() error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(epoll, true); err != nil {
		return errors.Join(os.NewSyscallError("fcntl", err), unix.Close(epoll))
	}
	d.readable = os.NewFile(uintptr(epoll), "epoll")
	if err := d.readable.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("watch the socket: %w", err)
	}
	var failure error
	err = d.control(func(fd uintptr) {
		failure = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN})
	})
	return errors.Join(err, os.NewSyscallError("epoll_ctl", failure))
}

// control calls f with the socket, which is not closed meanwhile. The only error is
// net.ErrClosed.
func (d *descriptor) control(f func(fd uintptr)) error {
	if d.use.Control(f) != nil {
		return net.ErrClosed
	}
	return nil
}

// LocalAddr is the address that the socket is bound to.
func (d *descriptor) LocalAddr() net.Addr { return d.local }

// Close ends whoever awaits packets, too.
func (d *descriptor) Close() (err error) {
	for _, f := range []*os.File{d.readable, d.file} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}
