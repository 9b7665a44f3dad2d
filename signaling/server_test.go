package signaling

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"relay/broadcast"
)

var testOrigins = []string{"http://192.0.2.7:8080"}

// newTestServer is a Server that is closed with the test.
func newTestServer(t testing.TB, relay *broadcast.Relay, changes ...func(*Config)) *Server {
	t.Helper()
	pages := http.NewServeMux()
	pages.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		}
	})
	pages.HandleFunc("/bug/{id}", func(http.ResponseWriter, *http.Request) { panic("a bug") })
	config := Config{
		Relay: relay, Pages: pages, Log: slog.New(slog.DiscardHandler),
		Origins:     func() []string { return testOrigins },
		AllowOrigin: []string{"https://school.example"}, AllowHost: []string{"relay.school.example"},
	}
	for _, change := range changes {
		change(&config)
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestRequests(t *testing.T) {
	for name, test := range map[string]struct {
		method, path, host, origin string
		body                       string
		status                     int
		says                       string
	}{
		"page":                   {"GET", "/pull/math", "localhost:8080", "", "", 200, ""},
		"page by address":        {"GET", "/", "192.0.2.7:8080", "", "", 200, ""},
		"page by allowed name":   {"GET", "/", "relay.school.example", "", "", 200, ""},
		"page from itself":       {"GET", "/", "box", "http://box", "", 200, ""},
		"page from elsewhere":    {"GET", "/", "box", "http://evil.example", "", 200, ""},
		"answer from elsewhere":  {"GET", "/trust/ca.json", "box", "http://evil.example", "", 403, "--allow-origin"},
		"answer from nowhere":    {"GET", "/trust/ca.json", "box", "null", "", 403, `"code":"forbidden"`},
		"answer from itself":     {"GET", "/trust/ca.json", "box", "http://box", "", 404, `"code":"not-found"`},
		"rebinding":              {"GET", "/pull", "evil.example:8080", "http://evil.example:8080", "", 421, "--allow-host evil.example<"},
		"rebinding a socket":     {"GET", "/ws/pull/math", "evil.example", "http://evil.example", "", 421, `"code":"forbidden"`},
		"rebinding an endpoint":  {"OPTIONS", "/whip/math", "evil.example", "http://evil.example", "", 421, `"code":"forbidden"`},
		"rebinding a session":    {"DELETE", "/whep/math/x", "evil.example", "", "", 421, `"detail":"The relay does not know itself by this host name; its flag --allow-host`},
		"rebinding the rooms":    {"GET", "/api/rooms", "evil.example", "", "", 421, `"status":421`},
		"no page's neighbour":    {"GET", "/whipped", "evil.example", "", "", 421, "<!doctype html>"},
		"scripts in a host name": {"GET", "/", "<script>alert(1)</script>", "", "", 421, "IP address"},
		"no host":                {"GET", "/", "", "", "", 421, "IP address"},
		"socket without upgrade": {"GET", "/ws/pull/math", "box", "", "", 400, "WebSocket"},
		"code by a stranger":     {"GET", "/qr.svg?url=http://box/pull", "box", "https://evil.example", "", 403, "forbidden"},
		"socket by a stranger":   {"GET", "/ws/push/math", "box", "https://evil.example", "", 403, "forbidden"},
		"bug":                    {"GET", "/bug/1", "box", "", "", 500, `"code":"internal"`},
		"large body":             {"POST", "/", "box", "", strings.Repeat("x", maxBody+1), 413, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
			r.Host = test.host
			if test.origin != "" {
				r.Header.Set("Origin", test.origin)
			}
			w := httptest.NewRecorder()
			newTestServer(t, nil).ServeHTTP(w, r)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) || strings.Contains(w.Body.String(), "<script") {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestSocketsOfStrangers(t *testing.T) {
	server := httptest.NewServer(newTestServer(t, nil))
	defer server.Close()
	url := "ws" + strings.TrimPrefix(server.URL, "http") + "/ws/push/math"
	for name, test := range map[string]struct {
		header http.Header
		status int
	}{
		"own page":       {http.Header{"Origin": {server.URL}}, 101},
		"native client":  {nil, 101},
		"allowed origin": {http.Header{"Origin": {"https://school.example"}}, 101},
		"other origin":   {http.Header{"Origin": {"https://evil.example"}}, 403},
		"null":           {http.Header{"Origin": {"null"}}, 403},
		"rebound name":   {http.Header{"Origin": {"http://evil.example"}, "Host": {"evil.example"}}, 421},
	} {
		t.Run(name, func(t *testing.T) {
			ws, response, err := websocket.DefaultDialer.Dial(url, test.header)
			if response == nil || response.StatusCode != test.status {
				t.Fatalf("got %v, %v", response, err)
			}
			if err == nil {
				_ = ws.Close()
			}
		})
	}
}

// Whoever knows the URL of a session may end it: not even a bug tells the log.
func TestBugsDoNotTellSecrets(t *testing.T) {
	var log strings.Builder
	s := newTestServer(t, nil, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://localhost/bug/secret", nil))
	if text := log.String(); !strings.Contains(text, "request panicked") || !strings.Contains(text, "/bug/{id}") || strings.Contains(text, "secret") {
		t.Error(text)
	}
}

func TestClosedServer(t *testing.T) {
	s := newTestServer(t, nil)
	server := httptest.NewServer(s)
	defer server.Close()
	url := "ws" + strings.TrimPrefix(server.URL, "http") + "/ws/pull/math"
	ws, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	done := make(chan struct{})
	go func() { s.Close(); close(done) }()
	var m bye
	if err := ws.ReadJSON(&m); err != nil || m != (bye{"bye", "shutting-down", 0.5}) {
		t.Fatalf("%+v, %v", m, err)
	}
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Errorf("closed by %v", err)
	}
	<-done
	_, response, err := websocket.DefaultDialer.Dial(url, nil)
	if err == nil || response.StatusCode != 503 || response.Header.Get("Retry-After") != "2" {
		t.Fatalf("after Close: %v, %v", response, err)
	}
	var p struct{ Code string }
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil || p.Code != "shutting-down" {
		t.Errorf("%+v, %v", p, err)
	}
}
