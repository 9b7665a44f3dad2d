package broadcast

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure an Error is. The words are those of the wire.
type Code string

// The codes, each because somebody must act differently.
const (
	CodeBadRequest       Code = "bad-request"
	CodeUnauthorized     Code = "unauthorized"
	CodeForbidden        Code = "forbidden"
	CodeRoomBusy         Code = "room-busy"
	CodeRoomFull         Code = "room-full"
	CodeNotLive          Code = "not-live"
	CodeCodecUnsupported Code = "codec-unsupported"
	CodeTooLarge         Code = "too-large"
	CodeRateLimited      Code = "rate-limited"
	CodeShuttingDown     Code = "shutting-down"
	CodeInternal         Code = "internal"
)

// Error is a failure that a person is told about: Sentence says what happened
// and what to do. Errors without a Code are internal: logged whole, told to nobody.
type Error struct {
	Code     Code
	Sentence string
	// Reason says more than Code to a page that shows a sentence of its own:
	// "locked", "blocked", "removed". "" says no more.
	Reason string
	// RetryAfter is when trying again makes sense; 0 says nothing about it.
	RetryAfter time.Duration
	// Since is when the other presenter began (room-busy).
	Since time.Time
	// Have and Need are bits per second: what a viewer's network gets, and what
	// the picture needs (rate-limited).
	Have, Need int
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Sentence }

func errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Sentence: fmt.Sprintf(format, args...)}
}

// AsError returns err's Error; what has none is internal.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return errorf(CodeInternal, "Something went wrong in the relay. Its log says what.")
}

// Causes of a session's end, beside an *Error. They are the cause of the
// session's context.
var (
	// ErrLeft: the page said leave, or the client sent DELETE.
	ErrLeft = errors.New("left")
	// ErrReplaced: whoever holds the session's token took its place.
	ErrReplaced = errors.New("replaced")
	// ErrNeverConnected: no media path came up in time.
	ErrNeverConnected = errors.New("never connected")
	// ErrSilent: connected once, then silent for too long.
	ErrSilent = errors.New("silent")
	// ErrShuttingDown: the relay is stopping.
	ErrShuttingDown = errors.New("shutting down")
	// ErrAbandoned: the signaling went away before there was a media path.
	ErrAbandoned = errors.New("abandoned")
	// ErrFlood: the peer invented more SSRCs than any honest one has.
	ErrFlood = errors.New("too many SSRCs")
	// ErrRemoved: who presents, or manages the room, has sent the viewer out.
	ErrRemoved = errors.New("removed")
	// ErrBlocked: as ErrRemoved, and the viewer's device is not let in again.
	ErrBlocked = errors.New("blocked")
	// ErrEnded: the presentation was ended for all.
	ErrEnded = errors.New("ended for all")
	// ErrHandedOver: the presenter gave the room to somebody who asked for it.
	ErrHandedOver = errors.New("handed over")
)

// ErrNewPeer says that an offer comes from another PeerConnection than the
// session's own (a reloaded page): the session has to be replaced, see Session.Replace.
var ErrNewPeer = errors.New("offer from another peer connection")
