package main

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestHostNames(t *testing.T) {
	for given, want := range map[string]string{
		"":                     "",
		".":                    "",
		"box":                  "box box.local",
		"DESKTOP-A1.":          "desktop-a1 desktop-a1.local",
		"Anna-Mac.local":       "anna-mac.local anna-mac",
		"relay.school.example": "relay.school.example relay relay.local",
	} {
		if got := strings.Join(hostNames(given), " "); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

func TestOwnPrefixesAreAllThatAreUp(t *testing.T) {
	links := []link{
		{"lo", up | net.FlagLoopback, prefixes("127.0.0.1/8")},
		{"docker0", up, prefixes("172.17.0.1/16")},
		{"eth0", up, prefixes("fe80::1/64", "10.0.0.7/8")},
		{"eth1", 0, prefixes("192.168.2.20/24")},
		{"wlan0", up, prefixes("192.168.1.20/24")},
	}
	got := ownPrefixes(addrs("192.168.1.20", "10.0.0.7"), links)
	want := prefixes("192.168.1.20/24", "10.0.0.7/8", "172.17.0.1/16", "fe80::1/64")
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestUnmapped(t *testing.T) {
	for given, want := range map[string]string{
		"10.0.0.7/8": "10.0.0.7/8", "::ffff:10.0.0.7/104": "10.0.0.7/8", "::ffff:10.0.0.7/64": "10.0.0.7/0", "fd00::1/64": "fd00::1/64",
	} {
		if got := unmapped(prefixes(given)[0]).String(); got != want {
			t.Errorf("%s: got %s, want %s", given, got, want)
		}
	}
}

func TestStateFolder(t *testing.T) {
	home := t.TempDir()
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"the user's":          {map[string]string{"HOME": home}, home + "/.local/state/relay"},
		"XDG's":               {map[string]string{"HOME": home, "XDG_STATE_HOME": "/x"}, "/x/relay"},
		"no absolute path":    {map[string]string{"HOME": home, "XDG_STATE_HOME": "x"}, home + "/.local/state/relay"},
		"the service's":       {map[string]string{"HOME": home, "XDG_STATE_HOME": "/x", "STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a"},
		"that of /etc/passwd": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"HOME", "XDG_STATE_HOME", "STATE_DIRECTORY"} {
				t.Setenv(variable, test.env[variable])
			}
			got, err := stateFolder()
			if err != nil || test.want != "" && got != test.want || !filepath.IsAbs(got) {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}
