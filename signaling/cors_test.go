package signaling

import (
	"strings"
	"testing"
)

func TestCORS(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.ListRooms = true })
	h.publish()
	c, _ := h.play()
	own := "http" + strings.TrimPrefix(h.url, "ws")
	const school, evil = "https://school.example", "https://evil.example"
	for name, test := range map[string]struct {
		method, path, origin string
		status               int
		allows               string // Access-Control-Allow-Methods
	}{
		"preflight":               {"OPTIONS", "/whip/math", school, 200, "GET, HEAD, OPTIONS, POST"},
		"preflight of a session":  {"OPTIONS", c.path, school, 200, "DELETE, GET, HEAD, OPTIONS, PATCH"},
		"preflight of events":     {"OPTIONS", c.path + "/sse", school, 200, "OPTIONS, POST"},
		"preflight of the list":   {"OPTIONS", "/api/rooms", school, 200, "GET, HEAD, OPTIONS"},
		"preflight of ourselves":  {"OPTIONS", "/whep/math", own, 200, "GET, HEAD, OPTIONS, POST"},
		"preflight of a stranger": {"OPTIONS", "/whip/math", evil, 403, ""},
		"preflight of nobody":     {"OPTIONS", "/whip/math", "null", 403, ""},
		"read":                    {"GET", "/api/rooms/math", school, 200, ""},
		"list":                    {"GET", "/api/rooms", school, 200, ""},
		"refusal":                 {"POST", "/whep/math", school, 415, ""},
		"unknown session":         {"GET", "/whep/math/x", school, 404, ""},
		"stranger reads":          {"GET", "/api/rooms/math", evil, 403, ""},
		"stranger posts":          {"POST", "/whip/math", evil, 403, ""},
		"stranger deletes":        {"DELETE", c.path, evil, 403, ""},
		"stranger listens":        {"POST", c.path + "/sse", evil, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := *h
			h.t = t
			got := h.request(test.method, test.path, "", "Origin: "+test.origin, "Access-Control-Request-Method: POST").want(t, test.status, "")
			want := map[string]string{"Vary": "Origin", "Access-Control-Allow-Methods": test.allows}
			if test.status != 403 {
				want["Access-Control-Allow-Origin"], want["Access-Control-Expose-Headers"] = test.origin, exposedHeaders
			}
			if test.allows != "" {
				want["Access-Control-Allow-Headers"], want["Access-Control-Max-Age"] = allowedHeaders, preflightFor
			}
			for _, field := range []string{
				"Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
				"Access-Control-Expose-Headers", "Access-Control-Max-Age", "Access-Control-Allow-Credentials",
			} {
				if value := got.header.Get(field); value != want[field] {
					t.Errorf("%s: %q, want %q", field, value, want[field])
				}
			}
		})
	}
}

func TestNoOriginNoCORS(t *testing.T) {
	h := newHouse(t)
	for field := range h.request("OPTIONS", "/whip/math", "").want(t, 200, "").header {
		if strings.HasPrefix(field, "Access-Control-") {
			t.Errorf("%s is for browsers", field)
		}
	}
}
