package signaling

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// TestNamesOfTokensStay: who comes back needs no token, and has the name that it gave.
func TestNamesOfTokensStay(t *testing.T) {
	h := newGuardedHouse(t)
	token := tokenFor(t, access.Claims{Room: "math", Roles: []access.Role{access.View}, Name: "Anna"}, time.Hour)
	p := h.open("pull/math")
	p.send(map[string]any{"type": "join", "token": token})
	resume := p.expect("welcome").Resume
	again := h.open("pull/math")
	again.send(map[string]any{"type": "join", "resume": resume, "name": "Ben"})
	resume = again.expect("welcome").Resume
	if people := h.relay.People("math").Viewers; len(people) != 1 || people[0].Name != "Anna" {
		t.Errorf("people are %+v", people)
	}
	again = h.open("pull/math")
	again.send(map[string]any{"type": "join", "resume": resume,
		"token": tokenFor(t, access.Claims{Room: "math", Roles: []access.Role{access.View}, Name: "Anna B."}, time.Hour)})
	again.expect("welcome")
	if people := h.relay.People("math").Viewers; len(people) != 1 || people[0].Name != "Anna B." {
		t.Errorf("people are %+v", people)
	}
}

// TestNamesOfTokensThatAsk: it is by the name that a presenter gives the room away.
func TestNamesOfTokensThatAsk(t *testing.T) {
	h := newGuardedHouse(t)
	p := h.open("push/math")
	p.send(map[string]any{"type": "join", "key": "math-publish"})
	p.expect("welcome")
	p.negotiate(newPeer(t, sendonly), nil)
	p.expectRoom(live)
	token := tokenFor(t, access.Claims{Room: "math", Roles: []access.Role{access.Publish}, Name: "Ben"}, time.Hour)
	h.request("POST", "/api/rooms/math/requests", `{"secret":"`+herSecret+`","name":"The headmaster"}`, jsonBody, bearer(token)).want(t, 200, "waiting")
	if asked := h.relay.People("math").Requests; len(asked) != 1 || asked[0].Name != "Ben" {
		t.Errorf("asked is by %+v", asked)
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
