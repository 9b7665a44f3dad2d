package broadcast

import (
	"errors"
	"net/netip"
	"time"
)

// A peer that answers at all answers within a LAN's or a country's round trip.
const (
	probeTries    = 4
	probeInterval = 150 * time.Millisecond
	probeAgain    = time.Second
)

// Detach says that the signaling went away without a word. A session without
// media ends; of the others the relay finds out whether the peer is still
// there, and keeps them while media flows.
func (s *Session) Detach() {
	relay := s.room.relay
	relay.mu.Lock()
	ever := s.ever
	if ever && s.ctx.Err() == nil {
		relay.work.Go(s.watch)
	}
	relay.mu.Unlock()
	if !ever {
		s.Close(ErrAbandoned)
	}
}

// watch asks the peer whether it is there, until it answers or the session ends.
func (s *Session) watch() {
	for s.ctx.Err() == nil {
		if s.answers() {
			s.up()
			return
		}
		s.down()
		select {
		case <-s.ctx.Done():
		case <-time.After(probeAgain):
		}
	}
}

// answers asks the peer at the other end of the media path.
func (s *Session) answers() bool {
	pc := s.peer.Load()
	if pc == nil {
		return false
	}
	transport := pc.SCTP().Transport().ICETransport()
	pair, err := transport.GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return false
	}
	addr, err := netip.ParseAddr(pair.Remote.Address)
	if err != nil {
		return false
	}
	ours, err := transport.GetLocalParameters()
	theirs, err2 := transport.GetRemoteParameters()
	if err := errors.Join(err, err2); err != nil {
		return false
	}
	return s.room.relay.socket.probe(s.ctx, netip.AddrPortFrom(addr, pair.Remote.Port),
		theirs.UsernameFragment+":"+ours.UsernameFragment, theirs.Password, probeTries, probeInterval)
}
