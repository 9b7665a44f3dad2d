package signaling

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func testStrangers(t testing.TB) *strangers {
	t.Helper()
	s, err := newStrangers(
		[]string{"https://school.example", "http://intra.example:8000/"},
		[]string{"Relay.School.Example", "cast.example."},
		"box7.corp.example")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHosts(t *testing.T) {
	label64 := strings.Repeat("a", 64)
	for host, want := range map[string]bool{
		// Addresses can't be rebound.
		"192.168.1.20": true, "192.168.1.20:8080": true, "203.0.113.5:80": true, "0.0.0.0:8080": true,
		"[::1]": true, "[::1]:8080": true, "[fd00::2]:8080": true, "[::ffff:192.0.2.1]:8080": true,
		"[fe80::1%25eth0]:8080": true, "[fe80::1%eth0]": true,
		// Names that nobody outside owns.
		"localhost": true, "localhost:8080": true, "LOCALHOST:8080": true, "localhost.": true,
		"box": true, "box:8080": true, "Box_7": true,
		"relay.local": true, "RELAY.LOCAL:8080": true, "relay.local.": true, "relay.local.:8080": true, "a.b.local": true,
		"app.localhost": true, "nas.lan": true, "nas.internal": true, "nas.home.arpa": true,
		// Names that were allowed, and the machine's own.
		"relay.school.example": true, "RELAY.school.example.:8080": true, "cast.example": true,
		"box7.corp.example:8080": true, "box7.corp.example.": true,
		// Whatever a stranger may own.
		"evil.example": false, "evil.example:8080": false, "evil.example.": false, "EVIL.EXAMPLE": false,
		"192.168.1.20.evil.example": false, "192.168.1.20.nip.io": false, "127.0.0.1.": false,
		"localhost.evil.example": false, "relay.local.evil.example": false, "evil.example.local.com": false,
		"evillocal.example": false, "eviillocalhost.com": false, "x.home.arpa.com": false, "arpa": true, "evil.arpa": false,
		"school.example": false, "x.relay.school.example": false, "relay.school.example.evil.example": false,
		"127.1": false, "0x7f.1": false, "127.0.0.1.1": false, "01.02.03.04": false,
		// A rooted single label is a top-level domain.
		"ai.": false, "box.": false, "box.:8080": false,
		// No host names at all.
		"": false, ".": false, ":8080": false, ".local": false, "..local": false, "a..local": false, "local.": false, "home.arpa": false,
		"a.local..": false, "-": true, " relay.local": false, "relay.local ": false, "relay.local\n": false, "relay.local\x00": false,
		"user@relay.local": false, "user:pass@localhost:8080": false, "evil.example#.local": false, "evil.example/.local": false,
		"evil.example%00.local": false, "evil.example\\.local": false, "évil.local": false, "evil。local": false,
		"localhost:": true, "localhost:x": false, "localhost:65536": false, "localhost:-1": false, "localhost:80:80": false,
		"::1": false, "::1:8080": false, "[::1": false, "::1]": false, "[::1]x": false, "[::1]:x": false, "[]": false, "[]:80": false,
		"[192.0.2.1]": false, "[evil.example]": false, "[localhost]:80": false, "[[::1]]": false,
		label64 + ".local": false, strings.Repeat("a.", 127) + "local": false, strings.Repeat("a.", 120) + "local": true,
	} {
		if got := testStrangers(t).allowsHost(host); got != want {
			t.Errorf("Host %.80q: %v, want %v", host, got, want)
		}
	}
}

// HTTP/1.0 may leave the Host out (RFC 9112 section 3.2), which no browser does.
func TestNoHost(t *testing.T) {
	server := newTestServer(t, nil, withHTTPS)
	for _, test := range []struct {
		request string
		status  int
	}{
		{"GET /whip/math HTTP/1.0\r\n\r\n", 204},
		{"GET /push HTTP/1.0\r\n\r\n", 200},
		{"GET /whip/math HTTP/1.0\r\nHost: evil.example\r\n\r\n", 421},
		{"GET http://evil.example/whip/math HTTP/1.0\r\n\r\n", 421},
		{"GET /whip/math HTTP/1.0\r\nOrigin: https://evil.example\r\n\r\n", 403},
		{"GET /whip/math HTTP/1.1\r\nHost:\r\n\r\n", 421},
	} {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(test.request)))
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%q: %d, want %d", test.request, w.Code, test.status)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, test := range []struct {
		origin, host string
		want         bool
	}{
		// Our own.
		{"http://localhost:8080", "localhost:8080", true},
		{"http://LOCALHOST:8080", "localhost:8080", true},
		{"http://192.168.1.20:8080", "192.168.1.20:8080", true},
		{"http://[::1]:8080", "[::1]:8080", true},
		{"http://box", "box", true},
		{"http://box", "box:80", true},
		{"http://box:80", "box", true},
		{"https://box", "box", true}, // a proxy in front of us speaks HTTPS
		{"https://box", "box:443", true},
		{"http://relay.local.", "relay.local.", true},
		// Allowed.
		{"https://school.example", "localhost:8080", true},
		{"https://school.example:443", "localhost:8080", true},
		{"HTTPS://School.Example", "localhost:8080", true},
		{"http://intra.example:8000", "box", true},
		// Strangers.
		{"http://school.example", "localhost:8080", false},
		{"https://school.example:8443", "localhost:8080", false},
		{"https://school.example.", "localhost:8080", false},
		{"https://school.example.evil.example", "localhost:8080", false},
		{"https://xschool.example", "localhost:8080", false},
		{"http://intra.example", "box", false},
		{"http://evil.example", "localhost:8080", false},
		{"http://localhost:8081", "localhost:8080", false},
		{"http://localhost", "localhost:8080", false},
		{"https://box", "box:80", false},
		{"http://box", "box:443", false},
		{"http://127.0.0.1:8080", "localhost:8080", false},
		{"http://[::1]:8080", "[::2]:8080", false},
		{"http://relay.local", "relay.local.", false},
		// No origins.
		{"null", "localhost:8080", false},
		{"null", "null", false},
		{"", "localhost:8080", false},
		{"", "", false},
		{"localhost:8080", "localhost:8080", false},
		{"//localhost:8080", "localhost:8080", false},
		{"ftp://localhost:8080", "localhost:8080", false},
		{"chrome-extension://abcdef", "abcdef", false},
		{"file://", "", false},
		{"http://", "", false},
		{"http://localhost:8080/", "localhost:8080", false},
		{"http://localhost:8080?", "localhost:8080", false},
		{"http://localhost:8080#", "localhost:8080", false},
		{"http://localhost:8080/x", "localhost:8080", false},
		{"http://user@localhost:8080", "localhost:8080", false},
		{"http://evil.example@localhost:8080", "localhost:8080", false},
		{"http://localhost:8080@evil.example", "localhost:8080", false},
		{"http://localhost:8080 http://evil.example", "localhost:8080", false},
		{"http://localhost:", "localhost:8080", false},
		{"http://localhost:99999", "localhost:99999", false},
		{"http://[::1", "[::1", false},
		{"http:localhost:8080", "localhost:8080", false},
		{"http://évil.example", "évil.example", false},
	} {
		r := &http.Request{Host: test.host, Header: http.Header{"Origin": {test.origin}}}
		if got := testStrangers(t).allowsOrigin(r); got != test.want {
			t.Errorf("Origin %q on Host %q: %v, want %v", test.origin, test.host, got, test.want)
		}
	}
}

