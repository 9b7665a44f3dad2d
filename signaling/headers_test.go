package signaling

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// wantHeaders fails the test for each of headers that a response lacks. What any page
// may load has another policy for that.
func wantHeaders(t *testing.T, what string, got http.Header, loadable bool) {
	t.Helper()
	for name, want := range headers {
		if name == "Cross-Origin-Resource-Policy" && loadable {
			want = "cross-origin"
		}
		if got.Get(name) != want {
			t.Errorf("%s: %s is %q", what, name, got.Get(name))
		}
	}
}

var doors = regexp.MustCompile(`2.7:8080/(whip|whep)/[^/]+(/[^/]+)?$`)

// TestHeadersOnEveryKindOfResponse: without a session.
func TestHeadersOnEveryKindOfResponse(t *testing.T) {
	ca := &x509.Certificate{Subject: pkix.Name{CommonName: "relay"}}
	s := newTestServer(t, newHouse(t).relay, func(c *Config) { c.CA, c.HTTPS = ca, true })
	const box = "http://192.0.2.7:8080"
	for _, test := range []struct {
		name, method, target, header string
		status                       int
	}{
		{"problem", "POST", box + "/whip/math", "", 415},
		{"wrong method", "PUT", box + "/whip/math", "", 405},
		{"preflight", "OPTIONS", box + "/whip/math", "Origin: https://school.example", 200},
		{"nothing to say", "GET", box + "/whip/math", "", 204},
		{"room that can't be", "GET", box + "/whep/a.b", "", 400},
		{"session that is not", "DELETE", box + "/whep/math/abc", "", 404},
		{"events that are not", "GET", box + "/whep/math/abc/sse/x", "", 404},
		{"neighbour", "GET", box + "/api", "", 404},
		{"room", "GET", box + "/api/rooms/math", "", 200},
		{"rooms", "GET", box + "/api/rooms", "", 200},
		{"QR code", "GET", box + "/qr.svg?url=" + box + "/pull/math", "", 200},
		{"no QR code", "GET", box + "/qr.svg", "", 400},
		{"CA", "GET", box + "/trust/ca.json", "", 200},
		{"CA's file", "GET", box + "/trust/relay-ca.crt", "", 200},
		{"other origin", "GET", box + "/api/rooms/math", "Origin: https://evil.example", 403},
		{"other host, a page", "GET", "http://evil.example/push", "", 421},
		{"other host, a program", "GET", "http://evil.example/whip/math", "", 421},
		{"no WebSocket", "GET", box + "/ws/pull/math", "", 400},
		{"redirect to HTTPS", "GET", box + "/push/math", "", 307},
		{"redirect to the clean path", "GET", box + "//api/rooms", "", 307},
		{"panic", "GET", box + "/bug/1", "", 500},
	} {
		r := httptest.NewRequest(test.method, test.target, nil)
		if name, value, ok := strings.Cut(test.header, ": "); ok {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s: %d, want %d: %.200s", test.name, w.Code, test.status, w.Body)
		}
		if w.Code == http.StatusMisdirectedRequest && test.name == "other host, a page" {
			if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("%s: policy %q", test.name, policy)
			}
			w.Header().Set("Content-Security-Policy", headers["Content-Security-Policy"])
		}
		wantHeaders(t, test.name, w.Header(), doors.MatchString(test.target))
	}
}

// TestHeadersOfASession: what is answered to whoever has one.
func TestHeadersOfASession(t *testing.T) {
	h := newHouse(t)
	created := h.request("POST", "/whip/math", offerOf(t, newPeer(t, sendonly), nil), offers).want(t, 201, "v=0")
	wantHeaders(t, "answer", created.header, true)
	session := created.header.Get("Location")
	wantHeaders(t, "session", h.request("GET", session, "").want(t, 204, "").header, true)
	wantHeaders(t, "bad restart", h.request("PATCH", session, "x", fragments, `If-Match: "*"`).want(t, 400, "").header, true)
	wantHeaders(t, "end", h.request("DELETE", session, "").want(t, 200, "").header, true)
}
