package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair is a certificate and its key in files, as an administrator has them.
type pair struct {
	t         *testing.T
	cert, key string
}

func newPair(t *testing.T) *pair {
	folder := t.TempDir()
	return &pair{t, filepath.Join(folder, "relay.crt"), filepath.Join(folder, "relay.key")}
}

func (p *pair) flags() []string { return []string{"--tls-cert", p.cert, "--tls-key", p.key} }

// write puts a certificate and its key into the files.
func (p *pair) write(c tls.Certificate) {
	p.t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	check(p.t, err)
	check(p.t, os.WriteFile(p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	check(p.t, os.WriteFile(p.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}), 0o600))
}

// servedSerial is the number of the certificate that the relay shows now.
func (r *relay) servedSerial(client *http.Client) string {
	r.t.Helper()
	response, err := client.Get("https://localhost:" + r.port + "/pull")
	check(r.t, err)
	check(r.t, response.Body.Close())
	return response.TLS.PeerCertificates[0].SerialNumber.String()
}

// TestOwnCertificate: a certificate in files is served, and its successor once
// the files have it; what is broken meanwhile replaces nothing.
func TestOwnCertificate(t *testing.T) {
	t.Parallel() // it mostly waits
	a := stealAuthority(t, startRelay(t))
	client := trustingClient(a.cert)
	p := newPair(t)
	first, second := a.leaf("localhost"), a.leaf("localhost")
	p.write(first)
	r := startRelay(t, p.flags()...)
	r.expectSerial(client, first)

	check(t, writeGarbage(p.cert))
	waitFor(t, "the log to name the broken file", func() bool { return strings.Contains(r.log.String(), p.cert) })
	r.expectSerial(client, first)

	p.write(second)
	start := time.Now()
	waitFor(t, "the new certificate", func() bool { return r.servedSerial(client) == second.Leaf.SerialNumber.String() })
	if _, err := os.Stat(filepath.Join(r.state, "ca.pem")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("with a certificate of its own, the relay made a CA: %v", err)
	}
	figure(t, "https-3: --tls-cert and --tls-key are served, a broken file replaces nothing, new files are served after %.1f s", time.Since(start).Seconds())
}

func (r *relay) expectSerial(client *http.Client, c tls.Certificate) {
	r.t.Helper()
	if got := r.servedSerial(client); got != c.Leaf.SerialNumber.String() {
		r.t.Errorf("certificate %s is served, want %s", got, c.Leaf.SerialNumber)
	}
}

// TestBadCertificateFiles: a sentence names the file that is to be mended.
func TestBadCertificateFiles(t *testing.T) {
	t.Parallel() // it mostly waits
	a := stealAuthority(t, startRelay(t))
	good, other := a.leaf("localhost"), a.leaf("localhost")
	mistakes := map[string]func(*pair) string{
		"no certificate":      func(p *pair) string { check(t, os.Remove(p.cert)); return p.cert },
		"no key":              func(p *pair) string { check(t, os.Remove(p.key)); return p.key },
		"garbage certificate": func(p *pair) string { check(t, writeGarbage(p.cert)); return p.cert },
		"garbage key":         func(p *pair) string { check(t, writeGarbage(p.key)); return p.key },
		"folder":              func(p *pair) string { p.cert = filepath.Dir(p.cert); return p.cert },
		"swapped":             func(p *pair) string { p.cert, p.key = p.key, p.cert; return p.cert },
		"expired": func(p *pair) string {
			p.write(a.issue(&x509.Certificate{}, "localhost", -24*time.Hour))
			return p.cert
		},
		"another's key": func(p *pair) string {
			other.Certificate = good.Certificate
			p.write(other)
			return p.key
		},
	}
	for name, make := range mistakes {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			p.write(good)
			file := make(p)
			checkSentence(t, file, p.flags()...)
		})
	}
	figure(t, "https-3: %d kinds of bad or expired certificate files: a sentence that names the file, exit code 1", len(mistakes))
}
