package broadcast

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"
)

// Saved is what of a room outlives the process: see Relay.Save and Config.Rooms.
type Saved struct {
	Room string
	// Since is when the presentation began; zero when the room is idle.
	Since time.Time
	// Hold is the SHA-256 of the token that may take the room; zero for nobody's.
	Hold [sha256.Size]byte
}

// maxSaved bounds how many rooms are taken over from another process.
const maxSaved = 10_000

// Save is what another process needs to have the rooms that this one has: those
// whose presenter can come back. Whoever presents without a token (Join.Final) makes
// a new presentation in any case. They are sorted by name.
func (r *Relay) Save() []Saved {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Saved
	for _, room := range r.rooms {
		if saved, worth := room.save(); worth {
			all = append(all, saved)
		}
	}
	slices.SortFunc(all, func(a, b Saved) int { return strings.Compare(a.Room, b.Room) })
	return all
}

// save is not worth it for a room of which nothing need be known. The caller holds
// relay.mu.
func (room *Room) save() (saved Saved, worth bool) {
	held := room.heldBy()
	return Saved{Room: room.name, Since: room.since, Hold: held}, held != secret{}
}

// heldBy is whose token could take the room if its presenter went now. The caller
// holds relay.mu.
func (room *Room) heldBy() secret {
	switch {
	case room.since.IsZero():
		return secret{}
	case room.publisher == nil:
		return room.hold
	case room.publisher.join.Final:
		return secret{}
	}
	return secretOf(room.publisher.token)
}

// restore takes over the rooms of another process. Each is away: its presenter has
// as long to come back as after any other silence.
func (r *Relay) restore(all []Saved) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, saved := range all[:min(len(all), maxSaved)] {
		if !ValidRoom(saved.Room) || r.rooms[saved.Room] != nil || saved.Hold == (secret{}) || saved.Since.IsZero() {
			continue
		}
		r.enter(saved.Room).restore(saved)
	}
}

// restore makes a new room what it was. The caller holds relay.mu.
func (room *Room) restore(saved Saved) {
	room.since = saved.Since
	room.hold = saved.Hold
	room.startHold()
}
