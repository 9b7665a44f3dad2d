package metrics

import (
	"errors"
	"slices"
	"strings"

	"relay/broadcast"
)

// Labels have these values and no others.
const other = "other"

var (
	roles  = []broadcast.Role{broadcast.RolePublisher, broadcast.RoleViewer}
	states = []broadcast.State{broadcast.StateIdle, broadcast.StateLive, broadcast.StateAway}
	// vias are the doors that sessions come by.
	vias = []string{"websocket", "whip", "whep", other}
	// doors are what requests are for.
	doors = []string{"websocket", "whip", "whep", "api", "page", other}
	codes = []broadcast.Code{
		broadcast.CodeBadRequest, broadcast.CodeUnauthorized, broadcast.CodeForbidden, broadcast.CodeRoomBusy,
		broadcast.CodeRoomFull, broadcast.CodeNotLive, broadcast.CodeCodecUnsupported, broadcast.CodeTooLarge,
		broadcast.CodeRateLimited, broadcast.CodeShuttingDown, broadcast.CodeInternal, "not-found", other,
	}
	causes = []error{
		broadcast.ErrLeft, broadcast.ErrReplaced, broadcast.ErrNeverConnected, broadcast.ErrSilent, broadcast.ErrShuttingDown,
		broadcast.ErrAbandoned, broadcast.ErrFlood, broadcast.ErrRemoved, broadcast.ErrBlocked, broadcast.ErrEnded, broadcast.ErrHandedOver,
	}
)

// causeWord is why a session ended: one of the causes, or an error's code.
func causeWord(cause error) string {
	for _, known := range causes {
		if errors.Is(cause, known) {
			return wordOf(known)
		}
	}
	return codeWord(broadcast.AsError(cause).Code)
}

func causeWords() (words []string) {
	for _, cause := range causes {
		words = append(words, wordOf(cause))
	}
	for _, code := range codes {
		words = append(words, string(code))
	}
	return words
}

// wordOf is "never-connected" for "never connected".
func wordOf(cause error) string {
	return strings.ReplaceAll(strings.ToLower(cause.Error()), " ", "-")
}

func codeWord(code broadcast.Code) string {
	if slices.Contains(codes, code) {
		return string(code)
	}
	return other
}

func viaWord(via string) string {
	if slices.Contains(vias, via) {
		return via
	}
	return other
}

// doorOf is what requests to the pattern of a handler are for; "" is none that got
// as far as to one.
func doorOf(pattern string) string {
	_, path, is := strings.Cut(pattern, " ")
	if !is {
		path = pattern
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "ws":
		return "websocket"
	case "whip", "whep", "api":
		return first
	case "healthz", "readyz", "metrics":
		return other
	}
	if path == "" {
		return other
	}
	return "page"
}
