package main

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestReachable(t *testing.T) {
	up := net.FlagUp | net.FlagRunning
	ip := func(texts ...string) (addrs []netip.Addr) {
		for _, text := range texts {
			addrs = append(addrs, netip.MustParseAddr(text))
		}
		return addrs
	}
	links := []link{
		{"lo", up | net.FlagLoopback, ip("127.0.0.1", "::1", "10.255.255.1")},
		{"eth0", up, ip("fd00::20", "fe80::1", "192.168.1.20")},
		{"wlan0", up, ip("169.254.7.7", "192.168.1.21", "192.168.1.20")},
		{"eth1", 0, ip("192.168.2.20")},
		{"docker0", up, ip("172.17.0.1")},
		{"br-3f2a", up, ip("172.18.0.1")},
		{"veth12", up, ip("172.19.0.1")},
		{"virbr0", up, ip("192.168.122.1")},
		{"tailscale0", up, ip("100.101.102.103")},
		{"br0", up, ip("10.0.0.7")},
		{"mcast", up, ip("224.0.0.1", "0.0.0.0")},
	}
	want := ip("192.168.1.20", "192.168.1.21", "100.101.102.103", "10.0.0.7", "fd00::20")
	if got := reachable(links); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
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

func TestBanner(t *testing.T) {
	lan := []netip.Addr{netip.MustParseAddr("192.168.1.20"), netip.MustParseAddr("fd00::20")}
	for host, want := range map[string]string{
		"":               "localhost:8080/push 192.168.1.20:8080/pull [fd00::20]:8080/pull",
		"127.0.0.1":      "localhost:8080/push localhost:8080/pull",
		"::1":            "localhost:8080/push localhost:8080/pull",
		"10.0.0.7":       "localhost:8080/push 10.0.0.7:8080/pull",
		"fe80::7%enp3s0": "localhost:8080/push [fe80::7]:8080/pull",
		"2001:db8::1":    "localhost:8080/push [2001:db8::1]:8080/pull",
	} {
		viewers := lan
		if host != "" {
			viewers = viewersAddresses(netip.MustParseAddr(host))
		}
		var text strings.Builder
		check(t, printBanner(&text, viewers, 8080))
		var urls []string
		for word := range strings.FieldsSeq(text.String()) {
			if u, ok := strings.CutPrefix(word, "http://"); ok {
				urls = append(urls, u)
			}
		}
		if got := strings.Join(urls, " "); got != want {
			t.Errorf("--host %s:\ngot  %s\nwant %s", host, got, want)
		}
	}
}
