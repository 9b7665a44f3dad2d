package broadcast

import (
	"crypto/subtle"
	"slices"
	"time"
)

const (
	// removedTime is how long a device that was sent out is refused: its page, if it
	// tries at all, gives up by then.
	removedTime = time.Minute
	// lockedAgain is when a page tries again whether a locked room is open.
	lockedAgain = 10 * time.Second
	// What a room remembers of devices; the oldest are forgotten.
	maxBlocked = 1000
	maxRemoved = 1000
)

// Rules are what who presents, or manages, has settled for a room. They last as
// long as the room: while somebody is in it or it is held.
type Rules struct {
	// Locked lets nobody new in.
	Locked bool
	// MaxViewers is how many viewers may be in the room; 0: no bound of its own.
	MaxViewers int
	// Blocked are the devices that are refused, oldest first.
	Blocked []Blocked
	// Known are the devices that may come back while the room is locked: those that
	// were in it then.
	Known []string
}

// Blocked is a device that is refused.
type Blocked struct {
	// ID names the entry; it is no secret. Device is what is refused, Name what the
	// viewer was called.
	ID, Device, Name string
	Since            time.Time
}

// rules are a room's Rules, and the devices that were just sent out.
type rules struct {
	Rules
	removed []removal // oldest first
}

type removal struct {
	device string
	until  time.Time
}

// mayEnter tells whether a newcomer may join in the role. Who presents is not a
// newcomer to be locked out: the room's hold says who that may be.
func (u *rules) mayEnter(role Role, who person, now time.Time) error {
	device := who.refusable()
	if device != "" && slices.ContainsFunc(u.Blocked, func(b Blocked) bool { return sameDevice(b.Device, device) }) {
		return &Error{Code: CodeForbidden, Reason: "blocked", Sentence: "Who presents has blocked this device in this room."}
	}
	if role == RolePublisher {
		return nil
	}
	if left := u.removedFor(device, now); left > 0 {
		return &Error{Code: CodeForbidden, Reason: "removed", Sentence: "Who presents has removed you from this room.", RetryAfter: left}
	}
	if u.Locked && !u.knows(who.device) {
		return &Error{Code: CodeForbidden, Reason: "locked", RetryAfter: lockedAgain,
			Sentence: "The room is locked: nobody new is let in until who presents opens it."}
	}
	return nil
}

// sameDevice compares in constant time: a device is its browser's word, and who
// guesses a known one's comes into a locked room.
func sameDevice(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// removedFor is how long the device is still refused.
func (u *rules) removedFor(device string, now time.Time) (left time.Duration) {
	for _, r := range u.removed {
		if device != "" && sameDevice(r.device, device) {
			left = max(left, r.until.Sub(now))
		}
	}
	return left
}

func (u *rules) knows(device string) bool {
	return device != "" && slices.ContainsFunc(u.Known, func(known string) bool { return sameDevice(known, device) })
}

// forget takes a device out of those that a locked room lets back in.
func (u *rules) forget(device string) {
	u.Known = slices.DeleteFunc(u.Known, func(known string) bool { return known == device })
}

// remove refuses a device for a while.
func (u *rules) remove(device string, now time.Time) {
	if device == "" {
		return
	}
	u.forget(device)
	u.removed = slices.DeleteFunc(u.removed, func(r removal) bool { return r.device == device || !now.Before(r.until) })
	if len(u.removed) == maxRemoved {
		u.removed = slices.Delete(u.removed, 0, 1)
	}
	u.removed = append(u.removed, removal{device, now.Add(removedTime)})
}

// block refuses a device until it is unblocked, and returns the entry's ID. A
// viewer without a device leaves nothing that could be refused.
func (u *rules) block(device, name string, now time.Time) (id string) {
	if i := slices.IndexFunc(u.Blocked, func(b Blocked) bool { return b.Device == device }); i >= 0 && device != "" {
		return u.Blocked[i].ID
	}
	id = newID()
	if device == "" {
		return id
	}
	u.forget(device)
	if len(u.Blocked) >= maxBlocked {
		u.Blocked = slices.Delete(u.Blocked, 0, 1)
	}
	u.Blocked = append(u.Blocked, Blocked{ID: id, Device: device, Name: name, Since: now})
	return id
}

// copied is the Rules for somebody who does not hold the lock.
func (r Rules) copied() Rules {
	r.Blocked, r.Known = slices.Clone(r.Blocked), slices.Clone(r.Known)
	return r
}

// Rules are those of a room; not ok when there is no such room now.
func (r *Relay) Rules(room string) (rules Rules, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if room := r.rooms[room]; room != nil {
		return room.rules.copied(), true
	}
	return Rules{}, false
}

// SetRules puts rules in the place of a room's; it is false when there is no such
// room now.
func (r *Relay) SetRules(room string, rules Rules) bool {
	return r.settle(room, func(room *Room) { room.rules.Rules = rules.copied() })
}

// Lock lets nobody new into a room, or again everybody. Who is in it may come back.
// It is false when there is no such room now.
func (r *Relay) Lock(room string, locked bool) bool {
	return r.settle(room, func(room *Room) { room.lock(locked) })
}

// LimitViewers bounds how many viewers may be in a room; 0 takes the bound away.
// Nobody is sent out. It is false when there is no such room now.
func (r *Relay) LimitViewers(room string, most int) bool {
	return r.settle(room, func(room *Room) { room.rules.MaxViewers = most })
}

// Unblock lets a blocked device in again, by the entry's ID; it is false when there
// is none.
func (r *Relay) Unblock(room, id string) (was bool) {
	r.settle(room, func(room *Room) {
		room.rules.Blocked = slices.DeleteFunc(room.rules.Blocked, func(b Blocked) bool {
			was = was || b.ID == id
			return b.ID == id
		})
	})
	return was
}

// settle changes the rules of a room and tells who is in it.
func (r *Relay) settle(name string, change func(*Room)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.rooms[name]
	if room == nil {
		return false
	}
	change(room)
	room.notify()
	return true
}

// lock notes the devices that are in the room. The caller holds relay.mu.
func (room *Room) lock(locked bool) {
	room.rules.Locked = locked
	if !locked {
		room.rules.Known = nil
		return
	}
	known := map[string]bool{"": true} // to ask Known itself for each would take a second in a full room
	for _, device := range room.rules.Known {
		known[device] = true
	}
	for s := range room.sessions {
		if device := s.person.device; s.ctx.Err() == nil && !known[device] {
			known[device] = true
			room.rules.Known = append(room.rules.Known, device)
		}
	}
}
