package signaling

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"relay/signaling/certificate"
)

var testUntil = time.Date(2036, 11, 20, 0, 0, 0, 0, time.UTC)

// newCA is a certificate authority of this name.
func newCA(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: testUntil.AddDate(-10, 0, 0), NotAfter: testUntil, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func withCA(ca *x509.Certificate) func(*Config) { return func(c *Config) { c.CA = ca } }

// bodyOf is all of a response that has to be a 200.
func bodyOf(t testing.TB, response *http.Response) []byte {
	t.Helper()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v: %s", response.Status, err, content)
	}
	return content
}

func TestDescriptionOfTheCA(t *testing.T) {
	ca := newCA(t, "relay on box")
	response := ask(newTestServer(t, nil, withCA(ca)), "GET", "/trust/ca.json", "192.168.1.20:8080")
	got := map[string]string{}
	if err := json.Unmarshal(bodyOf(t, response), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got["name"] != "relay on box" || got["until"] != "2036-11-20T00:00:00Z" || got["fingerprint"] != certificate.Fingerprint(ca) {
		t.Errorf("got %v", got)
	}
}

func TestCertificateOfTheCA(t *testing.T) {
	ca := newCA(t, "relay on box")
	response := ask(newTestServer(t, nil, withCA(ca)), "GET", "/trust/relay-ca.crt", "box")
	block, rest := pem.Decode(bodyOf(t, response))
	if block == nil || block.Type != "CERTIFICATE" || !slices.Equal(block.Bytes, ca.Raw) || len(rest) > 0 {
		t.Errorf("got %v, %q", block, rest)
	}
}

// Windows cannot show the fingerprint of what it opens, but that of a file.
func TestRawCertificateIsItsFingerprint(t *testing.T) {
	ca := newCA(t, "relay on box")
	file := bodyOf(t, ask(newTestServer(t, nil, withCA(ca)), "GET", "/trust/relay-ca.cer", "box"))
	if got := strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(file)), " ", ":"); got != certificate.Fingerprint(ca) {
		t.Errorf("the file has %s, the CA %s", got, certificate.Fingerprint(ca))
	}
}

// plist is an Apple property list, as far as a profile needs it.
type plist struct {
	Dict dict `xml:"dict"`
}

type dict struct {
	Keys    []string `xml:"key"`
	Strings []string `xml:"string"`
	Data    string   `xml:"data"`
	Dicts   []dict   `xml:"array>dict"`
}

// parseProfile returns the profile, its one payload, and that one's certificate.
func parseProfile(t testing.TB, content []byte) (outer, payload dict, certificate []byte) {
	t.Helper()
	var p plist
	if err := xml.Unmarshal(content, &p); err != nil || len(p.Dict.Dicts) != 1 {
		t.Fatalf("%v: %s", err, content)
	}
	payload = p.Dict.Dicts[0]
	der, err := base64.StdEncoding.DecodeString(payload.Data)
	if err != nil {
		t.Fatal(err)
	}
	return p.Dict, payload, der
}

func TestProfile(t *testing.T) {
	ca := newCA(t, "relay on box")
	s := newTestServer(t, nil, withCA(ca))
	content := bodyOf(t, ask(s, "GET", "/trust/relay-ca.mobileconfig", "box"))
	outer, payload, der := parseProfile(t, content)
	if !slices.Equal(der, ca.Raw) {
		t.Error("another certificate is in it")
	}
	if !slices.Contains(payload.Strings, "com.apple.security.root") || !slices.Contains(payload.Strings, "relay on box") {
		t.Errorf("payload %q", payload.Strings)
	}
	if !slices.Contains(outer.Strings, "Configuration") || !slices.Contains(outer.Strings, "relay on box") {
		t.Errorf("profile %q", outer.Strings)
	}
	for _, key := range []string{"PayloadContent", "PayloadDisplayName", "PayloadIdentifier", "PayloadType", "PayloadUUID", "PayloadVersion"} {
		if !slices.Contains(outer.Keys, key) || !slices.Contains(payload.Keys, key) {
			t.Errorf("%s is missing", key)
		}
	}
	if again := bodyOf(t, ask(s, "GET", "/trust/relay-ca.mobileconfig", "box")); !slices.Equal(again, content) {
		t.Error("it is another one each time")
	}
}

func TestUUIDs(t *testing.T) {
	form := regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`)
	one, other := newCA(t, "one"), newCA(t, "other")
	seen := map[string]bool{}
	for _, uuid := range []string{uuidOf("profile", one), uuidOf("certificate", one), uuidOf("profile", other), uuidOf("certificate", other)} {
		if !form.MatchString(uuid) || seen[uuid] {
			t.Errorf("%s", uuid)
		}
		seen[uuid] = true
	}
}

func FuzzProfile(f *testing.F) {
	for _, name := range []string{"relay on box", "a&b<c>\"d'", "]]>", "\x00\x1f", "{{.}}", "Büro 3", "\xff\xfe"} {
		f.Add(name, []byte("der"))
	}
	f.Fuzz(func(t *testing.T, name string, der []byte) {
		file, err := profile(&x509.Certificate{Raw: der, Subject: pkix.Name{CommonName: name}})
		if err != nil {
			t.Fatal(err)
		}
		outer, payload, got := parseProfile(t, file.content)
		if !slices.Equal(got, der) || len(outer.Strings) != 5 || len(payload.Strings) != 5 {
			t.Errorf("%q made another profile: %s", name, file.content)
		}
	})
}

func TestTrustFilesOnTheWire(t *testing.T) {
	s := newTestServer(t, nil, withCA(newCA(t, "relay on box")))
	for path, contentType := range map[string]string{
		"/trust/ca.json":               "application/json",
		"/trust/relay-ca.crt":          "application/x-x509-ca-cert",
		"/trust/relay-ca.cer":          "application/x-x509-ca-cert",
		"/trust/relay-ca.mobileconfig": "application/x-apple-aspen-config",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			response := ask(s, method, path, "box:8080")
			want := map[string]string{"Content-Type": contentType, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
			for name, value := range want {
				if got := response.Header.Get(name); got != value || response.StatusCode != http.StatusOK {
					t.Errorf("%s %s: %d, %s %q", method, path, response.StatusCode, name, got)
				}
			}
		}
		if response := ask(s, "GET", path, "evil.example"); response.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s under a stranger's name: %s", path, response.Status)
		}
		response := ask(newTestServer(t, nil), "GET", path, "box:8080")
		content, err := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusNotFound || !strings.Contains(string(content), `"code":"not-found"`) || err != nil {
			t.Errorf("%s without a CA: %s %s, %v", path, response.Status, content, err)
		}
	}
}

// A browser that was told to insist on HTTPS would do so for every port of the
// machine, and long after the CA is gone.
func TestNoResponseInsistsOnHTTPS(t *testing.T) {
	server, _ := httpsServer(t, newTestServer(t, nil, withHTTPS, withCA(newCA(t, "relay on box"))))
	for _, path := range []string{"/", "/push", "/push/math", "/pull", "/trust/ca.json", "/trust/relay-ca.crt", "/qr.svg", "/qr.svg?url=http://box/pull", "/ws/push/math", "/bug"} {
		response, err := server.Client().Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if _, present := response.Header["Strict-Transport-Security"]; present {
			t.Errorf("%s does", path)
		}
	}
}
