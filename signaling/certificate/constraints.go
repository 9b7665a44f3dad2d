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
// what RFC 6177 has as the largest.
func narrowed(prefix netip.Prefix) netip.Prefix {
	widest := 16
	if prefix.Addr().Is6() {
		widest = 48
	}
	if prefix.Bits() < widest && !isLocalPrefix(prefix) {
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
// otherwise; nobody can register below that.
func isPublicSuffix(name string) bool {
	suffix, icann := publicsuffix.PublicSuffix(name)
	return suffix == name && (icann || strings.Contains(name, "."))
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

// limit is true if c rules anything out, for host names and for addresses.
func (c constraints) limit() bool {
	return len(c.domains) > 0 && len(c.prefixes) > 0 && !slices.Contains(c.domains, "") &&
		!slices.ContainsFunc(c.prefixes, func(prefix netip.Prefix) bool { return prefix.Bits() <= 0 })
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
// speaks of would be free, so URIs and mail addresses are confined to the domain
// that never exists (RFC 6761 section 6.4).
func (c constraints) applyTo(template *x509.Certificate) {
	template.PermittedDNSDomainsCritical = true
	template.PermittedDNSDomains = c.domains
	template.PermittedURIDomains = []string{"invalid"}
	template.PermittedEmailAddresses = []string{"invalid"}
	for _, prefix := range c.prefixes {
		addr := prefix.Addr()
		template.PermittedIPRanges = append(template.PermittedIPRanges,
			&net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(prefix.Bits(), addr.BitLen())})
	}
}
