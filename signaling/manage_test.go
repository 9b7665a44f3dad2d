package signaling

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"relay/broadcast"
	"relay/signaling/access"
)

// managers lets whoever has the word manage any room, and everybody do all else.
type managers struct{ access.Open }

func (managers) Admit(r access.Request) (access.Grant, error) {
	if r.Role == access.Manage && r.Credential != "manager" {
		return access.Grant{}, refuse(broadcast.CodeUnauthorized, "This needs a token for managing the room.")
	}
	return access.Grant{}, nil
}

const (
	jsonBody   = "Content-Type: application/json"
	asManager  = "Authorization: Bearer manager"
	adasDevice = "ada_0123456789abcdef"
	evesDevice = "eve_0123456789abcdef"
	herSecret  = "0123456789abcdef0123456789abcdef"
)

func newManagedHouse(t *testing.T) *house {
	t.Helper()
	return newHouse(t, func(c *Config) { c.Access = managers{} })
}

// manage sends an order of the manager's.
func (h *house) manage(method, path, body string) exchange {
	h.t.Helper()
	return h.request(method, "/api/rooms/math"+path, body, jsonBody, asManager)
}

func (h *house) people() (report peopleReport) {
	h.t.Helper()
	got := h.manage("GET", "/viewers", "").want(h.t, 200, "")
	if err := json.Unmarshal([]byte(got.body), &report); err != nil {
		h.t.Fatal(err)
	}
	return report
}

// idOf is the viewer's of that name.
func (h *house) idOf(name string) string {
	h.t.Helper()
	for _, v := range h.people().Viewers {
		if v.Name != nil && *v.Name == name {
			return v.ID
		}
	}
	h.t.Fatalf("there is no %s", name)
	return ""
}

// come opens a socket as a viewer with a name and a device, and joins.
func (h *house) come(name, device string) *page {
	h.t.Helper()
	p := h.open("pull/math")
	p.send(map[string]any{"type": "join", "name": name, "device": device})
	return p
}

// Whoever presents may manage, by the secret of the session as it is now, and nobody
// else without a credential.
func TestWhoManages(t *testing.T) {
	h := newHouse(t) // open
	_, opened := h.join("push/math", "")
	presenter, first := h.join("push/math", "")
	_, viewer := h.join("pull/math", "")
	may := func(token string) bool {
		return h.request("GET", "/api/rooms/math/viewers", "", "Authorization: Bearer "+token).status == 200
	}
	if may(first.Resume) {
		t.Error("a page that does not present yet")
	}
	presenter.negotiate(newPeer(t, sendonly), nil)
	presenter.expectRoom(live)
	if !may(first.Resume) {
		t.Error("not who presents")
	}
	presenter, second := h.join("push/math", first.Resume)
	if may(first.Resume) || !may(second.Resume) {
		t.Error("not by the secret that counts now")
	}
	for who, token := range map[string]string{"nobody": "", "a stranger": "x", "a viewer": viewer.Resume, "another page": opened.Resume} {
		if may(token) {
			t.Errorf("%s may", who)
		}
	}
	_ = presenter.ws.Close()
	other, welcome := h.join("push/art", "")
	other.negotiate(newPeer(t, sendonly), nil)
	other.expectRoom(live)
	if may(welcome.Resume) {
		t.Error("who presents in another room may")
	}
	// Over HTTP it is the secret that the 201 had.
	c, secret := h.take("/whip/physics", "of its own making", newPeer(t, sendonly))
	h.request("GET", "/api/rooms/physics/viewers", "", "Authorization: Bearer "+secret).want(t, 200, `"viewers":[]`)
	c.delete().want(t, 200, "")
	h.request("GET", "/api/rooms/physics/viewers", "", "Authorization: Bearer "+secret).want(t, 401, "unauthorized")
}

func TestEveryOrderNeedsARight(t *testing.T) {
	h := newManagedHouse(t)
	for _, order := range []struct{ method, path, body string }{
		{"GET", "/viewers", ""}, {"HEAD", "/viewers", ""}, {"DELETE", "/viewers/x", ""}, {"POST", "/blocked", `{"viewer":"x"}`},
		{"DELETE", "/blocked/x", ""}, {"POST", "/requests/x", `{"grant":true}`}, {"PATCH", "", `{"locked":true}`}, {"DELETE", "", ""},
	} {
		for _, token := range []string{"", "Bearer wrong", "Basic manager"} {
			got := h.request(order.method, "/api/rooms/math"+order.path, order.body, jsonBody, "Authorization: "+token)
			if got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s with %q: %d %s", order.method, order.path, token, got.status, got.body)
			}
		}
		got := h.request(order.method, "/api/rooms/a%20b"+order.path, order.body, jsonBody, asManager)
		if got.status != 400 {
			t.Errorf("%s %s of no room: %d %s", order.method, order.path, got.status, got.body)
		}
		got = h.request(order.method, "/api/rooms/math"+order.path, order.body, jsonBody, asManager, "Origin: https://elsewhere.example")
		if got.status != 403 {
			t.Errorf("%s %s from a stranger's page: %d %s", order.method, order.path, got.status, got.body)
		}
	}
}

