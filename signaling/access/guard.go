package access

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// inviteTime is how long an invitation to watch is good: a school day.
const inviteTime = 12 * time.Hour

// Config is what a Guard goes by.
type Config struct {
	// PublishKey and ViewKey are needed in every room for which the file has no other
	// word; "" stands for none.
	PublishKey, ViewKey string
	// RoomsFile is the YAML file of rooms; "" for none.
	RoomsFile string
	// ListRooms shows live rooms that are not in the file to all who may watch them.
	ListRooms bool
	Tokens    *Tokens
	Log       *slog.Logger
}

// Guard decides by keys, by a file of rooms, and by tokens. No key is kept: digests
// are compared, in constant time.
type Guard struct {
	// static
	digester  digester
	others    rule // of rooms that the file does not name
	listRooms bool
	tokens    *Tokens
	file      string
	log       *slog.Logger

	rules atomic.Pointer[rules] // replaced by NewGuard, then by Follow

	// owned by NewGuard, then by Follow
	loaded, seen digest // of the file's content: in rules, and at the last poll
	complaint    string // what was logged last of the file
}

// NewGuard reads the file of rooms. Errors are sentences that begin with the file,
// and the line at fault.
func NewGuard(c Config) (*Guard, error) {
	g := &Guard{digester: newDigester(), listRooms: c.ListRooms, tokens: c.Tokens, file: c.RoomsFile, log: c.Log}
	g.others = rule{
		Room: Room{Listed: c.ListRooms}, exists: true,
		publish: g.lockOf(c.PublishKey), view: g.lockOf(c.ViewKey), manage: locked(),
	}
	g.rules.Store(&rules{others: &g.others})
	if g.file == "" {
		return g, nil
	}
	content, err := readRooms(g.file)
	if err == nil {
		err = g.load(content)
	}
	if err != nil {
		return nil, err
	}
	return g, nil
}

// CheckRooms says what is wrong with a file of rooms; "" is none. Errors are as those
// of NewGuard.
func CheckRooms(file string) error {
	_, err := NewGuard(Config{RoomsFile: file})
	return err
}

// lockOf is what a flag's key makes of a door.
func (g *Guard) lockOf(key string) lock {
	if key == "" {
		return lock{open: true, key: nobodys()}
	}
	return lock{key: g.digester.of(key)}
}

// Needs says which roles need a credential in a room that the file does not name.
func (g *Guard) Needs() (publish, view bool) { return !g.others.publish.open, !g.others.view.open }

// Exists says whether there can be such a room.
func (g *Guard) Exists(room string) bool { return g.rules.Load().of(room).exists }

// Admit says whether a credential is good for a role in a room. It takes the same
// time, and gives the same errors, for a room that is hidden and for one that does
// not exist. A credential that is not known does no harm where none is needed.
func (g *Guard) Admit(r Request) (Grant, error) {
	return g.identify(r.Credential).enter(g.rules.Load().of(r.Room), r.Room, r.Role)
}

// Room is what was settled for a room beforehand.
func (g *Guard) Room(name string) Room { return g.rules.Load().of(name).Room }

// Invite is a token for watching the room; "" where nobody needs one.
func (g *Guard) Invite(room string) string {
	if g.rules.Load().of(room).view.open {
		return ""
	}
	// It has no ID: it is handed to many.
	token, err := g.tokens.Sign(Claims{Room: room, Roles: []Role{View}}, time.Now(), inviteTime)
	if err != nil {
		g.log.Error("no invitation could be made", "room", room, "cause", err)
	}
	return token
}

// List picks of live rooms those that whoever has the credential may be told of:
// the listed ones that it may watch, and the ones that it may manage. A key that
// opens none of them is refused as a wrong one is.
func (g *Guard) List(credential string, live []string) ([]string, error) {
	h, rules := g.identify(credential), g.rules.Load()
	known := credential == "" || h.claims != nil || g.others.opened(h.key) != 0 || g.isOpen(rules)
	var seen []string
	for _, room := range live {
		rule := rules.of(room)
		grant, err := h.enter(rule, room, View)
		listed := rule.Listed && err == nil
		known = known || listed && grant.Keyed
		if _, err := h.enter(rule, room, Manage); err == nil {
			listed, known = true, true
		}
		if listed {
			seen = append(seen, room)
		}
	}
	if !known {
		return nil, h.refusal
	}
	return seen, nil
}

// isOpen is true where nobody needs anything.
func (g *Guard) isOpen(r *rules) bool {
	return len(r.named)+len(r.patterns) == 0 && r.others.publish.open && r.others.view.open
}

// holder is whoever showed a credential.
type holder struct {
	given   bool
	key     digest
	claims  *Claims // nil: it was no token that counts
	refusal error   // why not
}

func (g *Guard) identify(credential string) holder {
	if credential == "" {
		return holder{key: nobodys()}
	}
	h := holder{given: true, key: nobodys(), refusal: errWrong}
	if len(credential) <= maxKey {
		h.key = g.digester.of(credential)
	}
	claims, err := g.tokens.read(credential)
	if err == nil {
		h.claims = claims
	} else if err != errNoToken {
		h.refusal = err
	}
	return h
}

// enter judges the holder by a room's rule.
func (h holder) enter(rule *rule, room string, role Role) (Grant, error) {
	can := rule.opened(h.key)
	grant := Grant{}
	// A room that is not in the file any more may still have people in it: who manages
	// it can send them out.
	if h.claims != nil && (rule.exists || role == Manage) && matches(h.claims.Room, room) {
		can |= h.claims.roles()
		grant = Grant{Name: h.claims.Name, ID: h.claims.ID}
	}
	switch {
	case can.has(role):
		grant.Keyed = true
		return grant, nil
	case rule.stands(role):
		return grant, nil
	case !h.given:
		return Grant{}, needed[role]
	case can != 0:
		return Grant{}, lacking[role]
	case h.claims != nil:
		return Grant{}, errOther
	}
	return Grant{}, h.refusal
}
