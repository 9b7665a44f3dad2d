//go:build !portable

package udp

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// fullTime is how long a full socket buffer is waited for: a network that
	// takes longer to empty it is too slow for what is sent, and loses the rest.
	fullTime = 5 * time.Millisecond
	// patienceTime is for how long that has to do. A burst may be many batches.
	patienceTime = 5 * fullTime
)

// patience bounds how long the socket is waited for altogether.
type patience struct {
	began time.Time
	spent time.Duration // since began
}

func (p *patience) left(now time.Time) time.Duration {
	if now.Sub(p.began) >= patienceTime {
		*p = patience{began: now}
	}
	return fullTime - p.spent
}

func (p *patience) spend(d time.Duration) { p.spent += d }

// deadline is a time that the caller set, in Unix nanoseconds; 0 is none.
type deadline struct{ at atomic.Int64 }

func (d *deadline) store(t time.Time) {
	if t.IsZero() {
		d.at.Store(0)
		return
	}
	d.at.Store(t.UnixNano())
}

func (d *deadline) expired() bool {
	at := d.at.Load()
	return at != 0 && time.Now().UnixNano() >= at
}

// deadlines puts the caller's deadline for writes and our own on one socket.
type deadlines struct {
	set         func(time.Time) error // static: the socket's SetWriteDeadline
	read, write deadline

	waiting  sync.Mutex // held by the one that waits for room in the buffer
	patience patience   // owned by whoever holds waiting

	mu    sync.Mutex // guards what follows
	user  time.Time  // the caller's
	limit time.Time  // ours; zero while nobody waits
}

// apply sets what comes first. The caller holds mu.
func (d *deadlines) apply() error {
	if first := d.limit; d.user.IsZero() || !first.IsZero() && first.Before(d.user) {
		return d.set(first)
	}
	return d.set(d.user)
}

func (d *deadlines) setUser(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.user = t
	d.write.store(t)
	return d.apply()
}

func (d *deadlines) setLimit(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit = t
	return d.apply()
}

// await repeats a call until the socket's buffer has room, or patience ends. One
// waits at a time, as the deadline is the socket's; who comes later finds
// less patience left.
func (b *batching) await(s *sender) error {
	d := &b.deadlines
	d.waiting.Lock()
	defer d.waiting.Unlock()
	start := time.Now()
	left := d.patience.left(start)
	if left <= 0 {
		return errFull
	}
	if err := d.setLimit(start.Add(left)); err != nil {
		return err
	}
	err := b.raw.Write(s.retry)
	_ = d.setLimit(time.Time{}) // it fails only when closed
	d.patience.spend(time.Since(start))
	if errors.Is(err, os.ErrDeadlineExceeded) && !d.write.expired() {
		return errFull
	}
	return err
}

// SetDeadline is net.PacketConn's.
func (b *batching) SetDeadline(t time.Time) error {
	return errors.Join(b.SetReadDeadline(t), b.SetWriteDeadline(t))
}

// SetReadDeadline is net.PacketConn's.
func (b *batching) SetReadDeadline(t time.Time) error {
	b.deadlines.read.store(t)
	return b.UDPConn.SetReadDeadline(t)
}

// SetWriteDeadline is net.PacketConn's.
func (b *batching) SetWriteDeadline(t time.Time) error { return b.deadlines.setUser(t) }
