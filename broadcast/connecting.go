package broadcast

import (
	"net/netip"
	"slices"
	"time"
)

const (
	// maxConnectingFrom lets an audience behind one address, a school's NAT or a
	// proxy, come back all at once.
	maxConnectingFrom = 300
	maxConnecting     = 1000
	// presentersPlaces are over these, and only for publishers: viewers who never
	// connect keep nobody from presenting.
	presentersPlaces = 100
	// connectAgain is within connectTime, when the places of peers that never
	// connect are free again.
	connectAgain = 5 * time.Second
)

// connecting is the sessions that have had an offer and were never connected, by
// the address that they count for: each has a PeerConnection, which costs its peer
// only a request. It is guarded by relay.mu.
type connecting struct {
	all  int
	from map[netip.Addr][]*Session // oldest first
}

// placesOver is how many more may connect in the role.
func placesOver(role Role) int {
	if role == RolePublisher {
		return presentersPlaces
	}
	return 0
}

// mayEnter tells whether one more peer at remote may connect. Where there are too
// many in all, one that has fewer than others may, see makeRoom.
func (c *connecting) mayEnter(remote netip.Addr, role Role) error {
	own, over := len(c.from[countedAs(remote)]), placesOver(role)
	sentence := "Too many are connecting; try again in a moment."
	switch {
	case own >= maxConnectingFrom+over:
		sentence = "Too many are connecting from this address; try again in a moment."
	case c.all < maxConnecting+over, len(c.fullest()) > own+1:
		return nil
	}
	return &Error{Code: CodeRoomFull, Sentence: sentence, RetryAfter: connectAgain}
}

// makeRoom is the session that has to go for one more: of the address that has the
// most, the one that had the most time. Honest peers need a moment. Nil: none has to.
func (c *connecting) makeRoom(role Role) *Session {
	if c.all < maxConnecting+placesOver(role) {
		return nil
	}
	return c.fullest()[0]
}

// fullest is the sessions of the address that has the most.
func (c *connecting) fullest() (most []*Session) {
	for _, sessions := range c.from {
		if len(sessions) > len(most) {
			most = sessions
		}
	}
	return most
}

func (c *connecting) enter(s *Session) {
	c.all++
	at := countedAs(s.join.Remote)
	c.from[at] = append(c.from[at], s)
}

func (c *connecting) leave(s *Session) {
	c.all--
	at := countedAs(s.join.Remote)
	left := slices.DeleteFunc(c.from[at], func(other *Session) bool { return other == s })
	if c.from[at] = left; len(left) == 0 {
		delete(c.from, at)
	}
}

// setConnecting counts the session, or no longer. The caller holds relay.mu.
func (s *Session) setConnecting(is bool) {
	if s.connecting == is {
		return
	}
	s.connecting = is
	if is {
		s.room.relay.connecting.enter(s)
	} else {
		s.room.relay.connecting.leave(s)
	}
}

// Awaited reports whether somebody is about to present in a room that is idle: a
// publisher has it, and connects.
func (r *Relay) Awaited(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	room, ok := r.rooms[name]
	return ok && room.publisher != nil && room.since.IsZero()
}