func TestOriginHeader(t *testing.T) {
	own := "http://localhost:8080"
	for name, test := range map[string]struct {
		header http.Header
		want   bool
	}{
		"none: no browser": {http.Header{}, true},
		"one":              {http.Header{"Origin": {own}}, true},
		"two":              {http.Header{"Origin": {own, own}}, false},
		"empty list":       {http.Header{"Origin": {}}, false},
	} {
		r := &http.Request{Host: "localhost:8080", Header: test.header}
		if got := testStrangers(t).allowsOrigin(r); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestAllowListsAreChecked(t *testing.T) {
	for _, text := range []string{"", "*", "school.example", "https://*.school.example", "https://school.example/push", "null", "ws://school.example"} {
		if _, err := newStrangers([]string{text}, nil, ""); err == nil {
			t.Errorf("origin %q was taken", text)
		}
	}
	for _, text := range []string{"", "*", "*.school.example", "https://school.example", "school.example:8080", "a b"} {
		if _, err := newStrangers(nil, []string{text}, ""); err == nil {
			t.Errorf("host %q was taken", text)
		}
	}
}

func FuzzHost(f *testing.F) {
	for _, host := range []string{"localhost:8080", "[::1%25eth0]:80", "a.local.", "evil.example", "[]:", "x@y:1"} {
		f.Add(host)
	}
	s := testStrangers(f)
	f.Fuzz(func(t *testing.T, host string) {
		if s.allowsHost(host) && strings.ContainsAny(host, "/@?#\\ \x00<>\"'") && !strings.Contains(host, "%") {
			t.Errorf("%q was let in", host)
		}
		if s.allowsHost(host + ".evil.example") {
			t.Errorf("%q was let in", host+".evil.example")
		}
	})
}

func FuzzOrigin(f *testing.F) {
	f.Add("http://localhost:8080", "localhost:8080")
	f.Add("null", "null")
	f.Add("https://[::1]", "[::1]:443")
	s := testStrangers(f)
	f.Fuzz(func(t *testing.T, origin, host string) {
		r := &http.Request{Host: host, Header: http.Header{"Origin": {origin}}}
		if s.allowsOrigin(r) && !strings.HasPrefix(strings.ToLower(origin), "http") {
			t.Errorf("%q was let in on %q", origin, host)
		}
		r.Host = "relay.invalid"
		own, _ := parseOrigin(origin)
		if s.allowsOrigin(r) && !s.origins[own] && own.host != "relay.invalid" {
			t.Errorf("%q was let in", origin)
		}
	})
}
