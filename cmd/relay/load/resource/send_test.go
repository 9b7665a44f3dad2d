package resource

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func TestRedirects(t *testing.T) {
	for _, status := range []int{307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			far := start(t, created("s/1"))
			near := start(t, func(w http.ResponseWriter, r *http.Request) {
				to := map[string]string{"/a": "b/c", "/b/c": far.URL + "/d/e"}[r.URL.Path]
				http.Redirect(w, r, to, status)
			})
			r, err := near.client(t, "/a").Create(t.Context(), offer)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Delete(t.Context()); err != nil {
				t.Error(err)
			}
			if got := near.requests(); !slices.Equal(got, []string{"POST /a Bearer secret", "POST /b/c Bearer secret"}) {
				t.Errorf("near saw %q", got)
			}
			// Another port of the same host is another origin: no token.
			if got := far.requests(); !slices.Equal(got, []string{"POST /d/e", "DELETE /d/s/1"}) || far.all()[0].body != offer {
				t.Errorf("far saw %q with %q", got, far.all()[0].body)
			}
		})
	}
}

func TestRedirectsAreBounded(t *testing.T) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
	})
	_, err := s.client(t, "/").Create(t.Context(), offer)
	if got := Reason(err); got != "redirected more than 5 times" || len(s.requests()) != maxRedirects+1 {
		t.Errorf("%q after %d requests", got, len(s.requests()))
	}
}

func TestBadRedirects(t *testing.T) {
	for _, tc := range []struct {
		status   int
		location string
		want     string
	}{
		{307, "", "307 without an http address in its Location"},
		{308, "file:///etc/passwd", "308 without an http address in its Location"},
		{302, "/b", "302 Found: only 307 and 308 keep a POST"},
		{303, "/b", "303 See Other: only 307 and 308 keep a POST"},
	} {
		s := start(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", tc.location)
			w.WriteHeader(tc.status)
		})
		_, err := s.client(t, "/a").Create(t.Context(), offer)
		if got := Reason(err); got != tc.want || len(s.requests()) != 1 {
			t.Errorf("%q after %d requests, want %q", got, len(s.requests()), tc.want)
		}
	}
}

// TestAllow keeps the client from wherever a server sends it.
func TestAllow(t *testing.T) {
	never := errors.New("not a machine of yours")
	far := start(t, created("/s/1"))
	redirects := start(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, far.URL, http.StatusTemporaryRedirect)
	})
	c := redirects.client(t, "/")
	c.Allow = func(*url.URL) error { return never }
	if _, err := c.Create(t.Context(), offer); !errors.Is(err, never) {
		t.Errorf("redirected: %v", err)
	}
	names := start(t, created(far.URL+"/s/1"))
	c = names.client(t, "/")
	c.Allow = func(*url.URL) error { return never }
	r, err := c.Create(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Delete(t.Context()); !errors.Is(err, never) {
		t.Errorf("deleted: %v", err)
	}
	if got := far.requests(); len(got) != 0 {
		t.Errorf("far saw %q", got)
	}
}

func TestSameOrigin(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{"http://a/x", "http://a:80/y", true},
		{"https://a", "https://A:443", true},
		{"https://a", "http://a", false},
		{"http://a:443", "https://a", false},
		{"http://a:8080", "http://a:8081", false},
		{"http://a", "http://b.a", false},
		{"http://[::1]:80", "http://[::1]", true},
		{"http://user:pass@a", "http://a", true},
	} {
		if got := sameOrigin(parse(t, tc.a), parse(t, tc.b)); got != tc.want {
			t.Errorf("%s and %s: %v", tc.a, tc.b, got)
		}
	}
}
