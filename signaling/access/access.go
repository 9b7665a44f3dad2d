// Package access decides who may present, watch and manage in which room.
package access

import (
	"net/netip"

	"relay/broadcast"
)

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
	// Remote is where the request came from: guessing is slowed by address.
	Remote netip.Addr
}

// Grant is what a credential says of whoever has it. The zero Grant is that of
// somebody who needed none.
type Grant struct {
	// Keyed says that a credential opened the door, and not that it stood open.
	Keyed bool
	// Name is what a token calls its holder; "" is not known.
	Name string
	// ID tells this token from others; "" for a key.
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
type Open struct{}

// Admit never refuses but for Manage.
func (Open) Admit(r Request) (Grant, error) {
	if r.Role == Manage {
		return Grant{}, &broadcast.Error{Code: broadcast.CodeUnauthorized, Sentence: "This needs a token for managing the room."}
	}
	return Grant{}, nil
}

// Room has nothing settled.
func (Open) Room(string) Room { return Room{} }

// Invite makes no token: nobody needs one to watch.
func (Open) Invite(string) string { return "" }
