package main

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var adminLine = regexp.MustCompile(`msg="admin listening" addr=(\S+)`)

// answer is the status and the body of a GET.
func answer(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	check(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(t, err)
	return response.StatusCode, string(body)
}

// adminURL is where the relay's log says that its admin address is.
func (r *relay) adminURL(path string) string {
	r.t.Helper()
	var found []string
	waitFor(r.t, "the admin address in the log", func() bool {
		found = adminLine.FindStringSubmatch(r.log.String())
		return found != nil
	})
	return "http://" + found[1] + path
}

// TestAdminAddress: what operators look at is there, and there only.
func TestAdminAddress(t *testing.T) {
	r := startRelay(t, "--admin-addr", "127.0.0.1:0")
	for path, says := range map[string]string{
		"/healthz": "ok", "/readyz": "ready", "/metrics": "relay_rooms{", "/debug/pprof/": "goroutine",
	} {
		if status, body := answer(t, r.adminURL(path)); status != 200 || !strings.Contains(body, says) {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
	if status, body := answer(t, r.adminURL("/debug/pprof/cmdline")); status != 404 || strings.Contains(body, "serve") {
		t.Errorf("the command line, where keys may stand: %d %s", status, body)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 404, "/debug/pprof/": 404} {
		if status, body := answer(t, r.url(path)); status != want || strings.Contains(body, "goroutine") {
			t.Errorf("on the public port %s: %d %.200s", path, status, body)
		}
	}
	if strings.Contains(r.log.String(), "asks nobody for a key") {
		t.Error("it warns of an address that only this machine reaches")
	}
	open := startRelay(t, "--admin-addr", "0.0.0.0:0")
	waitFor(t, "a warning of an address that others reach", func() bool { return strings.Contains(open.log.String(), "asks nobody for a key") })
}

// TestAdminAddressIsNotRebound: a website that has its own name point to the operator's
// machine reads nothing there.
func TestAdminAddressIsNotRebound(t *testing.T) {
	r := startRelay(t, "--admin-addr", "127.0.0.1:0", "--allow-host", "relay.school.example")
	for host, want := range map[string]int{"evil.example": 421, "relay.school.example": 200, "relay": 200} {
		request, err := http.NewRequest(http.MethodGet, r.adminURL("/metrics"), nil)
		check(t, err)
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		check(t, err)
		body, err := io.ReadAll(response.Body)
		check(t, errors.Join(err, response.Body.Close()))
		if response.StatusCode != want || want != 200 && strings.Contains(string(body), "relay_rooms") {
			t.Errorf("as %s: %d", host, response.StatusCode)
		}
	}
}
