package broadcast

import (
	"hash/maphash"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Limits bound what anybody can take of a Relay. 0 is no bound. Viewers can reach all
// of theirs and keep no publisher out by that: a relay may let anybody watch, but not
// anybody present.
type Limits struct {
	// Rooms is how many rooms there may be at a time. A quarter of them only
	// publishers open.
	Rooms int
	// Viewers is how many viewers there may be in all rooms together, and
	// RoomViewers how many in each.
	Viewers, RoomViewers int
	// AddressSessions is how many sessions in each role an address may have; an IPv6
	// address counts with its /64, which is one customer's.
	AddressSessions int
	// JoinRate is how many in each role may join in a second, after a rush of joinBurst
	// times as many. Who resumes a session does not join.
	JoinRate int
	// Bitrate is what a publisher may send, in bits per second.
	Bitrate int
}

const (
	// joinBurst seconds of joins may come at once: a class at the bell.
	joinBurst = 5
	// joinBottom is the part of a second's joins that is kept for those who have not
	// joined within joinBurst seconds.
	joinBottom = 0.25
	// fullAgain is when somebody who was refused may try again, and half as much
	// again at random: a class that was refused at once should not come back so.
	fullAgain = 5 * time.Second
	// slowerMin and slowerMax are the same for joins that came too fast.
	slowerMin, slowerMax = time.Second, 3 * time.Second
)

// census counts who is there. It is guarded by relay.mu.
type census struct {
	viewers int
	from    map[addressRole]int // sessions
	joins   [2]joins            // by role
}

// addressRole is what an address may have a number of.
type addressRole struct {
	from netip.Addr // see countedAs
	role Role
}

// joins is the bucket of those who may join now.
type joins struct {
	left   float64
	filled time.Time // zero: it is full
	// lately is when addresses joined last, at their hash: some may share a place.
	lately [4096]time.Time
}

// hashSeed is not known to anybody, so that nobody can choose another's place.
var hashSeed = maphash.MakeSeed()

// allow takes one out of the bucket for an address, if there is one. The bottom of
// the bucket is for those who have not joined lately: one who joins without an end
// gets what flows in, and keeps nobody out.
func (j *joins) allow(from netip.Addr, rate int, now time.Time) bool {
	most := float64(rate * joinBurst)
	j.left = min(most, j.left+now.Sub(j.filled).Seconds()*float64(rate))
	if j.filled.IsZero() {
		j.left = most
	}
	j.filled = now
	bytes, least := from.As16(), 1.0
	lately := &j.lately[maphash.Bytes(hashSeed, bytes[:])%uint64(len(j.lately))]
	if now.Sub(*lately) < joinBurst*time.Second {
		least += joinBottom * float64(rate)
	}
	if j.left < least {
		return false
	}
	j.left--
	*lately = now
	return true
}

// countedAs is the address that a session counts for.
func countedAs(remote netip.Addr) netip.Addr {
	remote = remote.Unmap()
	if !remote.Is6() {
		return remote
	}
	network, err := remote.WithZone("").Prefix(64)
	if err != nil {
		return remote
	}
	return network.Addr()
}

// mayAdd tells whether one more session fits within the limits. room is nil where
// there is none yet. The caller holds relay.mu, and adds the session if it does.
func (r *Relay) mayAdd(room *Room, role Role, j Join, now time.Time) error {
	if room == nil && reached(len(r.rooms), r.roomsFor(role)) {
		return full("The relay has as many rooms as it may have.")
	}
	if reached(r.census.from[addressRole{countedAs(j.Remote), role}], r.limits.AddressSessions) {
		return full("There are too many connections from this address.")
	}
	if role == RoleViewer {
		if reached(r.census.viewers, r.limits.Viewers) {
			return full("The relay is full.")
		}
		if room != nil && room.full(j) {
			return full("The room is full.")
		}
	}
	if r.limits.JoinRate > 0 && !r.census.joins[role].allow(countedAs(j.Remote), r.limits.JoinRate, now) {
		return &Error{Code: CodeRateLimited, Sentence: "Too many are joining at once; try again in a moment.",
			RetryAfter: slowerMin + rand.N(slowerMax-slowerMin)}
	}
	return nil
}

// roomsFor is how many rooms there may be when somebody in the role opens one.
func (r *Relay) roomsFor(role Role) int {
	if role == RoleViewer {
		return r.limits.Rooms - r.limits.Rooms/4
	}
	return r.limits.Rooms
}

// full reports whether the room has as many viewers as it may: the least of the
// Relay's limit, the one that came with the join, and the presenter's own.
func (room *Room) full(j Join) bool {
	return reached(room.viewers, room.relay.limits.RoomViewers) || reached(room.viewers, j.MaxViewers) ||
		reached(room.viewers, room.rules.MaxViewers)
}

func reached(n, limit int) bool { return limit > 0 && n >= limit }

func full(what string) *Error {
	return &Error{Code: CodeRoomFull, Sentence: what + " Try again in a moment.", RetryAfter: fullAgain + rand.N(fullAgain/2)}
}

// count counts the session among those that limits bound, or no longer. It counts
// from its join to its end, silent or not: its place is kept for it. The caller
// holds relay.mu.
func (s *Session) count(is bool) {
	if s.counted == is {
		return
	}
	s.counted = is
	step := 1
	if !is {
		step = -1
	}
	census, from := &s.room.relay.census, addressRole{countedAs(s.join.Remote), s.role}
	if census.from[from] += step; census.from[from] == 0 {
		delete(census.from, from)
	}
	if s.role == RoleViewer {
		census.viewers += step
		s.room.viewers += step
	}
}
