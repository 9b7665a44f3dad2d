package wire

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// queueSize is how many packets may wait for Pion: a server may begin with all
// frames since the last key frame at once. What comes when it is full is dropped
// and counted.
const queueSize = 4096

// parcel is a packet on its way to Pion.
type parcel struct {
	data [packetSize]byte
	size int
	from netip.AddrPort
}

// parcels are those of no queue; only what waits takes memory, not each viewer.
var parcels = sync.Pool{New: func() any { return new(parcel) }}

// queue is bounded: push never waits, pop does.
type queue struct {
	waiting  chan *parcel
	closed   chan struct{}
	deadline deadline
	drops    atomic.Uint64
}

func newQueue() *queue {
	return &queue{
		waiting:  make(chan *parcel, queueSize),
		closed:   make(chan struct{}),
		deadline: deadline{expired: make(chan struct{})},
	}
}

// push copies a packet in, or drops it.
func (q *queue) push(packet []byte, from netip.AddrPort) {
	p := parcels.Get().(*parcel)
	p.size, p.from = copy(p.data[:], packet), from
	select {
	case q.waiting <- p:
	default:
		q.drops.Add(1)
		parcels.Put(p)
	}
}

// pop copies the next packet out. As with any packet socket, what does not fit
// into b is lost. The errors are net.ErrClosed and os.ErrDeadlineExceeded.
func (q *queue) pop(b []byte) (int, netip.AddrPort, error) {
	select {
	case <-q.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	case <-q.deadline.done():
		return 0, netip.AddrPort{}, os.ErrDeadlineExceeded
	default:
	}
	select {
	case p := <-q.waiting:
		defer parcels.Put(p)
		return copy(b, p.data[:p.size]), p.from, nil
	case <-q.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	case <-q.deadline.done():
		return 0, netip.AddrPort{}, os.ErrDeadlineExceeded
	}
}

// close ends every pop. It may be called once.
func (q *queue) close() {
	close(q.closed)
	q.deadline.set(time.Time{})
}

// deadline is a time that may be moved while somebody waits for it.
type deadline struct {
	// Guarded by mu.
	mu      sync.Mutex
	expired chan struct{} // closed when the time has come
	timer   *time.Timer   // nil when no time is set, or it has come
}

// done is closed while the deadline lies in the past.
func (d *deadline) done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expired
}

// set moves the deadline; the zero time is never.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	select {
	case <-d.expired:
		d.expired = make(chan struct{})
	default:
	}
	if !t.IsZero() {
		d.arm(time.Until(t))
	}
}

// arm needs mu.
func (d *deadline) arm(wait time.Duration) {
	if wait <= 0 {
		close(d.expired)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(wait, func() { d.expire(&timer) })
	d.timer = timer
}

// expire is the timer's end. A timer that was replaced while it fired is not
// the deadline's any more; armed is read under mu, as arm wrote it.
func (d *deadline) expire(armed **time.Timer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer == *armed {
		d.timer = nil
		close(d.expired)
	}
}
