package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"relay/signaling/certificate"
)

// urlsOf are the addresses in a text, in order.
func urlsOf(text string) (urls []string) {
	for word := range strings.FieldsSeq(text) {
		if strings.HasPrefix(word, "http") {
			urls = append(urls, word)
		}
	}
	return urls
}

// givenIdentity is that of a relay with --tls-cert for these names, and --allow-host.
func givenIdentity(t *testing.T, allowHost []string, names ...string) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	p := newPair(t)
	p.write(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
	i, err := openIdentity(options{tlsCert: p.cert, tlsKey: p.key, allowHost: allowHost}, slog.New(slog.DiscardHandler))
	check(t, err)
	return i
}

func TestBannerSaysWhatToOpen(t *testing.T) {
	own := identity{certificates: &certificate.Local{}, ca: &x509.Certificate{Raw: []byte("a CA")}}
	given := givenIdentity(t, nil, "localhost", "relay.school.example", "192.168.1.21")
	wildcard := givenIdentity(t, []string{"relay.school.example", "relay.example"}, "*.school.example", "192.168.1.20")
	lan := addrs("192.168.1.20", "fd00::20")
	local := "http://localhost:8080"
	for name, test := range map[string]struct {
		site site
		want []string
	}{
		"own certificate": {site{lan, 8080, own, needs{}}, []string{local + "/push", "https://192.168.1.20:8080/push", "https://[fd00::20]:8080/push",
			"http://192.168.1.20:8080/trust", "http://192.168.1.20:8080/pull", "http://[fd00::20]:8080/pull"}},
		"given certificate": {site{lan[:1], 8080, given, needs{}}, []string{local + "/push", "https://relay.school.example:8080/push",
			"https://relay.school.example:8080/pull", "http://192.168.1.20:8080/pull"}},
		"given certificate with a pattern": {site{lan, 8080, wildcard, needs{}}, []string{local + "/push", "https://relay.school.example:8080/push", "https://192.168.1.20:8080/push",
			"https://relay.school.example:8080/pull", "http://192.168.1.20:8080/pull", "http://[fd00::20]:8080/pull"}},
		"no HTTPS":          {site{lan[:1], 8080, identity{}, needs{}}, []string{local + "/push", "http://192.168.1.20:8080/pull"}},
		"this machine only": {site{nil, 8080, own, needs{}}, []string{local + "/push", local + "/pull"}},
		"HTTPS's own port":  {site{lan[:1], 443, given, needs{}}, []string{"http://localhost:443/push", "https://relay.school.example/push", "https://relay.school.example/pull", "http://192.168.1.20:443/pull"}},
		"no room main":      {site{lan[:1], 8080, identity{}, needs{name: true}}, []string{local + "/push/ROOM", "http://192.168.1.20:8080/pull/ROOM"}},
		"HTTP's own port":   {site{lan[:1], 80, identity{}, needs{}}, []string{"http://localhost:80/push", "http://192.168.1.20/pull"}},
	} {
		banner := test.site.banner(codeFor(io.Discard))
		if got := urlsOf(banner); !slices.Equal(got, test.want) {
			t.Errorf("%s:\ngot  %v\nwant %v", name, got, test.want)
		}
		if hasCode, watched := strings.Contains(banner, "█"), len(test.site.addresses) > 0 && !test.site.needs.name; hasCode != watched {
			t.Errorf("%s: QR code: %t, addresses for viewers: %t\n%s", name, hasCode, watched, banner)
		}
	}
}

func TestViewersAddresses(t *testing.T) {
	for host, want := range map[string][]string{
		"127.0.0.1":      nil,
		"::1":            nil,
		"10.0.0.7":       {"http://10.0.0.7:8080"},
		"fe80::7%enp3s0": {"http://[fe80::7]:8080"},
		"2001:db8::1":    {"http://[2001:db8::1]:8080"},
	} {
		s := site{addresses: viewersAddresses(netip.MustParseAddr(host)), port: 8080}
		if got := s.viewersOrigins(); !slices.Equal(got, want) {
			t.Errorf("--host %s: got %v, want %v", host, got, want)
		}
	}
}

// TestReadmeShowsTheBanner: what README.md shows is what the terminal does, but
// for the fingerprint and the code.
func TestReadmeShowsTheBanner(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	check(t, err)
	own := identity{certificates: &certificate.Local{}, ca: &x509.Certificate{Raw: []byte("a CA")}}
	banner := site{addresses: addrs("192.168.1.20"), port: 8080, identity: own}.banner(func(string) (string, error) { return "", nil })
	shown := fingerprintPattern.ReplaceAllString(strings.TrimRight(banner, "\n"), "8F:0C:…")
	if !strings.Contains(string(readme), "```\n"+shown+"\n```\n") {
		t.Errorf("README.md lacks:\n%s", shown)
	}
}
