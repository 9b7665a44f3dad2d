package signaling

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
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
		s.drawings.filled = time.Time{} // all may be drawn again
		if response := askQR(s, address); response.StatusCode != http.StatusOK {
			t.Errorf("%q: %s", address, response.Status)
		}
	})
}

// TestDrawingsAreBounded: whoever asks for codes without end takes no time from what
// is relayed.
func TestDrawingsAreBounded(t *testing.T) {
	s := newTestServer(t, nil)
	drawn := 0
	began := time.Now()
	for range 3 * drawBurst {
		if response := askQR(s, "http://192.168.1.20:8080/pull/math"); response.StatusCode == http.StatusOK {
			drawn++
		} else if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
			t.Fatal(response.Status)
		}
	}
	if most := drawBurst + drawRate*time.Since(began).Seconds() + 1; drawn < drawBurst || float64(drawn) > most {
		t.Errorf("%d were drawn, at most %.0f may be", drawn, most)
	}
	now := time.Now().Add(time.Hour)
	for range drawBurst {
		if !s.drawings.allow(now) {
			t.Fatal("after an hour fewer may be drawn")
		}
	}
	if s.drawings.allow(now) {
		t.Error("an hour saves up more than a rush")
	}
}
