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

// link is a network interface with its addresses, each with its subnet's length.
type link struct {
	name     string
	flags    net.Flags
	prefixes []netip.Prefix
}

// lanAddresses are the addresses under which other machines reach this one: the
// one on the way out first, as most people are there, and IPv4 before IPv6. They
// are read afresh each time: Wi-Fi comes and goes.
func lanAddresses() []netip.Addr { return preferring(outward(), reachable(links())) }

// links are this machine's.
func links() []link {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	links := make([]link, 0, len(interfaces))
	for _, i := range interfaces {
		links = append(links, link{i.Name, i.Flags, prefixesOf(i)})
	}
	return links
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

func prefixesOf(i net.Interface) []netip.Prefix {
	var found []netip.Prefix
	addrs, err := i.Addrs()
	if err != nil {
		return nil // the interface has just gone
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			found = append(found, unmapped(p))
		}
	}
	return found
}

// unmapped is p in IPv4 if it is one in IPv6's form.
func unmapped(p netip.Prefix) netip.Prefix {
	if !p.Addr().Is4In6() {
		return p
	}
	return netip.PrefixFrom(p.Addr().Unmap(), max(p.Bits()-96, 0))
}

// reachable picks the addresses that a viewer can use: those on a network, or
// else those that two machines on one cable give themselves (RFC 3927), or else
// those of virtual links: where there are no others, that is the network.
func reachable(links []link) []netip.Addr {
	wanted := []func(link, netip.Addr) bool{
		func(l link, a netip.Addr) bool { return !isVirtual(l.name) && a.IsGlobalUnicast() },
		func(l link, a netip.Addr) bool { return !isVirtual(l.name) && a.Is4() && a.IsLinkLocalUnicast() },
		func(_ link, a netip.Addr) bool { return a.IsGlobalUnicast() },
	}
	for _, want := range wanted {
		if picked := pick(links, want); len(picked) > 0 {
			return picked
		}
	}
	return nil
}

// pick is the wanted addresses of the links that are up, each once, IPv4 first.
func pick(links []link, want func(link, netip.Addr) bool) []netip.Addr {
	var picked []netip.Addr
	for _, l := range links {
		if l.flags&net.FlagUp == 0 || l.flags&net.FlagLoopback != 0 {
			continue
		}
		for _, p := range l.prefixes {
			if addr := p.Addr(); want(l, addr) && !slices.Contains(picked, addr) {
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
