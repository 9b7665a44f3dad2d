package main

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

const up = net.FlagUp | net.FlagRunning

// prefixes are addresses with their subnets: 24 bits where nothing else is said.
func prefixes(texts ...string) (found []netip.Prefix) {
	for _, text := range texts {
		if !strings.Contains(text, "/") {
			text += "/24"
		}
		found = append(found, netip.MustParsePrefix(text))
	}
	return found
}

func addrs(texts ...string) (found []netip.Addr) {
	for _, text := range texts {
		found = append(found, netip.MustParseAddr(text))
	}
	return found
}

func TestReachable(t *testing.T) {
	virtual := []link{
		{"docker0", up, prefixes("172.17.0.1")},
		{"br-3f2a", up, prefixes("172.18.0.1")},
		{"veth12", up, prefixes("172.19.0.1")},
		{"virbr0", up, prefixes("192.168.122.1")},
	}
	cable := link{"eth2", up, prefixes("169.254.7.7", "fe80::7")}
	loopback := link{"lo", up | net.FlagLoopback, prefixes("127.0.0.1", "::1", "10.255.255.1")}
	lan := []link{
		{"eth0", up, prefixes("fd00::20", "fe80::1", "192.168.1.20")},
		{"wlan0", up, prefixes("192.168.1.21", "192.168.1.20")},
		{"eth1", 0, prefixes("192.168.2.20")},
		{"tailscale0", up, prefixes("100.101.102.103")},
		{"br0", up, prefixes("10.0.0.7")},
		{"mcast", up, prefixes("224.0.0.1", "0.0.0.0")},
	}
	for name, test := range map[string]struct {
		links []link
		want  []netip.Addr
	}{
		"a network":           {slices.Concat([]link{loopback, cable}, virtual, lan), addrs("192.168.1.20", "192.168.1.21", "100.101.102.103", "10.0.0.7", "fd00::20")},
		"a cable":             {slices.Concat(virtual, []link{loopback, cable}), addrs("169.254.7.7")},
		"virtual links only":  {append(virtual, loopback), addrs("172.17.0.1", "172.18.0.1", "172.19.0.1", "192.168.122.1")},
		"this machine only":   {[]link{loopback}, nil},
		"no link that is up":  {lan[2:3], nil},
		"no interface at all": {nil, nil},
	} {
		if got := reachable(test.links); !slices.Equal(got, test.want) {
			t.Errorf("%s:\ngot  %v\nwant %v", name, got, test.want)
		}
	}
}

func TestPreferring(t *testing.T) {
	a, b, c := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fd00::1")
	for _, test := range []struct{ first, second netip.Addr }{{b, a}, {a, b}, {c, a}, {netip.Addr{}, a}} {
		got := preferring(test.first, []netip.Addr{a, b, c})
		if test.first.IsValid() && (got[0] != test.first || got[1] != test.second) || !test.first.IsValid() && got[0] != a {
			t.Errorf("preferring %v: %v", test.first, got)
		}
	}
}
