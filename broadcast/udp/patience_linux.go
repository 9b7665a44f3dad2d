//go:build !portable

package udp

import (
	"errors"
	"os"
	"sync"
	"time"
)

const (
	// fullTime is how long a full socket buffer is waited for: a network that
	// takes longer to empty it is too slow for what is sent, and loses the rest.
	fullTime = 5 * time.Millisecond
	// patienceTime is for how long that has to do. A burst may be many batches.
	patienceTime = 5 * fullTime
)

// patience bounds how long the socket is waited for altogether. One waits at a
// time, as the socket has one deadline; who comes later finds less patience left.
type patience struct {
	waiting sync.Mutex // guards what follows; held while waiting
	began   time.Time
	spent   time.Duration // since began
}

// left needs waiting.
func (p *patience) left(now time.Time) time.Duration {
	if now.Sub(p.began) >= patienceTime {
		p.began, p.spent = now, 0
	}
	return fullTime - p.spent
}

// await repeats a call until the socket's buffer has room, or patience ends.
func (b *batching) await(s *sender) error {
	p := &b.patience
	p.waiting.Lock()
	defer p.waiting.Unlock()
	start := time.Now()
	left := p.left(start)
	if left <= 0 {
		return errFull
	}
	if err := b.UDPConn.SetWriteDeadline(start.Add(left)); err != nil {
		return err
	}
	err := b.raw.Write(s.retry)
	p.spent += time.Since(start)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errFull
	}
	return err
}
