package signaling

import (
	"log/slog"
	"sync"
	"time"
)

const (
	// warnBurst lines that strangers can cause are warnings at once, and one more each
	// warnEvery: whoever sends requests without an end fills no disk with them.
	warnBurst = 20
	warnEvery = 10 * time.Second
)

// seldom says how loud the log is to be of what strangers can cause.
type seldom struct {
	mu   sync.Mutex // guards what follows
	used time.Duration
	at   time.Time
}

// level is a warning's for the first of many, and else that of what is of no interest.
func (s *seldom) level(now time.Time) slog.Level {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() {
		s.used = max(0, s.used-now.Sub(s.at))
	}
	s.at = now
	if s.used > (warnBurst-1)*warnEvery {
		return slog.LevelDebug
	}
	s.used += warnEvery
	return slog.LevelWarn
}
