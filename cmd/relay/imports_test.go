package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// dependencies are all packages that a package is built from.
func dependencies(t *testing.T, name string) []string {
	t.Helper()
	list, err := exec.Command("go", "list", "-deps", name).Output()
	check(t, err)
	return strings.Fields(string(list))
}

// TestImportsPointDown: cmd/relay to signaling to broadcast to broadcast/udp,
// and cmd/relay to static; never the other way. The load tester knows nothing of
// the relay: it tests any server.
func TestImportsPointDown(t *testing.T) {
	for name, forbidden := range map[string][]string{
		"relay/broadcast/udp":         {"relay/broadcast", "relay/signaling", "relay/static", "github.com/pion", "net/http", "encoding/json"},
		"relay/broadcast":             {"relay/signaling", "relay/static", "github.com/gorilla", "github.com/prometheus"},
		"relay/signaling":             {"relay/static", "relay/cmd", "github.com/spf13"},
		"relay/signaling/certificate": {"relay/broadcast", "relay/static", "github.com"},
		"relay/signaling/access":      {"relay/static", "relay/cmd"},
		"relay/signaling/guests":      {"relay/broadcast", "relay/static", "github.com"},
		"relay/signaling/metrics":     {"relay/signaling", "relay/static", "github.com/gorilla", "github.com/spf13"},
		"relay/signaling/roomfile":    {"relay/signaling", "relay/static", "github.com/gorilla", "github.com/prometheus"},
		"relay/signaling/oneport":     {"relay/broadcast", "relay/static", "net/http", "github.com"},
		"relay/signaling/qrcode":      {"relay/broadcast", "relay/static", "net/http", "github.com/pion"},
		"relay/cmd/relay/load":        {"relay/broadcast", "relay/signaling", "relay/static", "github.com/spf13", "github.com/gorilla"},
		"relay/cmd/relay/load/tally":  {"relay", "net", "github.com"},
		"relay/cmd/relay/load/wire":   {"relay", "github.com", "net/http"},
		"relay/static":                {"relay/broadcast", "relay/signaling", "github.com"},
	} {
		for _, dependency := range dependencies(t, name) {
			if dependency != name && slices.ContainsFunc(forbidden, within(dependency)) {
				t.Errorf("%s depends on %s", name, dependency)
			}
		}
	}
}

// within is true for the package itself, and for a folder that it is in.
func within(dependency string) func(string) bool {
	return func(folder string) bool {
		return dependency == folder || strings.HasPrefix(dependency, folder+"/")
	}
}

// TestCoreSpeaksNoHTTP looks at direct imports: Pion itself brings net/http.
func TestCoreSpeaksNoHTTP(t *testing.T) {
	list, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, "relay/broadcast").Output()
	check(t, err)
	for _, forbidden := range []string{"net/http", "encoding/json", "github.com/gorilla/websocket"} {
		if slices.Contains(strings.Fields(string(list)), forbidden) {
			t.Errorf("relay/broadcast imports %s", forbidden)
		}
	}
}
