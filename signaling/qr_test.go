package signaling

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// askQR asks for the QR code of an address.
func askQR(s *Server, address string) *http.Response {
	return ask(s, "GET", "/qr.svg?url="+url.QueryEscape(address), "192.168.1.20:8080")
}

func TestQR(t *testing.T) {
	s := newTestServer(t, nil)
	for address, good := range map[string]bool{
		"http://192.168.1.20:8080/pull":                      true,
		"http://192.168.1.20:8080/pull/math":                 true,
		"https://relay.school.example/pull/A-b_9":            true,
		"http://[fd00::2]:8080/pull":                         true,
		"https://school.example/pull":                        true, // an allowed origin
		"http://school.example/pull":                         false,
		"http://box.local/pull/" + strings.Repeat("x", 64):   true,
		"http://box.local/pull/" + strings.Repeat("x", 65):   false,
		"http://" + strings.Repeat("a.", 120) + "local/pull": true,
		"http://box" + strings.Repeat("0", maxQR) + "/pull":  false,
		"":                                    false,
		"/pull":                               false,
		"//box/pull":                          false,
		"box/pull":                            false,
		"http://evil.example/pull":            false,
		"http://192.168.1.20.nip.io/pull":     false,
		"http://user@box/pull":                false,
		"http://box@evil.example/pull":        false,
		"http://box\\@evil.example/pull":      false,
		"http://box/push":                     false,
		"http://box/":                         false,
		"http://box":                          false,
		"http://box/pull/":                    false,
		"http://box/pull/a/b":                 false,
		"http://box/pull/a%20b":               false,
		"http://box/pull/%6Dath":              false,
		"http://box/pull/../push":             false,
		"http://box/pull?x":                   false,
		"http://box/pull?":                    false,
		"http://box/pull#x":                   false,
		"http://box/pull#":                    false,
		"HTTP://box/pull":                     false,
		"ftp://box/pull":                      false,
		"javascript:alert(1)":                 false,
		"javascript://box/pull":               false,
		"http://box:99999/pull":               false,
		"http://[fe80::1%25eth0]:8080/pull":   false,
		"http://box/pull\n":                   false,
		" http://box/pull":                    false,
		"WIFI:T:WPA;S:free;P:12345678;;/pull": false,
	} {
		response := askQR(s, address)
		want := map[bool]int{true: http.StatusOK, false: http.StatusBadRequest}[good]
		if response.StatusCode != want {
			t.Errorf("%.80q: %s", address, response.Status)
		}
	}
}

func TestQROnTheWire(t *testing.T) {
	response := askQR(newTestServer(t, nil), "http://192.168.1.20:8080/pull/math")
	for name, want := range map[string]string{
		"Content-Type": "image/svg+xml", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if content := string(bodyOf(t, response)); !strings.HasPrefix(content, "<svg ") {
		t.Errorf("%.100s", content)
	}
}

func TestQROfNothingOrMore(t *testing.T) {
	s := newTestServer(t, nil)
	for _, query := range []string{"", "?url=", "?url=http://box/pull&url=http://box/pull", "?URL=http://box/pull", "?url=%"} {
		response := ask(s, "GET", "/qr.svg"+query, "box")
		if response.StatusCode != http.StatusBadRequest || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%q: %s", query, response.Status)
		}
	}
}

func FuzzViewersURL(f *testing.F) {
	for _, address := range []string{"http://192.168.1.20:8080/pull/math", "https://[::1]/pull", "http://a@box/pull", "http://box/pull?#", "http:\\\\box/pull"} {
		f.Add(address)
	}
	s := newTestServer(f, nil)
	f.Fuzz(func(t *testing.T, address string) {
		if !s.isViewersURL(address) {
			return
		}
		u, err := url.Parse(address)
		if err != nil || !s.strangers.allowsHost(u.Host) || strings.ContainsAny(address, "?#@%\\ \"'<>") || !strings.Contains(address, "/pull") {
			t.Errorf("%q was drawn", address)
		}
		if response := askQR(s, address); response.StatusCode != http.StatusOK {
			t.Errorf("%q: %s", address, response.Status)
		}
	})
}
