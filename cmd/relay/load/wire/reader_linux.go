//go:build !portable

package wire

import (
	"encoding/binary"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// roundSize is how many sockets one look at the kernel finds ready.
const roundSize = 256

// reader is the goroutine that reads all sockets.
type reader struct {
	// Static after construction.
	epoll, wake int           // descriptors; wake is an eventfd
	done        chan struct{} // closed by run

	calm, ending atomic.Bool
	slow         atomic.Pointer[[]*Socket] // replaced, never changed

	// Owned by run.
	events  [roundSize]unix.EpollEvent
	batch   *batch
	visited time.Time // the slow sockets

	// Guarded by mu.
	mu      sync.RWMutex
	sockets map[int32]*Socket // by descriptor
}

// newReader starts the goroutine. close ends it.
func newReader() (*reader, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, os.NewSyscallError("eventfd", err)
	}
	r := &reader{epoll: epoll, wake: wake, done: make(chan struct{}), batch: newBatch(), sockets: make(map[int32]*Socket)}
	r.slow.Store(new([]*Socket))
	if err := r.watch(unix.EPOLL_CTL_ADD, wake); err != nil {
		r.release()
		return nil, err
	}
	go r.run()
	return r, nil
}

func (r *reader) setCalm(calm bool) { r.calm.Store(calm) }

func (r *reader) add(s *Socket) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.watch(unix.EPOLL_CTL_ADD, s.port.fd); err != nil {
		return err
	}
	r.sockets[int32(s.port.fd)] = s
	return nil
}

// remove forgets a socket that is about to close; closing it takes it out of
// epoll.
func (r *reader) remove(s *Socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sockets, int32(s.port.fd))
	r.list(s, false)
}

// pace takes a socket between epoll, which tells of every packet, and the list
// of slow ones, which are looked at by the clock.
func (r *reader) pace(s *Socket, slow bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slow == slices.Contains(*r.slow.Load(), s) {
		return
	}
	action := unix.EPOLL_CTL_ADD
	if slow {
		action = unix.EPOLL_CTL_DEL
	}
	_ = r.watch(action, s.port.fd)
	r.list(s, slow)
	r.rouse() // run may be waiting without a limit
}

// list puts s on the list of slow sockets or takes it off. It needs mu.
func (r *reader) list(s *Socket, slow bool) {
	others := slices.DeleteFunc(slices.Clone(*r.slow.Load()), func(o *Socket) bool { return o == s })
	if slow {
		others = append(others, s)
	}
	r.slow.Store(&others)
}

// close waits for the end of run. All sockets are closed already, so that none
// rouses run any more.
func (r *reader) close() {
	r.ending.Store(true)
	r.rouse()
	<-r.done
	r.release()
}

func (r *reader) release() {
	_ = unix.Close(r.wake)
	_ = unix.Close(r.epoll)
}

// rouse ends a wait of run.
func (r *reader) rouse() {
	_, _ = unix.Write(r.wake, binary.NativeEndian.AppendUint64(nil, 1))
}

func (r *reader) watch(action, fd int) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(r.epoll, action, fd, &event))
}
