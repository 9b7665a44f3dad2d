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

// lanAddresses are the addresses under which other machines reach this one,
// IPv4 first. They are read afresh each time: Wi-Fi comes and goes.
func lanAddresses() []netip.Addr {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	links := make([]link, 0, len(interfaces))
	for _, i := range interfaces {
		links = append(links, link{i.Name, i.Flags, addressesOf(i)})
	}
	return reachable(links)
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
