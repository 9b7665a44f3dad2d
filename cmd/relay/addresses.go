package main

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// virtualLinks are the names of interfaces that lead to this machine's own
// containers and virtual machines: no viewer is there. A VPN's interface stays.
var virtualLinks = []string{"docker", "veth", "br-", "virbr", "cni", "flannel", "cali", "lxc", "lxd", "vmnet", "vboxnet"}

// link is a network interface with its addresses.
type link struct {
	name  string
	flags net.Flags
	addrs []netip.Addr
}

// lanAddresses are the addresses under which other machines reach this one: the
// one on the way out first, as most people are there, and IPv4 before IPv6. They
// are read afresh each time: Wi-Fi comes and goes.
func lanAddresses() []netip.Addr {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	links := make([]link, 0, len(interfaces))
	for _, i := range interfaces {
		links = append(links, link{i.Name, i.Flags, addressesOf(i)})
	}
	return preferring(outward(), reachable(links))
}

// outward is the address that this machine would speak to the world from; zero
// on an isolated network. Connecting a UDP socket sends nothing, least of all to
// an address that is set aside for documentation (RFC 5737).
func outward() netip.Addr {
	conn, err := net.Dial("udp4", "192.0.2.1:9")
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// preferring puts one of the addresses first, if it is among them.
func preferring(first netip.Addr, addrs []netip.Addr) []netip.Addr {
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int {
		switch {
		case a == b:
			return 0
		case a == first:
			return -1
		case b == first:
			return 1
		}
		return 0
	})
	return addrs
}

// viewersAddresses are those on which viewers reach a relay that listens on host.
func viewersAddresses(host netip.Addr) []netip.Addr {
	switch {
	case host.IsUnspecified():
		return lanAddresses()
	case host.IsLoopback():
		return nil
	}
	return []netip.Addr{host}
}

func addressesOf(i net.Interface) []netip.Addr {
	var addrs []netip.Addr
	prefixes, err := i.Addrs()
	if err != nil {
		return nil // the interface has just gone
	}
	for _, p := range prefixes {
		if prefix, err := netip.ParsePrefix(p.String()); err == nil {
			addrs = append(addrs, prefix.Addr().Unmap())
		}
	}
	return addrs
}

// reachable picks the addresses that a viewer can use.
func reachable(links []link) []netip.Addr {
	var picked []netip.Addr
	for _, l := range links {
		if l.flags&net.FlagUp == 0 || l.flags&net.FlagLoopback != 0 || isVirtual(l.name) {
			continue
		}
		for _, addr := range l.addrs {
			if addr.IsGlobalUnicast() && !slices.Contains(picked, addr) {
				picked = append(picked, addr)
			}
		}
	}
	slices.SortStableFunc(picked, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return picked
}

func isVirtual(name string) bool {
	return slices.ContainsFunc(virtualLinks, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
