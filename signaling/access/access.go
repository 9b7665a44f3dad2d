// Package access decides who may present, watch and manage in which room.
package access

// Role is what somebody wants to do in a room.
type Role string

// The roles. A credential for Publish or Manage is one for View as well, and so is
// one for Manage for looking at all that is told of the room.
const (
	View    Role = "view"
	Publish Role = "publish"
	Manage  Role = "manage"
)

// Request says who wants what.
type Request struct {
	Room string
	Role Role
	// Credential is a key or a token; "" for none.
	Credential string
}

// Grant is what a credential says of whoever has it. The zero Grant is that of
// somebody who needed none.
type Grant struct {
	// Keyed says that a credential was shown that is good for the role, whether or not
	// the door stood open.
	Keyed bool
	// Name is what a token calls its holder; "" is not known.
	Name string
	// ID tells this token from others; "" for a key, and for an invitation.
	ID string
}

// Room is what was settled for a room beforehand.
type Room struct {
	// Title is for people; "" for none.
	Title string
	// Listed shows the room, while it is live, to all who may watch it.
	Listed bool
	// MaxViewers is how many may watch; 0: no bound of its own.
	MaxViewers int
	// MaxBitrate is what a presenter may send, in bits per second; 0: no bound of its own.
	MaxBitrate int
}

// Open lets everybody present and watch, and nobody manage but who presents.
type Open struct {
	// ListRooms shows live rooms to everybody.
	ListRooms bool
}

// Admit never refuses but for Manage.
func (Open) Admit(r Request) (Grant, error) {
	if r.Role == Manage {
		return Grant{}, needed[Manage]
	}
	return Grant{}, nil
}

// Room has nothing settled.
func (Open) Room(string) Room { return Room{} }

// List is all live rooms, or none.
func (o Open) List(_ string, live []string) ([]string, error) {
	if !o.ListRooms {
		return nil, nil
	}
	return live, nil
}

// Invite makes no token: nobody needs one to watch.
func (Open) Invite(string) string { return "" }
