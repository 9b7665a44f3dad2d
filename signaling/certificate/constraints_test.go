package certificate

import (
	"crypto/x509"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestPrefixesOfAnAuthority(t *testing.T) {
	local := strings.Fields("fc00::/7 10.0.0.0/8 127.0.0.0/8 fe80::/10 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 ::1/128")
	for _, test := range []struct{ addresses, added string }{
		{"", ""},
		// Within what is local.
		{"192.168.1.20/24 10.1.2.3/8 172.31.0.1/12 169.254.1.1/16 127.0.0.1/8 fd00::1/64 fe80::1/64 ::1/128", ""},
		// Subnets of a site.
		{"203.0.113.5/24", "203.0.113.0/24"},
		{"141.20.1.2/16", "141.20.0.0/16"},
		{"2001:db8:1:2::5/64", "2001:db8:1:2::/64"},
		{"2001:db8:1:2::5/48", "2001:db8:1::/48"},
		{"100.101.102.103/32", "100.101.102.103/32"},
		{"::ffff:203.0.113.5/120", "203.0.113.0/24"},
		// Wider than any site.
		{"203.0.113.5/0", "203.0.113.5/32"},
		{"203.0.113.5/15", "203.0.113.5/32"},
		{"100.64.0.9/10", "100.64.0.9/32"},
		{"2001:db8::5/47", "2001:db8::5/128"},
		{"2001:db8::5/0", "2001:db8::5/128"},
		{"::ffff:203.0.113.5/0", "203.0.113.5/32"},
		{"::ffff:203.0.113.5/96", "203.0.113.5/32"},
		// Wider than what is local, from within.
		{"192.168.1.20/0 192.168.1.20/8 172.16.0.1/11 10.0.0.1/7 fd00::1/6 fe80::1/9", ""},
		{"::5/64", "::5/128"}, // with all of IPv4 in it
		{"0:0:0:1::5/64", "0:0:0:1::/64"},
		// None twice, none within another.
		{"203.0.113.5/24 203.0.113.6/24 203.0.113.7/32 203.0.113.129/25", "203.0.113.0/24"},
		{"203.0.113.5/25 203.0.113.5/24", "203.0.113.0/24"},
		// No addresses.
		{"0.0.0.0/0 ::/0 224.0.0.1/4 ff02::1/8", ""},
	} {
		var got []string
		for _, prefix := range constraintsFor(Names{Addresses: prefixes(strings.Fields(test.addresses)...)}).prefixes {
			got = append(got, prefix.String())
		}
		want := append(strings.Fields(test.added), local...)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %v\nwant %v", test.addresses, got, want)
		}
	}
}

func TestDomainsOfAnAuthority(t *testing.T) {
	for hosts, want := range map[string]string{
		"":                      "local localhost",
		"localhost":             "local localhost",
		"lab7.local":            "local localhost",
		"lab7":                  "lab7 local localhost",
		"lab7.school.example":   "lab7.school.example local localhost",
		"LAB7.School.Example":   "lab7.school.example local localhost",
		"lab7.fritz.box lab7":   "lab7 lab7.fritz.box local localhost",
		"a.example a.b.example": "a.b.example a.example local localhost",
		// None below another.
		"x.lab7.school.example lab7.school.example lab7.school.example": "lab7.school.example local localhost",
		"x.lab7 lab7": "lab7 local localhost",
		// What strangers register names below.
		"dev":                 "local localhost",
		"app":                 "local localhost",
		"box":                 "local localhost",
		"com":                 "local localhost",
		"co.uk":               "local localhost",
		"github.io":           "local localhost",
		"foo.ck":              "local localhost",
		"ck":                  "local localhost",
		"kawasaki.jp":         "local localhost",
		"dev dev.school.test": "dev.school.test local localhost",
		"lab7.dev":            "lab7.dev local localhost",
		// No host names.
		"my_pc bücher 10.0.0.1 1234 *.example": "local localhost",
	} {
		got := constraintsFor(Names{Hosts: strings.Fields(hosts)}).domains
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %v, want %v", hosts, got, want)
		}
	}
}

// TestVouching: what a client accepts that trusts the CA, whatever is signed
// with its key.
func TestVouching(t *testing.T) {
	names := lab()
	names.Addresses = append(names.Addresses, prefixes("203.0.113.5/24", "2001:db8:1:2::5/64")...)
	ca := must(newAuthority(names, today))
	own := constraintsOf(ca.certificate)
	for subject, want := range map[string]bool{
		"lab7.school.example": true, "sub.lab7.school.example": true, "lab7": true, "sub.lab7": true,
		"example.local": true, "a.b.local": true, "localhost": true, "app.localhost": true,
		"192.168.9.9": true, "10.200.0.1": true, "172.31.255.255": true, "169.254.1.1": true, "127.0.0.1": true,
		"203.0.113.77": true, "fd12::1": true, "::1": true, "2001:db8:1:2::77": true,
		"google.com": false, "local.example": false, "xlocal": false, "evillab7": false, "school.example": false,
		"other.school.example": false, "lab7.school.example.com": false, "com": false, "*.com": false,
		"8.8.8.8": false, "172.32.0.1": false, "192.169.0.1": false, "203.0.114.1": false, "100.64.0.1": false,
		"2606:4700:4700::1111": false, "2001:db8:1:3::1": false, "::2": false,
	} {
		if err := trust(ca.certificate, must(newLeaf(ca, []string{"localhost", subject}, today)).certificate, today); (err == nil) != want {
			t.Errorf("%s: %v", subject, err)
		}
		if got := own.permit(subject); got != want {
			t.Errorf("%s: we think %v", subject, got)
		}
	}
}

func TestVouchingForOtherKinds(t *testing.T) {
	ca := must(newAuthority(lab(), today))
	for kind, change := range map[string]func(*x509.Certificate){
		"URI":               func(c *x509.Certificate) { c.URIs = []*url.URL{must(url.Parse("https://google.com/"))} },
		"URI of ours":       func(c *x509.Certificate) { c.URIs = []*url.URL{must(url.Parse("https://lab7.local/"))} },
		"mail":              func(c *x509.Certificate) { c.EmailAddresses = []string{"head@school.example"} },
		"client":            func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} },
		"software":          func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} },
		"one public of two": func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "google.com") },
	} {
		template := &x509.Certificate{NotBefore: today, NotAfter: today.Add(day), DNSNames: []string{"lab7.local"}}
		check(t, trust(ca.certificate, must(newPair(template, ca)).certificate, today))
		change(template)
		options := x509.VerifyOptions{Roots: x509.NewCertPool(), CurrentTime: today, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
		if len(template.ExtKeyUsage) > 0 {
			options.KeyUsages = template.ExtKeyUsage
		}
		options.Roots.AddCert(ca.certificate)
		if _, err := must(newPair(template, ca)).certificate.Verify(options); err == nil {
			t.Errorf("%s: accepted", kind)
		}
	}
}

// TestNoAuthorityBelow: path length 0.
func TestNoAuthorityBelow(t *testing.T) {
	ca := must(newAuthority(lab(), today))
	below := must(newPair(&x509.Certificate{
		NotBefore: today, NotAfter: today.Add(day), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, ca))
	leaf := must(newLeaf(below, []string{"lab7.local"}, today))
	if trust(ca.certificate, leaf.certificate, today, below.certificate) == nil {
		t.Error("a CA below the CA was accepted")
	}
}
