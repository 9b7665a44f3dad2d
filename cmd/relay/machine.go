package main

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"relay/signaling/certificate"
)

// machineNames are all names and addresses that a browser may have for this
// machine, those that most people use first. They are read afresh each time.
func machineNames() certificate.Names {
	host, err := os.Hostname()
	if err != nil {
		host = "" // its addresses are enough
	}
	return certificate.Names{Hosts: hostNames(host), Addresses: ownPrefixes(lanAddresses(), links())}
}

// hostNames are the names of a machine: as it was given, without its domain, and
// as multicast DNS knows it (RFC 6762).
func hostNames(given string) []string {
	full := strings.ToLower(strings.TrimSuffix(given, "."))
	label, _, _ := strings.Cut(full, ".")
	if label == "" {
		return nil
	}
	names := []string{full}
	for _, name := range []string{label, label + ".local"} {
		if name != full {
			names = append(names, name)
		}
	}
	return names
}

// ownPrefixes are the addresses of all links that are up, with their subnets:
// containers and virtual machines on this machine are browsers' places too.
func ownPrefixes(first []netip.Addr, links []link) []netip.Prefix {
	var picked []netip.Prefix
	for _, l := range links {
		if l.flags&net.FlagUp != 0 && l.flags&net.FlagLoopback == 0 {
			picked = append(picked, l.prefixes...)
		}
	}
	slices.SortStableFunc(picked, func(a, b netip.Prefix) int {
		return rank(first, a.Addr()) - rank(first, b.Addr())
	})
	return picked
}

// rank is the place of addr among first, or behind all of them.
func rank(first []netip.Addr, addr netip.Addr) int {
	if i := slices.Index(first, addr); i >= 0 {
		return i
	}
	return len(first)
}
