package signaling

import (
	"sync"

	"relay/broadcast"
)

// speakers knows which socket speaks for which session. A page that resumes its
// session over another socket silences the first one.
type speakers struct {
	mu       sync.Mutex
	sessions map[string]*peer // by session ID; guarded by mu
}

// claim makes p the one that speaks for the session. The socket that did so
// until now ends, and its session does not notice.
func (s *speakers) claim(id string, p *peer) {
	s.mu.Lock()
	before := s.sessions[id]
	s.sessions[id] = p
	s.mu.Unlock()
	if before != nil {
		before.socket.end(broadcast.ErrReplaced)
		<-before.watched // or it could take p's first note of a change
	}
}

// release is false when another socket speaks for the session by now.
func (s *speakers) release(id string, p *peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[id] != p {
		return false
	}
	delete(s.sessions, id)
	return true
}
