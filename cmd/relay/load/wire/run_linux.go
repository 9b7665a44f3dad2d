//go:build !portable

package wire

import (
	"time"

	"golang.org/x/sys/unix"
)

// calmSleep is how long packets gather while nobody joins. A wake-up costs as
// much as reading 10 packets; join times would suffer from a longer sleep.
const calmSleep = time.Millisecond

// run is the reader's goroutine. It owns the batch and calls every Sink.
func (r *reader) run() {
	defer close(r.done)
	for !r.ending.Load() {
		for _, event := range r.events[:r.ready()] {
			r.serve(event.Fd)
		}
		r.visitSlow(time.Now())
	}
}

// ready waits for packets and fills events. While calm it sleeps between the
// first packet and the look, and not at all while nothing comes.
func (r *reader) ready() int {
	timeout := -1
	if len(*r.slow.Load()) > 0 {
		timeout = int(slowTick.Milliseconds())
	}
	if r.calm.Load() {
		if r.wait(1, timeout) == 0 {
			return 0
		}
		time.Sleep(calmSleep)
		timeout = 0
	}
	return r.wait(roundSize, timeout)
}

// wait is epoll_wait for at most limit sockets, timeout in ms.
func (r *reader) wait(limit, timeout int) int {
	n, err := unix.EpollWait(r.epoll, r.events[:limit], timeout)
	if err != nil {
		return 0 // EINTR: a signal of the runtime
	}
	return n
}

func (r *reader) serve(fd int32) {
	if fd == int32(r.wake) {
		var count [8]byte
		_, _ = unix.Read(r.wake, count[:])
		return
	}
	r.mu.RLock()
	s := r.sockets[fd]
	r.mu.RUnlock()
	if s == nil || s.slow.Load() != nil {
		return
	}
	// A batch that is not full has emptied the socket; else what is left is
	// found ready again, after the others had their turn.
	r.read(s, batchSize, time.Time{})
}

// read reads and delivers one batch of at most limit packets and returns its
// bytes. now stands in for the kernel's time stamp unless it is zero.
func (r *reader) read(s *Socket, limit int, now time.Time) (bytes int) {
	count, err := r.batch.receive(s.port, limit)
	if err != nil {
		s.readErrors.Add(1)
		time.Sleep(calmSleep) // what fails again and again takes no processor
	}
	for i := range count {
		packet, whole := r.batch.packet(i)
		bytes += len(packet)
		if !whole {
			s.oversize.Add(1)
		} else if s.takes(packet, r.arrival(i, now)) {
			s.queue.push(packet, r.batch.from(i))
		}
		r.batch.reset(i)
	}
	return bytes
}

func (r *reader) arrival(i int, now time.Time) time.Time {
	if !now.IsZero() {
		return now
	}
	if stamp, ok := r.batch.arrived(i); ok {
		return stamp
	}
	return time.Now().Round(0) // the same wall clock, without a monotonic part
}

// visitSlow reads what the slow sockets may, once a tick.
func (r *reader) visitSlow(now time.Time) {
	slow := *r.slow.Load()
	if len(slow) == 0 || now.Sub(r.visited) < slowTick {
		return
	}
	r.visited = now
	for _, s := range slow {
		r.readSlow(s, now)
	}
}

// readSlow reads with the time of reading as the arrival: the wait in a slow
// link's queue is part of the delay.
func (r *reader) readSlow(s *Socket, now time.Time) {
	b := s.slow.Load()
	if b == nil {
		return
	}
	for left := b.allowance(now); left > 0; left = b.allowance(now) {
		bytes := r.read(s, max(1, left/packetSize), now.Round(0))
		if bytes == 0 {
			return
		}
		b.spend(bytes)
	}
}
