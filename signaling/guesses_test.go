package signaling

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"relay/signaling/access"
)

// guessUntilSlow uses up the answers that leave at once.
func (h *house) guessUntilSlow() {
	for {
		turn, err := h.server.guesses.Queue(netip.MustParseAddr("127.0.0.1"), time.Now())
		if err != nil {
			h.t.Fatal(err)
		}
		turn.Done()
		if turn.Wait > 0 {
			return
		}
	}
}

// TestWrongKeysWait: their answers do, at both kinds of doors, and a right one's does not.
func TestWrongKeysWait(t *testing.T) {
	h := newGuardedHouse(t)
	h.guessUntilSlow()
	began := time.Now()
	h.request("GET", "/api/rooms/math", "", bearer("wrong-as-can-be")).want(t, 401, `"reason":"key"`)
	p := h.open("pull/math")
	p.send(map[string]any{"type": "join", "key": "wrong-as-can-be"})
	p.send(map[string]any{"type": "join", "key": "math-view"}) // it had its try
	if m := p.expect("error"); m.Code != "unauthorized" || m.Reason != "key" {
		t.Errorf("%+v", m)
	}
	p.expectClose(websocket.ClosePolicyViolation)
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("two answers after %v", took)
	}
	h.guessUntilSlow()
	began = time.Now()
	h.request("GET", "/api/rooms/math", "", bearer("math-view")).want(t, 200, "")
	if took := time.Since(began); took > 150*time.Millisecond {
		t.Errorf("a right key took %v", took)
	}
}

// TestTooManyWrongKeys: whoever does not wait for answers is told so, and not at once.
func TestTooManyWrongKeys(t *testing.T) {
	h := newGuardedHouse(t)
	takeAll := func() {
		for err := error(nil); err == nil; {
			var turn access.Turn
			turn, err = h.server.guesses.Queue(netip.MustParseAddr("127.0.0.1"), time.Now())
			turn.Done()
		}
	}
	takeAll()
	began := time.Now()
	got := h.request("POST", "/whip/math", "no offer", offers, bearer("wrong-as-can-be")).want(t, 429, "rate-limited")
	if got.header.Get("Retry-After") != "5" {
		t.Errorf("Retry-After: %s", got.header.Get("Retry-After"))
	}
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("told after %v", took)
	}
	takeAll()
	p := h.open("push/math")
	p.send(map[string]any{"type": "join", "key": "wrong-as-can-be"})
	if m := p.expect("error"); m.Code != "rate-limited" || m.RetryAfter != 5 {
		t.Errorf("%+v", m)
	}
	// None at all is no guess.
	h.request("GET", "/api/rooms/math", "").want(t, 401, `"reason":"key"`)
}

// fillTurns leaves one turn, which is 2 s away.
func (h *house) fillTurns() {
	for range 29 {
		turn, err := h.server.guesses.Queue(netip.MustParseAddr("127.0.0.1"), time.Now())
		if err != nil {
			h.t.Fatal(err)
		}
		turn.Done()
	}
}

// TestWhoHangsUpFreesTheTurn: over HTTP, also with a body, and over a WebSocket.
func TestWhoHangsUpFreesTheTurn(t *testing.T) {
	h := newGuardedHouse(t)
	h.fillTurns()
	waiting := func(n int) func() bool { return func() bool { return h.server.guesses.Waiting() == n } }
	began := time.Now()
	for _, body := range []string{"", strings.Repeat("x", 10_000)} {
		ctx, hangUp := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "POST", strings.Replace(h.url, "ws:", "http:", 1)+"/whep/math", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer wrong-as-can-be")
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if response, err := http.DefaultClient.Do(r); err == nil {
				_ = response.Body.Close()
			}
		}()
		h.await("the request to wait", waiting(1))
		hangUp()
		<-ended
		h.await("its turn to be free", waiting(0))
	}
	p := h.open("pull/math")
	p.send(map[string]any{"type": "join", "key": "wrong-as-can-be"})
	h.await("the page to wait", waiting(1))
	if err := p.ws.Close(); err != nil {
		t.Fatal(err)
	}
	h.await("its turn to be free", waiting(0))
	if took := time.Since(began); took > 1500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// TestClosingWaitsForNoAnswer: a relay that ends does not keep those who guess.
func TestClosingWaitsForNoAnswer(t *testing.T) {
	h := newGuardedHouse(t)
	h.fillTurns()
	p := h.open("pull/math")
	p.send(map[string]any{"type": "join", "key": "wrong-as-can-be"})
	h.await("the page to wait", func() bool { return h.server.guesses.Waiting() == 1 })
	began := time.Now()
	h.server.Close()
	if took := time.Since(began); took > 1500*time.Millisecond { // linger is for pages that do not answer
		t.Errorf("it took %v", took)
	}
	if n := h.server.guesses.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
}

// TestClosingAnswersWhoWaits: over HTTP, too.
func TestClosingAnswersWhoWaits(t *testing.T) {
	h := newGuardedHouse(t)
	h.fillTurns()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		h.await("the request to wait", func() bool { return h.server.guesses.Waiting() == 1 })
		h.server.Close()
	}()
	began := time.Now()
	h.request("POST", "/whip/math", "no offer", offers, bearer("wrong-as-can-be")).want(t, 503, "shutting-down")
	if took := time.Since(began); took > 1800*time.Millisecond { // its turn would come after 2 s
		t.Errorf("it took %v", took)
	}
	<-closed
}
