package static

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheckAncestors(t *testing.T) {
	for site, want := range map[string]bool{
		"https://school.example":        true,
		"http://school.example":         true,
		"https://school.example:8443":   true,
		"https://*.school.example":      true,
		"http://192.168.1.20:8080":      true,
		"https://[fd00::1]:8443":        true,
		"*":                             true,
		"":                              false,
		"school.example":                false,
		"https://":                      false,
		"https://*":                     false,
		"https://school.example/":       false,
		"https://school.example/x":      false,
		"https://school.example; x":     false,
		"https://school.example *":      false,
		"https://a,https://b":           false,
		"https://u@school.example":      false,
		"https://school.example:99999x": false,
		"https://sch*ol.example":        false,
		"ftp://school.example":          false,
		"'none'":                        false,
		"https://schoöl.example":        false,
		"https://a\r\nX-Evil: 1":        false,
	} {
		err := CheckAncestors([]string{"https://good.example", site})
		if (err == nil) != want {
			t.Errorf("%q: %v", site, err)
		}
		if err != nil && !strings.Contains(err.Error(), "https://school.example") {
			t.Errorf("%q: the sentence has no example: %v", site, err)
		}
	}
}

// FuzzAncestors: what is taken adds one source to the policy, and nothing else.
func FuzzAncestors(f *testing.F) {
	for _, seed := range []string{"https://school.example", "*", "https://*.a:1", "https://a; script-src *", "http://[::1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, site string) {
		if CheckAncestors([]string{site}) != nil {
			return
		}
		if strings.ContainsAny(site, " \t\r\n;,'\"") || strings.Count(site, "*") > 1 {
			t.Errorf("%q is taken", site)
		}
	})
}

func TestFrameAncestors(t *testing.T) {
	for _, test := range []struct {
		sites        []string
		pages, embed string
	}{
		{nil, "'self'", "*"},
		{[]string{"https://school.example"}, "'self' https://school.example", "'self' https://school.example"},
		{[]string{"https://a.example", "https://b.example"}, "'self' https://a.example https://b.example", "'self' https://a.example https://b.example"},
		{[]string{"*"}, "'self' *", "'self' *"},
	} {
		handler := Handler(test.sites...)
		for target, want := range map[string]string{
			"/push": test.pages, "/pull/math": test.pages, "/": test.pages, "/elsewhere": test.pages,
			"/embed": test.embed, "/embed/math": test.embed,
		} {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
			if _, got, _ := strings.Cut(w.Header().Get("Content-Security-Policy"), "frame-ancestors "); got != want {
				t.Errorf("%v: %s is framed by %q, want %q", test.sites, target, got, want)
			}
		}
	}
}
