package certificate

import (
	"cmp"
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// localPrefixes are the addresses that no certificate of the internet can be
// for: RFC 1918, RFC 3927, RFC 1122 section 3.2.1.3, RFC 4193, RFC 4291.
var localPrefixes = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("fc00::/7"),
	netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("::1/128"),
}

// mappedPrefix are IPv4's addresses written as IPv6 (RFC 4291 section 2.5.5.2).
var mappedPrefix = netip.MustParsePrefix("::ffff:0:0/96")

// nowhere is the domain that never exists (RFC 6761 section 6.4).
var nowhere = []string{"invalid"}

// constraints are what a CA can vouch for (RFC 5280 section 4.2.1.10). A domain
// permits all names below it as well.
type constraints struct {
	domains  []string
	prefixes []netip.Prefix
}

// constraintsFor are those of a CA that is made on a machine with these names.
func constraintsFor(names Names) constraints {
	var c constraints
	c.permitDomains(append(names.hosts(), "local"))
	c.permitPrefixes(append(names.prefixes(), localPrefixes...))
	return c
}

// permitDomains leaves out public suffixes: a machine that is called "dev"
// would get a CA for every website under .dev.
func (c *constraints) permitDomains(domains []string) {
	slices.SortStableFunc(domains, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	for _, domain := range domains {
		if !isPublicSuffix(domain) && !c.permitsHost(domain) {
			c.domains = append(c.domains, domain)
		}
	}
}

// permitPrefixes takes the widest first, so that none ends up within another.
func (c *constraints) permitPrefixes(prefixes []netip.Prefix) {
	for i, prefix := range prefixes {
		prefixes[i] = narrowed(prefix)
	}
	slices.SortStableFunc(prefixes, func(a, b netip.Prefix) int { return cmp.Compare(a.Bits(), b.Bits()) })
	for _, prefix := range prefixes {
		if !c.permitsAddr(prefix.Addr()) {
			c.prefixes = append(c.prefixes, prefix)
		}
	}
}

// narrowed is the subnet of an address, or the address alone if the subnet is
// wider than any site's: a misconfigured 203.0.113.5/0 must not make a CA for
// the internet. /16 was the largest network of a site before RFC 1519, /48 is
// what RFC 6177 has as the largest. However narrow, ::5/64 has all of IPv4 in it.
func narrowed(prefix netip.Prefix) netip.Prefix {
	widest := 16
	if prefix.Addr().Is6() {
		widest = 48
	}
	if isWide := prefix.Bits() < widest || prefix.Overlaps(mappedPrefix); isWide && !isLocalPrefix(prefix) {
		return netip.PrefixFrom(prefix.Addr(), prefix.Addr().BitLen())
	}
	return prefix.Masked()
}

func isLocalPrefix(prefix netip.Prefix) bool {
	return slices.ContainsFunc(localPrefixes, func(local netip.Prefix) bool {
		return local.Bits() <= prefix.Bits() && local.Contains(prefix.Addr())
	})
}

// isPublicSuffix is true for names that strangers register their own below. The
// list also calls a lone label that it does not know a suffix, as no rule says
// otherwise; nobody can register below that. Of some countries it has only that
// all names right below are suffixes.
func isPublicSuffix(name string) bool {
	suffix, icann := publicsuffix.PublicSuffix(name)
	below, _ := publicsuffix.PublicSuffix("*." + name)
	return suffix == name && (icann || strings.Contains(name, ".")) || below == "*."+name
}

// constraintsOf reads those of a CA.
func constraintsOf(ca *x509.Certificate) constraints {
	c := constraints{domains: ca.PermittedDNSDomains}
	for _, permitted := range ca.PermittedIPRanges {
		addr, _ := netip.AddrFromSlice(permitted.IP)
		ones, _ := permitted.Mask.Size()
		c.prefixes = append(c.prefixes, netip.PrefixFrom(addr, ones))
	}
	return c
}

// confine is true if constraintsFor could have made c: for what each machine calls
// itself, and for nothing of the internet but a site.
func (c constraints) confine() bool {
	return c.permit("localhost") && c.permit("127.0.0.1") && c.permit("::1") &&
		!slices.ContainsFunc(c.domains, func(domain string) bool { return !isHostName(domain) || isPublicSuffix(domain) }) &&
		!slices.ContainsFunc(c.prefixes, func(prefix netip.Prefix) bool { return narrowed(prefix) != prefix })
}

// permit judges a host name or an address.
func (c constraints) permit(subject string) bool {
	if addr, err := netip.ParseAddr(subject); err == nil {
		return c.permitsAddr(addr)
	}
	return c.permitsHost(subject)
}

func (c constraints) permitsHost(name string) bool {
	return slices.ContainsFunc(c.domains, func(domain string) bool {
		return name == domain || strings.HasSuffix(name, "."+domain)
	})
}

func (c constraints) permitsAddr(addr netip.Addr) bool {
	return slices.ContainsFunc(c.prefixes, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// applyTo writes c into a CA's template. A kind of name that no constraint
// speaks of is free, so there are some for URIs and mail addresses. Those left
// are harmless: a browser finds a server's name in none of them (RFC 9110
// section 4.3.4).
func (c constraints) applyTo(template *x509.Certificate) {
	template.PermittedDNSDomainsCritical = true
	template.PermittedDNSDomains = c.domains
	template.PermittedURIDomains = nowhere
	template.PermittedEmailAddresses = nowhere
	for _, prefix := range c.prefixes {
		template.PermittedIPRanges = append(template.PermittedIPRanges, ipNet(prefix))
	}
}

func ipNet(prefix netip.Prefix) *net.IPNet {
	addr := prefix.Addr()
	return &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(prefix.Bits(), addr.BitLen())}
}
