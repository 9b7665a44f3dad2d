package signaling

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relay/broadcast"
	"relay/signaling/access"
)

// operators knows one token, for all rooms.
type operators struct{ access.Open }

func (o operators) Operate(credential string) error {
	if credential == "operator" {
		return nil
	}
	return o.Open.Operate(credential)
}

// line answers a GET.
func (h *house) line(path string) (int, string) {
	h.t.Helper()
	got := h.request("GET", path, "")
	return got.status, strings.TrimSpace(got.body)
}

func TestHealth(t *testing.T) {
	h := newHouse(t)
	steps := []struct {
		do            func()
		health, ready string
		status        int
	}{
		{func() {}, "ok", "ready", 200},
		{func() { h.relay.Drain() }, "ok", "draining", 503},
		{h.server.Close, "ok", "stopping", 503},
	}
	for _, step := range steps {
		step.do()
		if status, line := h.line("/healthz"); status != 200 || line != step.health {
			t.Errorf("healthz: %d %s", status, line)
		}
		if status, line := h.line("/readyz"); status != step.status || line != step.ready {
			t.Errorf("readyz: %d %s, want %d %s", status, line, step.status, step.ready)
		}
	}
}

// asked is a request of its own making: httptest's clients are all on this machine.
func asked(path, remote, host string, header ...string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	r.RemoteAddr, r.Host = remote, host
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// TestWhoReadsMetrics: programs on this machine, and operators from anywhere.
func TestWhoReadsMetrics(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Access = operators{} })
	elsewhere := newHouse(t, func(c *Config) { c.AdminElsewhere = true })
	const near, far = "127.0.0.1:40000", "192.0.2.7:40000"
	for name, test := range map[string]struct {
		server *Server
		r      *http.Request
		status int
	}{
		"this machine":          {h.server, asked("/metrics", near, "127.0.0.1:8080"), 200},
		"IPv6":                  {h.server, asked("/metrics", "[::1]:40000", "[::1]:8080"), 200},
		"another machine":       {h.server, asked("/metrics", far, "192.168.1.20:8080"), 401},
		"says it is this one":   {h.server, asked("/metrics", far, "localhost"), 401},
		"a proxy here":          {h.server, asked("/metrics", near, "127.0.0.1:8080", "X-Forwarded-For: 192.0.2.7"), 401},
		"a proxy that is quiet": {h.server, asked("/metrics", near, "relay.lan"), 401},
		"a page here":           {h.server, asked("/metrics", near, "localhost:8080", "Origin: http://localhost:8080"), 401},
		"an operator":           {h.server, asked("/metrics", far, "192.168.1.20", "Authorization: Bearer operator"), 200},
		"a guess":               {h.server, asked("/metrics", far, "192.168.1.20", "Authorization: Bearer guess"), 401},
		"an address of its own": {elsewhere.server, asked("/metrics", near, "127.0.0.1:8080"), 404},
	} {
		w := httptest.NewRecorder()
		test.server.ServeHTTP(w, test.r)
		if w.Code != test.status || (w.Code == 200) != strings.Contains(w.Body.String(), "relay_http_requests_total") {
			t.Errorf("%s: %d, want %d: %.200s", name, w.Code, test.status, w.Body)
		}
	}
}

// TestMetricsCount: what was refused, and what was asked for.
func TestMetricsCount(t *testing.T) {
	h := newHouse(t)
	h.request("GET", "/api/rooms/no.name", "").want(t, 400, "bad-request")
	h.request("POST", "/whep/math", offerOf(t, newPeer(t, recvonly), nil), offers).want(t, 409, "not-live")
	p := h.open("push/math")
	p.send(map[string]any{"type": "invented"})
	p.expectError(broadcast.CodeBadRequest)
	_, text := h.line("/metrics")
	for _, want := range []string{
		`relay_refusals_total{code="bad-request"} 2`, `relay_refusals_total{code="not-live"} 1`,
		`relay_http_requests_total{door="api"} 1`, `relay_http_requests_total{door="whep"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("it lacks %s", want)
		}
	}
}

func TestStatus(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Access = operators{}; c.Version = "1.2.3" })
	h.request("GET", "/api/status", "").want(t, 401, "unauthorized")
	h.join("push/math", "")
	var got statusReport
	check := func(want func() bool) {
		t.Helper()
		body := h.request("GET", "/api/status", "", "Authorization: Bearer operator").want(t, 200, "").body
		if err := json.Unmarshal([]byte(body), &got); err != nil || !want() {
			t.Errorf("%s: %v", body, err)
		}
	}
	check(func() bool {
		return got.Version == "1.2.3" && got.Uptime > 0 && !got.Draining && got.Rooms.Idle == 1 && got.Sessions == 1 && got.BitrateIn == nil
	})
	h.relay.Drain()
	check(func() bool { return got.Draining && got.Publishers == 0 })
}