func TestOrdersThatCannotBe(t *testing.T) {
	h := newManagedHouse(t)
	h.join("push/math", "")
	long := `{"viewer":"` + strings.Repeat("x", maxOrder) + `"}`
	for name, test := range map[string]struct {
		method, path, body, kind string
		status                   int
		says                     string
	}{
		"no body":             {"PATCH", "", "", jsonBody, 400, "JSON object"},
		"no rule":             {"PATCH", "", "{}", jsonBody, 400, "maxViewers"},
		"null for a lock":     {"PATCH", "", `{"locked":null}`, jsonBody, 400, "maxViewers"},
		"array":               {"PATCH", "", `[true]`, jsonBody, 400, "JSON object"},
		"null":                {"PATCH", "", `null`, jsonBody, 400, "JSON object"},
		"half":                {"PATCH", "", `{"locked":tr`, jsonBody, 400, "not valid JSON"},
		"two":                 {"PATCH", "", `{"locked":true}{}`, jsonBody, 400, "more in it"},
		"spelled wrong":       {"PATCH", "", `{"lock":true}`, jsonBody, 400, `no field \"lock\"`},
		"lock by a word":      {"PATCH", "", `{"locked":"yes"}`, jsonBody, 400, `\"locked\" cannot be a JSON string`},
		"bound by a word":     {"PATCH", "", `{"maxViewers":"20"}`, jsonBody, 400, "whole number"},
		"no viewers at all":   {"PATCH", "", `{"maxViewers":0}`, jsonBody, 400, "whole number"},
		"less than none":      {"PATCH", "", `{"maxViewers":-1}`, jsonBody, 400, "whole number"},
		"half a viewer":       {"PATCH", "", `{"maxViewers":1.5}`, jsonBody, 400, "whole number"},
		"too many":            {"PATCH", "", `{"maxViewers":1000001}`, jsonBody, 400, "whole number"},
		"far too many":        {"PATCH", "", `{"maxViewers":1e300}`, jsonBody, 400, "whole number"},
		"nested":              {"PATCH", "", `{"locked":[[[[[true]]]]]}`, jsonBody, 400, "nested"},
		"too long":            {"POST", "/blocked", long, jsonBody, 413, "too-large"},
		"another type":        {"POST", "/blocked", `viewer=x`, "Content-Type: application/x-www-form-urlencoded", 415, "application/json"},
		"nobody to block":     {"POST", "/blocked", `{}`, jsonBody, 404, "not-found"},
		"unknown to block":    {"POST", "/blocked", `{"viewer":"x"}`, jsonBody, 404, "not-found"},
		"unknown to remove":   {"DELETE", "/viewers/x", "", jsonBody, 404, "not-found"},
		"unknown to unblock":  {"DELETE", "/blocked/x", "", jsonBody, 404, "not-found"},
		"unknown request":     {"POST", "/requests/x", `{"grant":true}`, jsonBody, 404, "not-found"},
		"answer without one":  {"POST", "/requests/x", `{}`, jsonBody, 400, "grant"},
		"short secret":        {"POST", "/requests", `{"secret":"short"}`, jsonBody, 400, "secret"},
		"no secret":           {"POST", "/requests", `{}`, jsonBody, 400, "secret"},
		"secret with a space": {"POST", "/requests", `{"secret":"0123456789abcdef 0123456789"}`, jsonBody, 400, "secret"},
		"long secret":         {"POST", "/requests", `{"secret":"` + strings.Repeat("x", 65) + `"}`, jsonBody, 400, "secret"},
		"long name":           {"POST", "/requests", `{"secret":"` + herSecret + `","name":"` + strings.Repeat("x", 65) + `"}`, jsonBody, 400, "name"},
		"method":              {"PUT", "/viewers", "", jsonBody, 405, "method"},
		"no such thing":       {"GET", "/viewers/x/y", "", jsonBody, 404, "not-found"},
	} {
		t.Run(name, func(t *testing.T) {
			h := *h
			h.t = t
			h.request(test.method, "/api/rooms/math"+test.path, test.body, test.kind, asManager).want(t, test.status, test.says)
		})
	}
	h.request("PATCH", "/api/rooms/empty", `{"locked":true}`, jsonBody, asManager).want(t, 409, "not-live")
	h.request("DELETE", "/api/rooms/empty", "", asManager).want(t, 204, "")
	h.request("GET", "/api/rooms/empty/viewers", "", asManager).want(t, 200,
		`{"room":"empty","locked":false,"maxViewers":null,"viewers":[],"blocked":[],"requests":[]}`)
}

