package signaling

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"relay/broadcast"
)

// problem is one failure, or one session's end, in every way it is told.
type problem struct {
	*broadcast.Error
	status     int    // HTTP
	closeCode  int    // RFC 6455 section 7.4.1
	reason     string // of bye
	retryAfter time.Duration
}

// codeNotFound is for what this relay does not have.
const codeNotFound broadcast.Code = "not-found"

// statuses are the HTTP status of each code. RFC 9110, but for 429 (RFC 6585).
var statuses = map[broadcast.Code]int{
	broadcast.CodeBadRequest:       http.StatusBadRequest,
	broadcast.CodeUnauthorized:     http.StatusUnauthorized,
	broadcast.CodeForbidden:        http.StatusForbidden,
	broadcast.CodeRoomBusy:         http.StatusConflict,
	broadcast.CodeRoomFull:         http.StatusServiceUnavailable,
	broadcast.CodeNotLive:          http.StatusConflict,
	broadcast.CodeCodecUnsupported: http.StatusUnprocessableEntity,
	broadcast.CodeTooLarge:         http.StatusRequestEntityTooLarge,
	broadcast.CodeRateLimited:      http.StatusTooManyRequests,
	broadcast.CodeShuttingDown:     http.StatusServiceUnavailable,
	broadcast.CodeInternal:         http.StatusInternalServerError,
	codeNotFound:                   http.StatusNotFound,
}

// withStatus is an error whose HTTP status says more than its code.
type withStatus struct {
	error
	status int
}

func (w withStatus) Unwrap() error { return w.error }

// retryLater is when a request that met with an error of this code may come
// again, where the error does not know better.
var retryLater = map[broadcast.Code]time.Duration{
	broadcast.CodeRoomBusy:    5 * time.Second,
	broadcast.CodeRoomFull:    5 * time.Second,
	broadcast.CodeRateLimited: floodWindow,
}

// closeCodes are those of the codes that are not simply a policy violation.
var closeCodes = map[broadcast.Code]int{
	broadcast.CodeInternal:     websocket.CloseInternalServerErr,
	broadcast.CodeTooLarge:     websocket.CloseMessageTooBig,
	broadcast.CodeRoomBusy:     websocket.CloseTryAgainLater,
	broadcast.CodeRoomFull:     websocket.CloseTryAgainLater,
	broadcast.CodeShuttingDown: websocket.CloseServiceRestart,
}

// ending is what a cause that is no broadcast.Error means. retryAfter is when
// a page that still wants media comes back.
type ending struct {
	cause      error
	reason     string
	closeCode  int
	retryAfter time.Duration
	code       broadcast.Code
	sentence   string
}

var endings = []ending{
	{broadcast.ErrLeft, "left", websocket.CloseNormalClosure, 0,
		broadcast.CodeNotLive, "The page has left."},
	{broadcast.ErrReplaced, "replaced", websocket.CloseNormalClosure, 0,
		broadcast.CodeNotLive, "This session goes on elsewhere."},
	{broadcast.ErrNeverConnected, "never-connected", websocket.CloseTryAgainLater, time.Second,
		broadcast.CodeNotLive, "No media path came up: UDP between this browser and the relay may be blocked."},
	{broadcast.ErrSilent, "silent", websocket.CloseTryAgainLater, time.Second,
		broadcast.CodeNotLive, "Nothing was heard of this browser for too long."},
	{broadcast.ErrAbandoned, "abandoned", websocket.CloseTryAgainLater, time.Second,
		broadcast.CodeNotLive, "The page went away before it had a media path."},
	{broadcast.ErrFlood, "flood", websocket.ClosePolicyViolation, 10 * time.Second,
		broadcast.CodeRateLimited, "This browser sent what no browser sends."},
	{broadcast.ErrRemoved, "removed", websocket.ClosePolicyViolation, 0,
		broadcast.CodeForbidden, "Who presents has removed this viewer from the room."},
	{broadcast.ErrBlocked, "blocked", websocket.ClosePolicyViolation, 0,
		broadcast.CodeForbidden, "Who presents has blocked this device in the room."},
	{broadcast.ErrEnded, "ended", websocket.CloseNormalClosure, 0,
		broadcast.CodeNotLive, "The presentation was ended for everybody."},
	{broadcast.ErrHandedOver, "handed-over", websocket.CloseNormalClosure, 0,
		broadcast.CodeRoomBusy, "The room was handed over to another presenter."},
	{broadcast.ErrShuttingDown, "shutting-down", websocket.CloseServiceRestart, 2 * time.Second,
		broadcast.CodeShuttingDown, "The relay is stopping, or starting again."},
}

// explain turns a failure, or the cause of a session's end, into a problem.
// What has no sentence of its own is internal, and told to nobody but the log.
func explain(err error) problem {
	for _, e := range endings {
		if errors.Is(err, e.cause) {
			return e.problem().later(err)
		}
	}
	told := broadcast.AsError(err)
	reason := "failed"
	switch {
	case told.Reason == broadcast.ReasonTooMuch:
		reason = told.Reason
	case told.Code == broadcast.CodeRateLimited:
		reason = "flood"
	}
	closeCode, ok := closeCodes[told.Code]
	if !ok {
		closeCode = websocket.ClosePolicyViolation
	}
	return problem{told, statusOf(err, told), closeCode, reason, max(told.RetryAfter, 2*time.Second)}
}

func statusOf(err error, told *broadcast.Error) int {
	if own := (withStatus{}); errors.As(err, &own) {
		return own.status
	}
	return statuses[told.Code]
}

func (e ending) problem() problem {
	told := &broadcast.Error{Code: e.code, Sentence: e.sentence, RetryAfter: e.retryAfter}
	if e.code == broadcast.CodeForbidden {
		told.Reason = e.reason
	}
	return problem{told, statuses[e.code], e.closeCode, e.reason, e.retryAfter}
}

// farewell is the bye of p.
func (p problem) farewell() bye {
	return bye{Type: "bye", Reason: p.reason, RetryAfter: p.retryAfter.Seconds()}
}

// writeProblem answers a request with RFC 9457's problem details.
func writeProblem(w http.ResponseWriter, err error) {
	p := explain(err)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if after := cmp.Or(p.RetryAfter, retryLater[p.Code]); after > 0 {
		h.Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
	}
	if p.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="relay"`) // RFC 6750 section 3
	}
	limitWrite(w)
	w.WriteHeader(p.status)
	body := struct {
		Title  string         `json:"title"`
		Status int            `json:"status"`
		Detail string         `json:"detail"`
		Code   broadcast.Code `json:"code"`
		Reason string         `json:"reason,omitempty"`
		Since  *time.Time     `json:"since,omitempty"` // room-busy
	}{http.StatusText(p.status), p.status, p.Sentence, p.Code, p.Reason, orNull(p.Since)}
	// The response has begun: an error here means that nobody listens any more.
	_ = json.NewEncoder(w).Encode(body)
}
