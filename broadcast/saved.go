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
	// Rules are what was settled for the room.
	Rules Rules
}

// maxSaved bounds how many rooms are taken over from another process.
const maxSaved = 10_000

// Save is what another process needs to have the rooms that this one has: those
// whose presenter can come back, and those with rules. Whoever presents without a
// token (Join.Final) makes a new presentation in any case. They are sorted by name.
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
	saved = Saved{Room: room.name, Hold: room.heldBy(), Rules: room.rules.copied()}
	if saved.Hold != (secret{}) {
		saved.Since = room.since
	}
	return saved, saved.Hold != secret{} || saved.Rules.any()
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

// restore takes over the rooms of another process. A presenter has as long to come
// back as after any other silence, and rules as long for somebody to come.
func (r *Relay) restore(all []Saved) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, saved := range all[:min(len(all), maxSaved)] {
		if ValidRoom(saved.Room) && r.rooms[saved.Room] == nil && (saved.held() || saved.Rules.any()) {
			r.enter(saved.Room).restore(saved)
			r.census.joins[RoleViewer].filled = time.Now() // of nothing: those who watched come all at once
		}
	}
}

// restore makes a new room what it was. The caller holds relay.mu.
func (room *Room) restore(saved Saved) {
	room.rules.Rules = saved.Rules.copied()
	if saved.held() {
		room.since, room.hold = saved.Since, saved.Hold
		room.startHold()
		return
	}
	room.kept = time.AfterFunc(holdTime, func() {
		room.relay.mu.Lock()
		defer room.relay.mu.Unlock()
		room.kept = nil
		room.release()
	})
}

// held says that somebody may come back to present.
func (s Saved) held() bool { return s.Hold != secret{} && !s.Since.IsZero() }

// any is false for the rules of a room for which nothing was settled.
func (r Rules) any() bool { return r.Locked || r.MaxViewers > 0 || len(r.Blocked) > 0 }
