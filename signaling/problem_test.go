package signaling

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"relay/broadcast"
)

func TestExplain(t *testing.T) {
	for _, test := range []struct {
		err        error
		status     int
		closeCode  int
		reason     string
		retryAfter time.Duration
	}{
		{broadcast.ErrLeft, 409, 1000, "left", 0},
		{broadcast.ErrReplaced, 409, 1000, "replaced", 0},
		{broadcast.ErrNeverConnected, 409, 1013, "never-connected", time.Second},
		{broadcast.ErrSilent, 409, 1013, "silent", time.Second},
		{broadcast.ErrAbandoned, 409, 1013, "abandoned", time.Second},
		{broadcast.ErrFlood, 429, 1008, "flood", 10 * time.Second},
		{broadcast.ErrRemoved, 403, 1008, "removed", 0},
		{broadcast.ErrBlocked, 403, 1008, "blocked", 0},
		{broadcast.ErrEnded, 409, 1000, "ended", 0},
		{broadcast.ErrHandedOver, 409, 1000, "handed-over", 0},
		{broadcast.ErrShuttingDown, 503, 1012, "shutting-down", 2 * time.Second},
		{fmt.Errorf("wrapped: %w", broadcast.ErrSilent), 409, 1013, "silent", time.Second},
		{errFlood, 429, 1008, "flood", 2 * time.Second},
		{&broadcast.Error{Code: broadcast.CodeRateLimited, Reason: broadcast.ReasonTooMuch, Sentence: "Much."}, 429, 1008, "too-much", 2 * time.Second},
		{refuse(broadcast.CodeRoomBusy, "Busy."), 409, 1013, "failed", 2 * time.Second},
		{refuse(broadcast.CodeTooLarge, "Large."), 413, 1009, "failed", 2 * time.Second},
		{refuse(broadcast.CodeBadRequest, "Bad."), 400, 1008, "failed", 2 * time.Second},
		{errors.New("the disk is on fire"), 500, 1011, "failed", 2 * time.Second},
	} {
		p := explain(test.err)
		if p.status != test.status || p.closeCode != test.closeCode || p.reason != test.reason || p.retryAfter != test.retryAfter {
			t.Errorf("%v: got %d, %d, %q, %v", test.err, p.status, p.closeCode, p.reason, p.retryAfter)
		}
		if p.Sentence == "" {
			t.Errorf("%v has no sentence", test.err)
		}
	}
}

func TestEveryCodeHasAStatus(t *testing.T) {
	for _, code := range []broadcast.Code{
		broadcast.CodeBadRequest, broadcast.CodeUnauthorized, broadcast.CodeForbidden, broadcast.CodeRoomBusy,
		broadcast.CodeRoomFull, broadcast.CodeNotLive, broadcast.CodeCodecUnsupported, broadcast.CodeTooLarge,
		broadcast.CodeRateLimited, broadcast.CodeShuttingDown, broadcast.CodeInternal,
	} {
		if explain(refuse(code, "x")).status < 400 {
			t.Errorf("%s has no status", code)
		}
	}
}

func TestProblemDetails(t *testing.T) {
	w := httptest.NewRecorder()
	writeProblem(w, broadcast.ErrShuttingDown)
	var body struct {
		Title, Detail, Code string
		Status              int
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if w.Code != 503 || body.Status != 503 || body.Code != "shutting-down" || body.Title != "Service Unavailable" || body.Detail == "" {
		t.Errorf("got %d %+v", w.Code, body)
	}
	if h := w.Header(); h.Get("Content-Type") != "application/problem+json" || h.Get("Retry-After") != "2" {
		t.Errorf("got %v", h)
	}
}

func TestRefusalsSayWhenToComeBack(t *testing.T) {
	for err, want := range map[error]string{
		errPatchFlood: "10", errFlood: "10", refuse(broadcast.CodeRoomBusy, "Busy."): "5",
		&broadcast.Error{Code: broadcast.CodeRateLimited, RetryAfter: 3 * time.Second}: "3", errRoomName: "",
	} {
		w := httptest.NewRecorder()
		writeProblem(w, err)
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestInternalErrorsAreNotTold(t *testing.T) {
	w := httptest.NewRecorder()
	writeProblem(w, errors.New("secret"))
	if w.Code != 500 || !json.Valid(w.Body.Bytes()) || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
