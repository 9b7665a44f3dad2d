package signaling

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"time"

	"relay/broadcast"
	"relay/signaling/access"
)

// Access decides who may do what. Its errors are unauthorized or forbidden.
type Access interface {
	// Admit says whether a credential is good for a role in a room.
	Admit(access.Request) (access.Grant, error)
	// Room is what was settled for a room beforehand.
	Room(name string) access.Room
	// List picks of live rooms those that whoever has the credential is told of.
	List(credential string, live []string) ([]string, error)
	// Operate says whether a credential is good for seeing what the relay as a whole does.
	Operate(credential string) error
	// Invite is a token for watching the room, for who presents to hand out; ""
	// where nobody needs one.
	Invite(room string) string
}

// inviteHeader is for our own pages, as resumeHeader is: it has what a welcome has as
// its invite.
const inviteHeader = "Relay-Invite"

// admitRequest asks whether whoever holds a request's bearer token may have the role
// in its room. The session that comes of it needs none: its URL is a secret. The
// answer to a wrong token may take a while.
func (s *Server) admitRequest(r *http.Request, role access.Role) (access.Grant, error) {
	grant, err := s.config.Access.Admit(access.Request{Room: r.PathValue("room"), Role: role, Credential: bearerToken(r)})
	return grant, s.slow(r, err)
}

// admitJoin is admitRequest for who opens a session. Who shows the secret of one has
// been admitted before: a token that ends in the meantime ends no presentation.
func (s *Server) admitJoin(r *http.Request, role broadcast.Role, join broadcast.Join) (access.Grant, error) {
	grant, err := s.config.Access.Admit(access.Request{Room: join.Room, Role: roleIn(role), Credential: bearerToken(r)})
	if err != nil && s.comesBack(role, join) {
		return grant, nil
	}
	return grant, s.slow(r, err)
}

// comesBack is true for who shows the secret of a session that is still there.
func (s *Server) comesBack(role broadcast.Role, join broadcast.Join) bool {
	return join.Token != "" && s.config.Relay.Returns(join.Room, role, s.latest(join).Token)
}

// latest is j with the token that came in the place of the one that its page shows.
func (s *Server) latest(j broadcast.Join) broadcast.Join {
	if next, is := s.resources.successor(j.Room, j.Token); is && (next.refused || s.config.Relay.Room(j.Room).State != broadcast.StateLive) {
		j.Token = next.token
	}
	return j
}

// slow returns the refusal when it may be told: that of a wrong credential has to
// wait for its turn. Nobody waits who hangs up, or when the server closes.
func (s *Server) slow(r *http.Request, refusal error) error {
	if !access.IsGuess(refusal) {
		return refusal
	}
	// Before all of it is read nobody notices that a client hangs up. What is too
	// large, or breaks off, is refused all the same.
	_, _ = io.Copy(io.Discard, r.Body)
	turn, err := s.guesses.Queue(remoteAddr(r), time.Now())
	if err != nil {
		refusal = err // for which there is a turn, too
	}
	due := time.NewTimer(turn.Wait)
	defer due.Stop()
	select {
	case <-due.C:
		turn.Done()
		return refusal
	case <-r.Context().Done():
		turn.Leave()
		return errGaveUp
	case <-s.ctx.Done():
		turn.Leave()
		return broadcast.ErrShuttingDown
	}
}

// settle adds to a join what was settled for its room, and what a credential says of
// who it is.
func (s *Server) settle(join broadcast.Join, grant access.Grant) broadcast.Join {
	room := s.config.Access.Room(join.Room)
	join.MaxViewers, join.MaxBitrate = room.MaxViewers, room.MaxBitrate
	if name, err := nameOf(grant.Name); err == nil && name != "" {
		join.Name, join.Vouched = name, true
	}
	return join
}

// clientOf tells apart the devices that do not do so themselves: by their token, or
// by address and program.
func clientOf(r *http.Request, grant access.Grant) string {
	word := "token " + grant.ID
	if grant.ID == "" {
		word = "client " + remoteAddr(r).String() + " " + r.UserAgent()
	}
	sum := sha256.Sum256([]byte(word))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// inviteOf is what a presenter who came with this grant hands out.
func (s *Server) inviteOf(role broadcast.Role, room string, grant access.Grant) string {
	if role != broadcast.RolePublisher || !grant.Keyed {
		return ""
	}
	return s.config.Access.Invite(room)
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
