package signaling

import (
	"net/http"
	"net/netip"
	"strings"

	"relay/broadcast"
	"relay/signaling/access"
)

// Access decides who may do what. Its errors are unauthorized, forbidden or
// rate-limited.
type Access interface {
	// Admit says whether a credential is good for a role in a room.
	Admit(access.Request) (access.Grant, error)
	// Room is what was settled for a room beforehand.
	Room(name string) access.Room
	// Invite is a token for watching the room, for who presents to hand out; ""
	// where nobody needs one.
	Invite(room string) string
}

// admit asks whether whoever holds the credential may have the role in the room. The
// session that comes of it needs none: its URL is a secret.
func (s *Server) admit(room string, role access.Role, credential string, remote netip.Addr) (access.Grant, error) {
	return s.config.Access.Admit(access.Request{Room: room, Role: role, Credential: credential, Remote: remote})
}

// admitRequest is admit for the room and the bearer token of a request.
func (s *Server) admitRequest(r *http.Request, role access.Role) (access.Grant, error) {
	return s.admit(r.PathValue("room"), role, bearerToken(r), remoteAddr(r))
}

// roleIn is what a session of the role is to be allowed.
func roleIn(role broadcast.Role) access.Role {
	if role == broadcast.RolePublisher {
		return access.Publish
	}
	return access.View
}

// bearerToken is the token in r's Authorization (RFC 6750 section 2.1), "" for none.
func bearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
