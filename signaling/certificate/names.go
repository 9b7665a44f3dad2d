package certificate

import (
	"net/netip"
	"slices"
	"strings"
)

// maxNames bounds a leaf: 100 addresses make it about 2 kB longer.
const maxNames = 100

// Names are those of this machine now.
type Names struct {
	Hosts     []string       // in lower case, the full one first
	Addresses []netip.Prefix // each an address with its subnet's length
}

// machine is what a person calls this machine: the first label of its name.
func (n Names) machine() string {
	label, _, _ := strings.Cut(n.hosts()[0], ".")
	return label
}

// hosts are the host names among Hosts, and localhost last.
func (n Names) hosts() []string {
	var hosts []string
	for _, host := range append(slices.Clone(n.Hosts), "localhost") {
		host = strings.ToLower(host)
		if isHostName(host) && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// subjects are what a leaf is to be for, as text: host names and addresses.
// Browsers open no link-local IPv6 address, since a URL has no zone.
func (n Names) subjects() []string {
	subjects := append([]string{"127.0.0.1", "::1"}, n.hosts()...)
	for _, prefix := range n.prefixes() {
		addr := prefix.Addr()
		if text := addr.String(); !(addr.Is6() && addr.IsLinkLocalUnicast()) && !slices.Contains(subjects, text) {
			subjects = append(subjects, text)
		}
	}
	return subjects[:min(len(subjects), maxNames)]
}

// prefixes are the Addresses that something can listen on, IPv4 in its own form.
func (n Names) prefixes() []netip.Prefix {
	var prefixes []netip.Prefix
	for _, prefix := range n.Addresses {
		addr, bits := prefix.Addr(), prefix.Bits()
		if !prefix.IsValid() || addr.Unmap().IsUnspecified() || addr.IsMulticast() {
			continue
		}
		if addr.Is4In6() {
			bits = max(0, bits-96)
		}
		prefixes = append(prefixes, netip.PrefixFrom(addr.Unmap(), bits))
	}
	return prefixes
}

// isHostName follows RFC 1123 section 2.1. What ends in a number is no name:
// browsers read it as an IPv4 address (https://url.spec.whatwg.org/#ends-in-a-number-checker).
func isHostName(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return len(name) <= 253 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}
