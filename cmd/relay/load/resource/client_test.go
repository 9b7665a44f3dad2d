package resource

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
	sdp   = "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\n"
)

// request is what a server saw of one.
type request struct{ method, path, token, kind, body string }

// server keeps the requests that a handler answers.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []request
}

func serve(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen = append(s.seen, request{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)})
		s.mu.Unlock()
		answer(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	return s
}

func start(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := serve(t, answer)
	s.Start()
	return s
}

// all is what was seen so far.
func (s *server) all() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// requests is what was seen so far, method and path, and the token if any.
func (s *server) requests() (all []string) {
	for _, r := range s.all() {
		all = append(all, strings.TrimSpace(r.method+" "+r.path+" "+r.token))
	}
	return all
}

func (s *server) client(t *testing.T, path string) *Client {
	t.Helper()
	return &Client{HTTP: s.Client(), Endpoint: parse(t, s.URL+path), Token: "secret"}
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// created answers a POST with a session at this Location, anything else with 200.
func created(location string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, sdp)
	}
}

func TestCreateAndDelete(t *testing.T) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `W/"7"`)
		w.Header().Add("Link", `<stun:stun.example.net>; rel="ice-server"`)
		created("/whep/s/1")(w, r)
	})
	r, err := s.client(t, "/whep/room?key=a%2Fb").Create(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	if r.Answer != sdp || r.ETag != `W/"7"` || len(r.ICEServers) != 1 {
		t.Errorf("got %+v", r)
	}
	if err := r.Delete(t.Context()); err != nil {
		t.Error(err)
	}
	want := []request{
		{"POST", "/whep/room?key=a%2Fb", "Bearer secret", "application/sdp", offer},
		{"DELETE", "/whep/s/1", "Bearer secret", "", ""},
	}
	if got := s.all(); !slices.Equal(got, want) {
		t.Errorf("seen %q, want %q", got, want)
	}
}

func TestLocations(t *testing.T) {
	for _, tc := range []struct{ location, want string }{
		{"1", "/a/b/1"},
		{"./1", "/a/b/1"},
		{"../x/1", "/a/x/1"},
		{"../../../../1", "/1"},
		{"/x/1", "/x/1"},
		{"/x/1?token=y#top", "/x/1?token=y"},
		{"?session=1", "/a/b/c?session=1"},
		{"/x/a%2Fb", "/x/a%2Fb"},
		{"//HOST/x/1", "/x/1"},
		{"http://HOST/x/1", "/x/1"},
	} {
		t.Run(tc.location, func(t *testing.T) {
			s := start(t, func(w http.ResponseWriter, r *http.Request) {
				created(strings.Replace(tc.location, "HOST", r.Host, 1))(w, r)
			})
			r, err := s.client(t, "/a/b/c?room=1").Create(t.Context(), offer)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.URL.String(); got != s.URL+tc.want {
				t.Errorf("resolved to %s, want %s", got, tc.want)
			}
			if err := r.Delete(t.Context()); err != nil || s.requests()[1] != "DELETE "+tc.want+" Bearer secret" {
				t.Errorf("%v, %q", err, s.requests())
			}
		})
	}
}

func TestBadLocations(t *testing.T) {
	for location, want := range map[string]string{
		"":                      "201 without a Location: there is no address to end the session at",
		"ftp://127.0.0.1/x":     "201 with a Location that is no http address",
		"http:///x":             "201 with a Location that is no http address",
		"mailto:a@example.net":  "201 with a Location that is no http address",
		"http://127.0.0.1:x/%z": "201 with a Location that is no http address",
	} {
		s := start(t, created(location))
		_, err := s.client(t, "/").Create(t.Context(), offer)
		if got := Reason(err); got != want {
			t.Errorf("Location %q: %q, want %q", location, got, want)
		}
	}
}

func TestDelete(t *testing.T) {
	for status, want := range map[int]string{
		200: "", 202: "", 204: "", 404: "", 410: "",
		401: "401 Unauthorized", 405: "405 Method Not Allowed", 500: "500 Internal Server Error",
	} {
		s := start(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
		c := s.client(t, "/")
		r := &Resource{URL: parse(t, s.URL+"/s/1"), client: c}
		if got := Reason(r.Delete(t.Context())); got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}

// TestBadAnswers: a session that cannot be used can be ended.
func TestBadAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		body http.HandlerFunc
		want string
	}{
		"huge": {endless, "201 with an answer longer than 256 kB"},
		"html": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "201 with an answer that is no SDP"},
		"none": {func(http.ResponseWriter, *http.Request) {}, "201 with an answer that is no SDP"},
		"slow": {hang, "timeout"},
		"cut":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "answer cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete {
					return
				}
				w.Header().Set("Location", "/s/1")
				w.WriteHeader(http.StatusCreated)
				_ = http.NewResponseController(w).Flush()
				tc.body(w, r)
			})
			ctx, cancel := context.WithTimeout(t.Context(), patience(tc.want))
			defer cancel()
			session, err := s.client(t, "/").Create(ctx, offer)
			if got := Reason(err); got != tc.want || session == nil {
				t.Fatalf("%q, want %q; session %v", got, tc.want, session)
			}
			if err := session.Delete(t.Context()); err != nil {
				t.Error(err)
			}
			if got := s.requests(); len(got) != 2 || got[1] != "DELETE /s/1 Bearer secret" {
				t.Errorf("seen %q", got)
			}
		})
	}
}

// patience is how long a request waits: long, unless it is to be in vain.
func patience(want string) time.Duration {
	if want == "timeout" {
		return 200 * time.Millisecond
	}
	return 10 * time.Second
}

// endless writes until the client goes away.
func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, sdp); err != nil {
			return
		}
	}
}

// hang says nothing until the client goes away.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
