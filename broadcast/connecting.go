package broadcast

import (
	"net/netip"
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

// connecting counts by remote address the sessions that have had an offer and
// were never connected: each has a PeerConnection, which costs its peer only a
// request. An IPv6 address counts with its network. It is guarded by relay.mu.
type connecting struct {
	all  int
	from map[netip.Addr]int
}

// mayEnter tells whether one more peer at remote may connect.
func (c *connecting) mayEnter(remote netip.Addr, role Role) error {
	more := 0
	if role == RolePublisher {
		more = presentersPlaces
	}
	if c.all < maxConnecting+more && c.from[countedAs(remote)] < maxConnectingFrom+more {
		return nil
	}
	sentence := "Too many are connecting from this address; try again in a moment."
	if c.all >= maxConnecting+more {
		sentence = "Too many are connecting; try again in a moment."
	}
	return &Error{Code: CodeRoomFull, Sentence: sentence, RetryAfter: connectAgain}
}

func (c *connecting) enter(remote netip.Addr) {
	c.all++
	c.from[countedAs(remote)]++
}

func (c *connecting) leave(remote netip.Addr) {
	c.all--
	from := countedAs(remote)
	if c.from[from]--; c.from[from] == 0 {
		delete(c.from, from)
	}
}

// setConnecting counts the session, or no longer. The caller holds relay.mu.
func (s *Session) setConnecting(is bool) {
	if s.connecting == is {
		return
	}
	s.connecting = is
	if is {
		s.room.relay.connecting.enter(s.join.Remote)
	} else {
		s.room.relay.connecting.leave(s.join.Remote)
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
