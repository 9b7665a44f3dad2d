package signaling

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"relay/broadcast"
	"relay/signaling/access"
)

const roomsOfTests = `
rooms:
  math:
    title: Mathematics
    publish-key: math-publish
    view-key: math-view
    max-viewers: 3
    max-bitrate: 4
    listed: true
  stage:
    publish-key: stage-publish
    listed: true
`

var testTokens = access.NewTokens("a secret of thirty-two bytes, or more")

// newGuardedHouse is a house whose rooms have keys.
func newGuardedHouse(t *testing.T) *house {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rooms.yaml")
	if err := os.WriteFile(file, []byte(roomsOfTests), 0o600); err != nil {
		t.Fatal(err)
	}
	guard, err := access.NewGuard(access.Config{
		PublishKey: "for-all-publish", ViewKey: "for-all-view", RoomsFile: file,
		Tokens: testTokens, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return newHouse(t, func(c *Config) { c.Access = guard })
}

func bearer(token string) string { return "Authorization: Bearer " + token }

func tokenFor(t *testing.T, claims access.Claims, ttl time.Duration) string {
	t.Helper()
	token, err := testTokens.Sign(claims, time.Now(), ttl)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// use up the answers that leave at once.
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

// TestTooManyWrongKeys: whoever does not wait for answers is told so at once.
func TestTooManyWrongKeys(t *testing.T) {
	h := newGuardedHouse(t)
	for {
		turn, err := h.server.guesses.Queue(netip.MustParseAddr("127.0.0.1"), time.Now())
		if err != nil {
			break
		}
		turn.Done()
	}
	got := h.request("POST", "/whip/math", "no offer", offers, bearer("wrong-as-can-be")).want(t, 429, "rate-limited")
	if got.header.Get("Retry-After") != "5" {
		t.Errorf("Retry-After: %s", got.header.Get("Retry-After"))
	}
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
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
	<-closed
}

// TestInvitation: who presents with a key hands out a token for watching; who needed
// none for presenting has none to give.
func TestInvitation(t *testing.T) {
	h := newGuardedHouse(t)
	p := h.open("push/math")
	p.send(map[string]any{"type": "join", "key": "math-publish"})
	welcome := p.expect("welcome")
	if welcome.Invite == "" || welcome.Title != "Mathematics" {
		t.Fatalf("%+v", welcome)
	}
	got := h.request("GET", "/api/rooms/math", "", bearer(welcome.Invite)).want(t, 200, `"title":"Mathematics"`)
	if strings.Contains(got.body, welcome.Invite) {
		t.Error("the room tells the invitation")
	}
	h.request("GET", "/api/rooms/math/viewers", "", bearer(welcome.Invite)).want(t, 403, "")
	h.request("GET", "/api/rooms/stage", "", bearer(welcome.Invite)).want(t, 403, "")

	viewer := h.open("pull/math")
	viewer.send(map[string]any{"type": "join", "token": welcome.Invite})
	if m := viewer.expect("welcome"); m.Invite != "" {
		t.Error("a viewer is invited")
	}
}

// TestInvitationOverHTTP: our own pages have it in a header, which is no other's.
func TestInvitationOverHTTP(t *testing.T) {
	h := newGuardedHouse(t)
	offer := offerOf(t, newPeer(t, sendonly), nil)
	got := h.request("POST", "/whip/math", offer, offers, bearer("math-publish"), "Relay-Resume: of its own making").want(t, 201, "")
	invite := got.header.Get("Relay-Invite")
	h.request("GET", "/api/rooms/math", "", bearer(invite)).want(t, 200, "")
	h.request("DELETE", got.header.Get("Location"), "").want(t, 200, "")
	got = h.request("POST", "/whip/math", offer, offers, bearer("math-publish")).want(t, 201, "")
	if invite := got.header.Get("Relay-Invite"); invite != "" {
		t.Error("a program is invited")
	}
}

// TestTokenThatEnds: the session that came of it goes on; a new one does not come of it.
func TestTokenThatEnds(t *testing.T) {
	h := newGuardedHouse(t)
	late := tokenFor(t, access.Claims{Room: "math", Roles: []access.Role{access.View}}, -time.Minute)
	p := h.open("pull/math")
	p.send(map[string]any{"type": "join", "key": "math-view"})
	resume := p.expect("welcome").Resume

	again := h.open("pull/math")
	again.send(map[string]any{"type": "join", "token": late, "resume": resume})
	again.expect("welcome")
	for _, shown := range []string{"", resume, "of its own making"} { // resume was used
		late := h.open("pull/math")
		late.send(map[string]any{"type": "join", "token": tokenFor(t, access.Claims{Room: "math", Roles: []access.Role{access.View}}, -time.Minute), "resume": shown})
		if m := late.expect("error"); m.Code != "unauthorized" || m.Reason != "expired" {
			t.Errorf("%+v", m)
		}
	}
	// The secret of another room's session opens no hidden one.
	other := h.open("pull/stage")
	other.send(map[string]any{"type": "join", "key": "for-all-view"})
	stranger := h.open("pull/math")
	stranger.send(map[string]any{"type": "join", "resume": other.expect("welcome").Resume})
	stranger.expectError(broadcast.CodeUnauthorized)
}

// TestNamesOfTokens: what a token calls its holder wins over what the page says.
func TestNamesOfTokens(t *testing.T) {
	h := newGuardedHouse(t)
	token := tokenFor(t, access.Claims{Room: "math", Roles: []access.Role{access.View}, Name: "Anna"}, time.Hour)
	p := h.open("pull/math")
	p.send(map[string]any{"type": "join", "token": token, "name": "Somebody"})
	p.expect("welcome")
	p = h.open("pull/math")
	p.send(map[string]any{"type": "join", "key": "math-view", "name": "Ben"})
	p.expect("welcome")
	manager := tokenFor(t, access.Claims{Room: "m*", Roles: []access.Role{access.Manage}}, time.Hour)
	got := h.request("GET", "/api/rooms/math/viewers", "", bearer(manager)).want(t, 200, `"Anna"`).want(t, 200, `"Ben"`)
	if strings.Contains(got.body, "Somebody") {
		t.Error(got.body)
	}
}

func TestClientOf(t *testing.T) {
	request := func(address, agent string) *http.Request {
		r := httptest.NewRequest("POST", "/whep/math", nil)
		r.RemoteAddr = address
		r.Header.Set("User-Agent", agent)
		return r
	}
	none, one, two := access.Grant{}, access.Grant{ID: "one"}, access.Grant{ID: "two"}
	first := clientOf(request("192.0.2.1:1000", "OBS"), none)
	if deviceOf(first) != first {
		t.Errorf("%s is no device", first)
	}
	for name, test := range map[string]struct {
		device string
		same   bool
	}{
		"another port":    {clientOf(request("192.0.2.1:2000", "OBS"), none), true},
		"another address": {clientOf(request("192.0.2.2:1000", "OBS"), none), false},
		"another program": {clientOf(request("192.0.2.1:1000", "VLC"), none), false},
		"a token":         {clientOf(request("192.0.2.1:1000", "OBS"), one), false},
	} {
		if (test.device == first) != test.same {
			t.Errorf("%s: %s and %s", name, test.device, first)
		}
	}
	if clientOf(request("192.0.2.1:1", "OBS"), one) != clientOf(request("192.0.2.9:9", "VLC"), one) ||
		clientOf(request("192.0.2.1:1", "OBS"), one) == clientOf(request("192.0.2.1:1", "OBS"), two) {
		t.Error("a token is not told by its ID")
	}
}

func TestListOfKeyedRooms(t *testing.T) {
	h := newGuardedHouse(t)
	pc := newPeer(t, sendonly)
	got := h.request("POST", "/whip/math", offerOf(t, pc, nil), offers, bearer("math-publish")).want(t, 201, "")
	connect(t, pc, got.body)
	h.await("a live room", func() bool { return h.relay.Room("math").State == broadcast.StateLive })
	for credential, shown := range map[string]bool{
		"": false, "for-all-view": false, "math-view": true,
		tokenFor(t, access.Claims{Room: "*", Roles: []access.Role{access.View}}, time.Hour):     true,
		tokenFor(t, access.Claims{Room: "stage", Roles: []access.Role{access.View}}, time.Hour): false,
	} {
		got := h.request("GET", "/api/rooms", "", bearer(credential)).want(t, 200, "")
		if strings.Contains(got.body, `"room":"math","title":"Mathematics"`) != shown {
			t.Errorf("%.20q: %s", credential, got.body)
		}
	}
	h.request("GET", "/api/rooms", "", bearer("wrong-as-can-be")).want(t, 401, `"reason":"key"`)
}

func TestQRWithSecret(t *testing.T) {
	s := newTestServer(t, nil)
	link := "http://192.168.1.20:8080/pull/math#token=eyJhbGciOiJIUzI1NiJ9.eyJyb29tIjoibWF0aCJ9.abc-_"
	form := func(address string) string { return "url=" + url.QueryEscape(address) }
	const text, formType = "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"
	for name, test := range map[string]struct {
		kind, body string
		status     int
	}{
		"form":                 {formType, form(link), 200},
		"text":                 {text, link, 200},
		"key":                  {text, "http://box/pull/math#key=my%20key!", 200},
		"plain":                {text, "http://box/pull/math", 200},
		"long":                 {text, "http://box/pull/math#token=" + strings.Repeat("x", 900), 200},
		"too long":             {text, "http://box/pull/math#token=" + strings.Repeat("x", maxQR), 400},
		"far too long":         {text, strings.Repeat("x", maxSecretQR+1), 413},
		"another's":            {text, "http://evil.example/pull/math#token=x", 400},
		"presenter's":          {text, "http://box/push/math#token=x", 400},
		"another fragment":     {text, "http://box/pull/math#x", 400},
		"empty token":          {text, "http://box/pull/math#token=", 400},
		"two fragments":        {text, "http://box/pull/math#token=x#y", 400},
		"script in a token":    {text, "http://box/pull/math#token=<x>", 400},
		"query":                {text, "http://box/pull/math?a=b#token=x", 400},
		"nothing":              {text, "", 400},
		"two addresses":        {formType, form(link) + "&" + form(link), 400},
		"another field":        {formType, "address=x", 400},
		"another type":         {"application/json", `{"url":"http://box/pull"}`, 415},
		"no type":              {"", link, 415},
		"what is no form":      {formType, "url=%zz", 400},
		"address in the query": {text, "", 400},
	} {
		r := httptest.NewRequest("POST", "/qr.svg?"+form("http://box/pull/math"), strings.NewReader(test.body))
		r.Host = "192.168.1.20:8080"
		r.Header.Set("Content-Type", test.kind)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != test.status || strings.HasPrefix(w.Body.String(), "<svg ") != (test.status == 200) || strings.Contains(w.Body.String(), "eyJ") {
			t.Errorf("%s: %d %.200s", name, w.Code, w.Body)
		}
	}
	if response := askQR(s, link); response.StatusCode != http.StatusBadRequest {
		t.Errorf("a secret in a URL: %s", response.Status)
	}
}
