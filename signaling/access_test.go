package signaling

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"relay/broadcast"
	"relay/signaling/access"
)

// onlyTeachers lets everybody with a token watch, and teachers present.
type onlyTeachers struct{ access.Open }

func (onlyTeachers) Admit(r access.Request) (access.Grant, error) {
	switch {
	case r.Credential == "":
		return access.Grant{}, refuse(broadcast.CodeUnauthorized, "This needs a token.")
	case r.Role == access.Publish && r.Credential != "teacher":
		return access.Grant{}, refuse(broadcast.CodeForbidden, "Only teachers present.")
	}
	return access.Grant{Keyed: true}, nil
}

func TestAuthorizeRequests(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Access = onlyTeachers{} })
	send, receive := offerOf(t, newPeer(t, sendonly), nil), offerOf(t, newPeer(t, recvonly), nil)
	for name, test := range map[string]struct {
		method, path, authorization string
		status                      int
	}{
		"nobody presents":    {"POST", "/whip/math", "", 401},
		"pupil presents":     {"POST", "/whip/math", "Bearer pupil", 403},
		"teacher presents":   {"POST", "/whip/math", "bearer teacher", 201},
		"other scheme":       {"POST", "/whip/physics", "Basic teacher", 401},
		"nobody watches":     {"POST", "/whep/art", "", 401},
		"pupil watches":      {"POST", "/whep/art", "Bearer pupil", 409},
		"nobody asks":        {"GET", "/api/rooms/art", "", 401},
		"pupil asks":         {"GET", "/api/rooms/art", "Bearer pupil", 200},
		"preflight has none": {"OPTIONS", "/whip/math", "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			h := *h
			h.t = t
			offer := send
			if strings.HasPrefix(test.path, "/whep/") {
				offer = receive
			}
			got := h.request(test.method, test.path, offer, offers, "Authorization: "+test.authorization).want(t, test.status, "")
			if asks := got.header.Get("WWW-Authenticate"); (asks == `Bearer realm="relay"`) != (test.status == 401) {
				t.Errorf("WWW-Authenticate: %s", asks)
			}
		})
	}
}

func TestAuthorizePages(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Access = onlyTeachers{} })
	for _, test := range []struct {
		path, field, token string
		code               broadcast.Code
	}{
		{"push/math", "key", "", broadcast.CodeUnauthorized},
		{"push/math", "key", "pupil", broadcast.CodeForbidden},
		{"push/math", "key", "teacher", ""},
		{"pull/math", "token", "pupil", ""},
	} {
		p := h.open(test.path)
		p.send(map[string]any{"type": "join", test.field: test.token})
		if test.code == "" {
			p.expect("welcome")
			continue
		}
		p.expectError(test.code)
		p.expectClose(websocket.ClosePolicyViolation)
	}
}

func TestBearerToken(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "Bearer": "", "Bearer abc": "abc", "bearer  abc ": "abc", "Basic abc": "", "BearerX abc": "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		if got := bearerToken(r); got != want {
			t.Errorf("%q has %q", header, got)
		}
	}
}
