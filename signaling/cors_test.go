package signaling

import (
	"strings"
	"testing"

	"relay/signaling/access"
)

func TestCORS(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.Access = access.Open{ListRooms: true} })
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

// A client that missed a URL by a little is told so in its own way.
func TestNeighbours(t *testing.T) {
	h := newHouse(t)
	const school, evil = "Origin: https://school.example", "Origin: https://evil.example"
	for _, path := range []string{
		"/whip", "/whip/", "/whip/a/", "/whip/a/b/", "/whip/a/b/c", "/whep", "/whep/", "/whep/a/", "/whep/a/b/c",
		"/whep/a/b/sse/", "/whep/a/b/sse/c/d", "/api", "/api/", "/api/rooms/", "/api/rooms/a/b", "/api/nothing",
	} {
		for _, method := range []string{"GET", "POST", "PATCH", "DELETE", "PUT"} {
			got := h.request(method, path, "", school).want(t, 404, "not-found")
			if got.header.Get("Access-Control-Allow-Origin") != "https://school.example" {
				t.Errorf("%s %s: %v", method, path, got.header)
			}
			h.request(method, path, "", evil).want(t, 403, "--allow-origin")
		}
		preflight := h.request("OPTIONS", path, "", school, "Access-Control-Request-Method: POST").want(t, 200, "")
		if !strings.Contains(preflight.header.Get("Access-Control-Allow-Methods"), "POST") {
			t.Errorf("%s: %v", path, preflight.header)
		}
		h.request("HEAD", path, "").want(t, 404, "")
	}
	h.request("GET", "/whipped", "").want(t, 200, "") // a page
}

func TestNoOriginNoCORS(t *testing.T) {
	h := newHouse(t)
	for field := range h.request("OPTIONS", "/whip/math", "").want(t, 200, "").header {
		if strings.HasPrefix(field, "Access-Control-") {
			t.Errorf("%s is for browsers", field)
		}
	}
}