func TestPeopleOnTheWire(t *testing.T) {
	since := time.Date(2026, 3, 4, 10, 42, 0, 0, time.UTC)
	for want, v := range map[string]broadcast.Viewer{
		`{"id":"a1","name":"Ada","since":"2026-03-04T10:42:00Z","browser":"Chrome on Linux","via":"websocket","connected":true,"codec":"VP8","bitrate":2500000,"loss":0.25,"rtt":0.012,"picture":true,"trouble":null}`: {
			ID: "a1", Name: "Ada", Since: since, Browser: "Chrome on Linux", Via: "websocket", Connected: true, Codec: broadcast.CodecVP8,
			Bitrate: 2_500_000, Loss: 0.25, RTT: 12 * time.Millisecond, Picture: true},
		`{"id":"b2","name":null,"since":"2026-03-04T10:42:00Z","browser":null,"via":"whep","connected":false,"codec":null,"bitrate":0,"loss":0,"rtt":null,"picture":false,"trouble":"codec-unsupported"}`: {
			ID: "b2", Since: since, Via: "whep", Trouble: &broadcast.Error{Code: broadcast.CodeCodecUnsupported}},
	} {
		if got, err := json.Marshal(reportOfViewer(v)); err != nil || string(got) != want {
			t.Errorf("got  %s (%v)\nwant %s", got, err, want)
		}
	}
}

func TestPeopleSayWhoTheyAre(t *testing.T) {
	h := newManagedHouse(t)
	h.publish()
	ws, _, err := websocket.DefaultDialer.Dial(h.url+"/ws/pull/math",
		http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	ada := &page{t, ws}
	ada.send(map[string]any{"type": "join", "name": " Ada\u202e ", "device": adasDevice})
	ada.expect("welcome")
	h.request("POST", "/whep/math", offerOf(t, newPeer(t, recvonly), nil), offers,
		"Relay-Name: %E5%9F%83%E8%BE%BE", "User-Agent: VLC/3.0.21 LibVLC/3.0.21").want(t, 201, "")
	viewers := h.people().Viewers
	if len(viewers) != 2 || *viewers[0].Name != "Ada" || *viewers[0].Browser != "Firefox on Linux" || viewers[0].Via != "websocket" ||
		*viewers[1].Name != "埃达" || *viewers[1].Browser != "VLC" || viewers[1].Via != "whep" {
		t.Errorf("%+v", viewers)
	}
	for _, name := range []string{"%zz", "%ff", strings.Repeat("x", 65)} {
		h.request("POST", "/whep/math", offerOf(t, newPeer(t, recvonly), nil), offers, "Relay-Name: "+name).want(t, 400, "bad-request")
	}
	ada.send(map[string]any{"type": "picture", "picture": true})
	ada.send(map[string]any{"type": "picture", "picture": "yes"})
	ada.expectError(broadcast.CodeBadRequest)
	ada.alive()
}

func TestEndForAllOnTheWire(t *testing.T) {
	h := newManagedHouse(t)
	presenter, _ := h.join("push/math", "")
	presenter.negotiate(newPeer(t, sendonly), nil)
	viewer := h.come("Ada", adasDevice)
	viewer.expect("welcome")
	viewer.negotiate(newPeer(t, recvonly), nil)
	h.manage("DELETE", "", "").want(t, 204, "")
	for _, p := range []*page{presenter, viewer} {
		if m := p.expect("bye"); m.Reason != "ended" || m.RetryAfter != 0 {
			t.Errorf("%+v", m)
		}
		p.expectClose(websocket.CloseNormalClosure)
	}
	if code, _, _ := h.whep(offers); code != "not-live" {
		t.Errorf("a player after that: %s", code)
	}
}

func FuzzOrder(f *testing.F) {
	for _, text := range []string{`{"locked":true,"maxViewers":20}`, `{"maxViewers":null}`, `{"viewer":"a1"}`, `{"grant":false}`, herRequest, `{"secret":"x","withdraw":true}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var rules struct {
			Locked     *bool `json:"locked"`
			MaxViewers bound `json:"maxViewers"`
		}
		var asked wish
		for _, order := range []any{&rules, &asked} {
			err := parseOrder(text, order)
			var refused *broadcast.Error
			if err != nil && (!errors.As(err, &refused) || refused.Sentence == "" || refused.Code != broadcast.CodeBadRequest) {
				t.Fatalf("an error without a sentence: %v", err)
			}
			if err == nil && !json.Valid(text) {
				t.Fatalf("%q was accepted", text)
			}
		}
		if b := rules.MaxViewers; b.most < 0 || b.most > mostViewers || b.most > 0 && !b.named {
			t.Fatalf("%q bounds viewers to %+v", text, b)
		}
		_ = asked.check()
	})
}
