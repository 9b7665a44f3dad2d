package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// authority is a CA with its key: the relay's own, in the hands of a thief.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  any
}

// stealAuthority reads the CA's file.
func stealAuthority(t *testing.T, r *relay) *authority {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(r.state, "ca.pem"))
	check(t, err)
	a := &authority{t: t}
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			a.cert, err = x509.ParseCertificate(block.Bytes)
		} else {
			a.key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		}
		check(t, err)
	}
	return a
}

// issue makes a certificate, good from now for so long, for a host.
func (a *authority) issue(template *x509.Certificate, host string, validity time.Duration) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(a.t, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore = time.Now().Add(min(0, validity) - time.Hour)
	template.NotAfter = time.Now().Add(validity)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	check(a.t, err)
	leaf, err := x509.ParseCertificate(der)
	check(a.t, err)
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
}

// leaf is what a server shows under a name.
func (a *authority) leaf(host string) tls.Certificate {
	a.t.Helper()
	return a.issue(&x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature}, host, 24*time.Hour)
}

// impersonate serves a page under somebody's name and returns its port.
func (a *authority) impersonate(host string) string {
	a.t.Helper()
	server := httptest.NewUnstartedServer(servePage("<!doctype html><title>Impostor</title>"))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of each browser that refuses
	server.TLS = &tls.Config{Certificates: []tls.Certificate{a.leaf(host)}}
	server.StartTLS()
	a.t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	check(a.t, err)
	return port
}

// publicNames are not the relay's to vouch for.
var publicNames = []string{"example.com", "www.google.com", "8.8.8.8", "2001:4860:4860::8888"}

// localName is what anybody may call a machine of the LAN.
const localName = "something.local"

// TestAuthorityVouchesForNothingPublic: who has stolen the CA's key can
// impersonate no website to those who trust the CA.
func TestAuthorityVouchesForNothingPublic(t *testing.T) {
	r := startRelay(t)
	a := stealAuthority(t, r)
	a.checkGo()
	codes := a.checkChromium()
	figure(t, "https-2: leaves for %s, signed with the CA's key: refused by Go and by Chromium (%s), which trust the CA; one for %s accepted by both",
		strings.Join(publicNames, ", "), strings.Join(codes, ", "), localName)
}

func (a *authority) checkGo() {
	a.t.Helper()
	roots := x509.VerifyOptions{Roots: poolOf(a.cert)}
	for _, name := range publicNames {
		_, err := a.leaf(name).Leaf.Verify(roots)
		if !refusedFor(err, x509.CANotAuthorizedForThisName) {
			a.t.Errorf("Go, of a leaf for %s: %v", name, err)
		}
	}
	if _, err := a.leaf(localName).Leaf.Verify(roots); err != nil {
		a.t.Errorf("Go, of a leaf for %s: %v", localName, err)
	}
	second := a.issue(&x509.Certificate{KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true}, localName, 24*time.Hour)
	below := &authority{a.t, second.Leaf, second.PrivateKey}
	roots.Intermediates = poolOf(second.Leaf)
	if _, err := below.leaf(localName).Leaf.Verify(roots); !refusedFor(err, x509.TooManyIntermediates) {
		a.t.Errorf("Go, of a leaf from a CA made by the CA: %v", err)
	}
}

func refusedFor(err error, reason x509.InvalidReason) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(err, &invalid) && invalid.Reason == reason
}

// checkChromium returns the code of each warning.
func (a *authority) checkChromium() []string {
	a.t.Helper()
	browser := startChromium(a.t, trusting(a.t, a.cert), chromedp.Flag("host-resolver-rules", "MAP * 127.0.0.1"))
	local := browser.open(a.origin(localName))
	if title := eval[string](local, "document.title"); title != "Impostor" {
		a.t.Errorf("Chromium, of a leaf for %s: %q", localName, title)
	}
	var codes []string
	for _, name := range publicNames {
		code := browser.blank().navigateToWarning(a.origin(name))
		if code != "ERR_CERT_INVALID" {
			a.t.Errorf("Chromium, of a leaf for %s: %s", name, code)
		}
		codes = append(codes, code)
	}
	return codes
}

// origin is that of an impostor's page.
func (a *authority) origin(host string) string {
	a.t.Helper()
	return "https://" + net.JoinHostPort(host, a.impersonate(host))
}
