package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var fingerprintPattern = regexp.MustCompile(`(?:[0-9A-F]{2}:){31}[0-9A-F]{2}`)

// fingerprint is the CA's, as the terminal shows it last.
func (r *relay) fingerprint() string {
	r.t.Helper()
	waitFor(r.t, "the fingerprint in the terminal", func() bool { return fingerprintPattern.MatchString(r.said.String()) })
	shown := fingerprintPattern.FindAllString(r.said.String(), -1)
	return shown[len(shown)-1]
}

// fetchCA gets the CA as a person does: from the page about it, comparing what
// came with the fingerprint in the terminal.
func (r *relay) fetchCA(origin string) *x509.Certificate {
	r.t.Helper()
	block, _ := pem.Decode(get(r.t, http.DefaultClient, origin+"/trust/relay-ca.crt"))
	if block == nil {
		r.t.Fatal("what was downloaded is no PEM file")
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	check(r.t, err)
	var told struct{ Fingerprint string }
	check(r.t, json.Unmarshal(get(r.t, http.DefaultClient, origin+"/trust/ca.json"), &told))
	got := strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(ca.Raw)), " ", ":")
	if got != r.fingerprint() || got != told.Fingerprint {
		r.t.Fatalf("the CA has the fingerprint %s\nthe page says %s\nthe terminal %s", got, told.Fingerprint, r.fingerprint())
	}
	return ca
}

// get is what a server answers with 200.
func get(t testing.TB, client *http.Client, url string) []byte {
	t.Helper()
	response, err := client.Get(url)
	check(t, err)
	body, err := io.ReadAll(response.Body)
	check(t, errors.Join(err, response.Body.Close()))
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s", url, response.Status, body)
	}
	return body
}

// trustingClient trusts nobody but the CA, and connects anew for each request.
func trustingClient(ca *x509.Certificate) *http.Client {
	return &http.Client{
		Timeout:   patience,
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: poolOf(ca)}},
	}
}

func poolOf(ca *x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return pool
}

// trusting has the browser trust the CA, as one does into which a person
// imported it: Chromium on Linux reads NSS's database in the home folder.
func trusting(t *testing.T, ca *x509.Certificate) chromedp.ExecAllocatorOption {
	t.Helper()
	home := t.TempDir()
	file, database := filepath.Join(home, "ca.crt"), filepath.Join(home, ".pki", "nssdb")
	check(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}), 0o600))
	check(t, os.MkdirAll(database, 0o700))
	certutil(t, "-N", "-d", "sql:"+database, "--empty-password")
	certutil(t, "-A", "-d", "sql:"+database, "-n", "relay", "-t", "C,,", "-i", file)
	return chromedp.Env("HOME=" + home)
}

func certutil(t *testing.T, args ...string) {
	t.Helper()
	if output, err := exec.Command("certutil", args...).CombinedOutput(); err != nil {
		t.Fatalf("certutil %s: %v: %s", args, err, output)
	}
}

// navigateToWarning loads a page of which the browser warns, and returns the
// warning's code.
func (p *page) navigateToWarning(url string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	var refused *chromedp.LoadError
	if _, err := chromedp.Run(ctx, chromedp.Navigate(url)); !errors.As(err, &refused) {
		p.t.Fatalf("%s: %v instead of a warning", url, err)
	}
	p.waitThroughLoads("document.querySelector('#details-button') !== null")
	return strings.TrimPrefix(refused.ErrorText, "net::")
}

// proceed goes past the browser's warning, as a person does.
func (p *page) proceed() {
	p.t.Helper()
	p.click("#details-button")
	p.click("#proceed-link")
	p.waitThroughLoads("location.protocol === 'https:' && document.readyState === 'complete'")
}

// waitThroughLoads waits while one document gives way to another, which a wait
// within the page does not survive.
func (p *page) waitThroughLoads(expression string) {
	p.t.Helper()
	waitFor(p.t, expression, func() bool {
		is, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && is
	})
}

// TestLeafFollowsAddresses: an address that the machine gets while the relay
// runs is served too, with what people trust already.
func TestLeafFollowsAddresses(t *testing.T) {
	t.Parallel() // it mostly waits
	if !mayMakeNetworks(t) {
		return
	}
	lan := newNamespace(t)
	r := startRelay(t)
	client := trustingClient(r.fetchCA("http://" + lan.address + ":" + r.port))
	const added = "10.214.7.1"
	before, after := "https://"+lan.address+":"+r.port+"/pull", "https://"+added+":"+r.port+"/pull"
	response, err := client.Get(before)
	check(t, err)
	check(t, response.Body.Close())
	if response.TLS.PeerCertificates[0].VerifyHostname(added) == nil {
		t.Fatal("the leaf names an address that the machine does not have")
	}
	lan.addAddress(added)
	start := time.Now()
	waitFor(t, "the leaf to name the new address", func() bool {
		response, err := client.Get(after)
		return err == nil && response.Body.Close() == nil
	})
	took := time.Since(start)
	if took > 30*time.Second {
		t.Errorf("the leaf names the new address after %v, want 30 s", took)
	}
	get(t, client, after)
	get(t, client, before)
	figure(t, "https-2: an address added to the interface: a client that trusts the CA is served on it after %.1f s, and still on the old one", took.Seconds())
}
