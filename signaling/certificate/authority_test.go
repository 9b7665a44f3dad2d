package certificate

import (
	"crypto/x509"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestAuthority(t *testing.T) {
	ca := must(newAuthority(lab(), today)).certificate
	if name := ca.Subject.CommonName; !regexp.MustCompile(`^relay on lab7 [0-9a-f]{4}$`).MatchString(name) {
		t.Errorf("its name is %q", name)
	}
	if until := ca.NotAfter.Format(time.DateOnly); until != "2036-11-20" {
		t.Errorf("it ends on %s", until)
	}
	if ca.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || len(ca.SubjectKeyId) == 0 || ca.SerialNumber.Sign() <= 0 {
		t.Errorf("key usage %b, key id %x, serial %v", ca.KeyUsage, ca.SubjectKeyId, ca.SerialNumber)
	}
	check(t, checkAuthority(ca, today))
}

func TestAuthorityOfALongName(t *testing.T) {
	names := Names{Hosts: []string{strings.Repeat("a", 63) + ".example"}}
	if name := must(newAuthority(names, today)).certificate.Subject.CommonName; len(name) > 64 {
		t.Errorf("%d characters: %s", len(name), name)
	}
}

func TestAuthorityOfAClockThatWasNeverSet(t *testing.T) {
	ca := must(newAuthority(lab(), time.Unix(60, 0)))
	if start := ca.certificate.NotBefore.Format(time.DateOnly); start != "2025-12-31" {
		t.Errorf("it starts on %s", start)
	}
	check(t, checkAuthority(ca.certificate, today))
	check(t, checkAuthority(must(newAuthority(lab(), today)).certificate, time.Unix(60, 0)))
	leaf := must(newLeaf(ca, []string{"localhost"}, time.Unix(60, 0))).certificate
	check(t, trust(ca.certificate, leaf, today))
}

func TestAuthorityEnds(t *testing.T) {
	ca := must(newAuthority(lab(), today)).certificate
	check(t, checkAuthority(ca, ca.NotAfter))
	if err := checkAuthority(ca, ca.NotAfter.Add(time.Second)); err == nil || !strings.Contains(err.Error(), "ended on 2036-11-20") {
		t.Error(err)
	}
}

// altered is a CA such as somebody else makes.
func altered(change func(*x509.Certificate), issuer *pair) *pair {
	template := must(newAuthority(lab(), time.Now())).certificate
	template.Raw, template.PublicKey, template.SignatureAlgorithm, template.Extensions = nil, nil, 0, nil
	change(template)
	return must(newPair(template, issuer))
}

func TestEachAuthorityIsConfined(t *testing.T) {
	for _, names := range []Names{
		{},
		lab(),
		{Hosts: []string{"dev", "lab7.dev", "xn--bcher-kva.example"}},
		{Addresses: prefixes("203.0.113.5/24", "203.0.114.5/0", "141.20.1.2/16", "2001:db8:1:2::5/48", "2001:db9::5/0")},
		{Addresses: prefixes("::5/64", "::ffff:203.0.113.5/0", "192.168.1.20/8")},
	} {
		if ca := must(newAuthority(names, today)).certificate; !isConfined(ca) {
			t.Errorf("%v: for %v and %v", names, ca.PermittedDNSDomains, ca.PermittedIPRanges)
		}
	}
}

// TestIsConfined: a CA that can vouch for anything of the internet is refused,
// and so is one that cannot vouch for the machine itself.
func TestIsConfined(t *testing.T) {
	domains := func(more ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.PermittedDNSDomains = append(c.PermittedDNSDomains, more...) }
	}
	ranges := func(more ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.PermittedIPRanges = append(c.PermittedIPRanges, ipNets(more...)...) }
	}
	only := func(texts ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.PermittedIPRanges = ipNets(texts...) }
	}
	for name, test := range map[string]struct {
		change func(*x509.Certificate)
		want   bool
	}{
		"as it is":              {func(*x509.Certificate) {}, true},
		"a domain more":         {domains("lab8.school.example"), true},
		"a site's subnets more": {ranges("203.0.0.0/16", "2001:db8::/48"), true},
		"no domains":            {func(c *x509.Certificate) { c.PermittedDNSDomains = nil }, false},
		"all domains":           {domains(""), false},
		"top-level domain":      {domains("com"), false},
		"below a top-level one": {domains(".com"), false},
		"in capitals":           {domains("COM"), false},
		"public suffix":         {domains("co.uk"), false},
		"suffixes below":        {domains("ck"), false},
		"private suffix":        {domains("github.io"), false},
		"below a suffix":        {domains(".github.io"), false},
		"no localhost":          {func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"local"} }, false},
		"no addresses":          {only(), false},
		"all of IPv4":           {ranges("0.0.0.0/0"), false},
		"all of IPv6":           {ranges("::/0"), false},
		"half of IPv4":          {ranges("128.0.0.0/1"), false},
		"a provider's IPv4":     {ranges("203.0.0.0/15"), false},
		"a provider's IPv6":     {ranges("2001:db8::/47"), false},
		"IPv4 within IPv6":      {ranges("::/64"), false},
		"IPv4 as IPv6":          {ranges("::ffff:0:0/96"), false},
		"no 127.0.0.1":          {only("::1/128", "10.0.0.0/8"), false},
		"no ::1":                {only("127.0.0.0/8", "10.0.0.0/8"), false},
		"any URIs":              {func(c *x509.Certificate) { c.PermittedURIDomains = nil }, false},
		"URIs of a domain":      {func(c *x509.Certificate) { c.PermittedURIDomains = []string{"example.com"} }, false},
		"any mail":              {func(c *x509.Certificate) { c.PermittedEmailAddresses = nil }, false},
		"mail of a domain too":  {func(c *x509.Certificate) { c.PermittedEmailAddresses = []string{"invalid", "example.com"} }, false},
		"constraints as a wish": {func(c *x509.Certificate) { c.PermittedDNSDomainsCritical = false }, false},
		"CAs below":             {func(c *x509.Certificate) { c.MaxPathLen = 1 }, false},
		"any CAs below":         {func(c *x509.Certificate) { c.MaxPathLen = -1 }, false},
		"for all purposes":      {func(c *x509.Certificate) { c.ExtKeyUsage = nil }, false},
	} {
		if ca := altered(test.change, nil).certificate; isConfined(ca) != test.want {
			t.Errorf("%s: %v", name, !test.want)
		}
	}
}

func ipNets(texts ...string) (all []*net.IPNet) {
	for _, prefix := range prefixes(texts...) {
		all = append(all, ipNet(prefix))
	}
	return all
}
