//go:build !portable

package udp

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// fullTime is how long a full socket buffer is waited for: a network that
	// takes longer to empty it is too slow for what is sent, and loses the rest.
	fullTime = 5 * time.Millisecond
	// patienceTime is for how long that has to do. A burst may be many batches.
	patienceTime = 5 * fullTime
	// retryTime is how often there is a try meanwhile.
	retryTime = fullTime / 20
)

// patience bounds how long a full socket is waited for altogether. One waits at a
// time; who comes later finds less patience left.
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

// retry repeats a sender's call until the socket's buffer has room, or patience ends.
func (p *patience) retry(s *sender) error {
	p.waiting.Lock()
	defer p.waiting.Unlock()
	start := time.Now()
	left := p.left(start)
	defer func() { p.spent += time.Since(start) }()
	for s.errno == unix.EAGAIN {
		if time.Since(start) >= left {
			return errFull
		}
		time.Sleep(retryTime)
		if err := s.socket.control(s.call); err != nil {
			return err
		}
	}
	return nil
}
