package access

import (
	"errors"

	"relay/broadcast"
)

// guess marks the refusal of a credential that is nobody's.
type guess struct{ error }

func (g guess) Unwrap() error { return g.error }

// IsGuess is true for the refusal of a credential that is nobody's: who sends
// another one may be searching. One that is too old, or for another room, is no guess.
func IsGuess(err error) bool { return errors.As(err, new(guess)) }

// Reasons of refusals, beside their codes: what a page asks its person for.
const (
	reasonKey     = "key"     // a key is needed, or the one that came is wrong
	reasonExpired = "expired" // the token was right, once
)

// What is refused is told in the same words for a room that is there and for one
// that is not.
var (
	errNoToken = errors.New("no token")
	errWrong   = guess{unauthorized(reasonKey, "This key is wrong. Look again, or ask whoever gave it to you.")}
	errExpired = unauthorized(reasonExpired, "This link is too old. Ask whoever gave it to you for a new one.")
	errOther   = forbidden("This token is for another room.")

	needed = map[Role]error{
		View:    unauthorized(reasonKey, "Watching needs a key here."),
		Publish: unauthorized(reasonKey, "Presenting needs a key here."),
		Manage:  unauthorized(reasonKey, "Managing a room needs a key or a token for it."),
	}
	lacking = map[Role]error{
		View:    forbidden("This key is not for watching."),
		Publish: forbidden("This key is for watching, not for presenting."),
		Manage:  forbidden("This key is not for managing the room."),
	}
)

func unauthorized(reason, sentence string) error {
	return &broadcast.Error{Code: broadcast.CodeUnauthorized, Reason: reason, Sentence: sentence}
}

func forbidden(sentence string) error {
	return &broadcast.Error{Code: broadcast.CodeForbidden, Sentence: sentence}
}

// badToken is about a token that was signed with the right secret: who made it may
// know what is wrong with it.
func badToken(why string) error {
	return unauthorized(reasonKey, "This token is signed as it should be, but "+why+".")
}
