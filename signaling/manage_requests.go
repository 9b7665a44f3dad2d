package signaling

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"relay/broadcast"
	"relay/signaling/access"
)

// What the secret of a request may be: what a header can carry, and nobody guess.
const (
	minSecret = 22
	maxSecret = 64
)

// ask is POST on the requests for a room: for those who may present in it. Its secret
// is a body's, as it opens the room once the request is granted.
func (s *Server) ask(w http.ResponseWriter, r *http.Request) error {
	grant, err := s.admitRequest(r, access.Publish)
	if err != nil {
		return err
	}
	var wish wish
	if err := readOrder(w, r, &wish); err != nil {
		return err
	}
	if err := wish.check(); err != nil {
		return err
	}
	room := r.PathValue("room")
	if wish.Withdraw {
		s.config.Relay.Withdraw(room, wish.Secret)
		return sendJSON(w, map[string]broadcast.RequestState{"state": broadcast.RequestDeclined})
	}
	state, err := s.config.Relay.Ask(room, wish.Secret, cmp.Or(grant.Name, wish.Name))
	if err != nil {
		return err
	}
	return sendJSON(w, map[string]broadcast.RequestState{"state": state})
}

// wish is the body of a request for a room.
type wish struct {
	Secret   string `json:"secret"`
	Name     string `json:"name"`
	Withdraw bool   `json:"withdraw"`
}

// check looks at the fields, and makes the name one that can be shown.
func (o *wish) check() (err error) {
	if len(o.Secret) < minSecret || len(o.Secret) > maxSecret || strings.ContainsFunc(o.Secret, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return refuse(broadcast.CodeBadRequest, `"secret" has to be %d to %d random letters, digits or signs.`, minSecret, maxSecret)
	}
	o.Name, err = nameOf(o.Name)
	return err
}

// answerRequest is POST on a request: it is granted or declined.
func (s *Server) answerRequest(w http.ResponseWriter, r *http.Request) error {
	var order struct {
		Grant *bool `json:"grant"`
	}
	if err := readOrder(w, r, &order); err != nil {
		return err
	}
	if order.Grant == nil {
		return refuse(broadcast.CodeBadRequest, `The body has to say "grant": true or false.`)
	}
	if !s.config.Relay.Answer(r.PathValue("room"), r.PathValue("id"), *order.Grant) {
		return errNoRequest
	}
	return nothing(w, r)
}

var errNoRequest = refuse(codeNotFound, "Nobody asks for the room so, or not any more.")

// malformedOrder says what is wrong with a body. An error of our own says it itself.
func malformedOrder(err error) error {
	var own *broadcast.Error
	if errors.As(err, &own) {
		return own
	}
	if field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return refuse(broadcast.CodeBadRequest, "There is no field %.40s here.", field)
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return refuse(broadcast.CodeBadRequest, "The field %q cannot be a JSON %s.", wrong.Field, wrong.Value)
	}
	return refuse(broadcast.CodeBadRequest, "The body is not valid JSON.")
}
