package oneport

import (
	"container/list"
	"sync"
)

// maxUndecided is how many connections the lobby holds.
const maxUndecided = 1024

// lobby holds the connections that were accepted and nobody has taken yet. When
// it is full the oldest has to go: whoever speaks leaves within a round trip, so
// that silent strangers keep nobody out.
type lobby struct {
	mu    sync.Mutex
	conns list.List // of *conn, oldest first; guarded by mu
}

// enter takes c in, and returns the one that was dropped to make room.
func (l *lobby) enter(c *conn) (dropped *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns.Len() == maxUndecided {
		dropped = l.dropOldest()
	}
	c.place = l.conns.PushBack(c)
	return dropped
}

// leave is the end of c's stay, if it was not dropped before.
func (l *lobby) leave(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns.Remove(c.place)
}

// clear drops all.
func (l *lobby) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.conns.Len() > 0 {
		l.dropOldest()
	}
}

// dropOldest is called with the lock held.
func (l *lobby) dropOldest() *conn {
	c := l.conns.Remove(l.conns.Front()).(*conn)
	c.drop()
	return c
}
