package access

import (
	"path"
	"strings"

	"relay/broadcast"
)

// rule is what is settled for a room, or for all rooms that a pattern names.
// Immutable.
type rule struct {
	Room
	exists                bool
	publish, view, manage lock
}

// lock is a key that is needed, or none. A locked one has the digest of a key, or
// of no key at all: finding out which takes the same time.
type lock struct {
	open bool
	key  digest
}

// locked is a lock that no key opens.
func locked() lock { return lock{key: nobodys()} }

// stands is true where nobody needs anything for the role.
func (r *rule) stands(role Role) bool {
	return role == View && r.view.open || role == Publish && r.publish.open
}

// opened are the roles of a key. All are compared, whichever it is.
func (r *rule) opened(key digest) roles {
	view, publish, manage := r.view.key.is(key), r.publish.key.is(key), r.manage.key.is(key)
	return rolesOf[View]*roles(view) | rolesOf[Publish]*roles(publish) | rolesOf[Manage]*roles(manage)
}

// rules are those of all rooms. Immutable.
type rules struct {
	named    map[string]*rule
	patterns []patternRule // the most telling first
	others   *rule         // of rooms that nothing names
}

type patternRule struct {
	pattern string
	*rule
}

// of finds a room's rule: its own, or that of the most telling pattern.
func (r *rules) of(room string) *rule {
	if own, ok := r.named[room]; ok {
		return own
	}
	for _, p := range r.patterns {
		if matches(p.pattern, room) {
			return p.rule
		}
	}
	return r.others
}

// isPattern is true for names of more than one room.
func isPattern(name string) bool { return strings.Contains(name, "*") }

// validPattern is true for a room's name in which asterisks stand for any part.
func validPattern(pattern string) bool {
	literal := strings.ReplaceAll(pattern, "*", "")
	return pattern != "" && len(pattern) <= maxPattern && (literal == "" || broadcast.ValidRoom(literal))
}

// maxPattern is the length of the longest room's name.
const maxPattern = 64

// matches compares a room's name with a valid pattern.
func matches(pattern, room string) bool {
	if pattern == "*" {
		return true
	}
	is, err := path.Match(pattern, room) // * is all that a valid pattern has of its syntax
	return is && err == nil
}

// telling is how much of a room's name a pattern says.
func telling(pattern string) int { return len(pattern) - strings.Count(pattern, "*") }
