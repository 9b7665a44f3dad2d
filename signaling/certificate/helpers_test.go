package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var today = time.Date(2026, time.November, 20, 8, 0, 0, 0, time.UTC)

// logbook is a log that a test reads while it is written.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logbook) count(phrase string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), phrase)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must is for what a test makes, and is not about.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// lab is a machine on a private network.
func lab() Names {
	return Names{
		Hosts:     []string{"lab7.school.example", "lab7", "lab7.local", "localhost"},
		Addresses: prefixes("192.168.1.20/24", "fd00::20/64", "fe80::1/64"),
	}
}

// labConfig is for a relay on that machine that keeps its files in folder.
func labConfig(folder string) LocalConfig {
	return LocalConfig{Folder: folder, Names: lab, Log: slog.New(slog.DiscardHandler)}
}

// trust verifies a certificate as a client does that trusts the CA.
func trust(ca, certificate *x509.Certificate, now time.Time, between ...*x509.Certificate) error {
	options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now}
	options.Roots.AddCert(ca)
	for _, c := range between {
		options.Intermediates.AddCert(c)
	}
	_, err := certificate.Verify(options)
	return err
}

// listing is all that is in a folder: names, modes and bytes.
func listing(t *testing.T, folder string) string {
	t.Helper()
	var text strings.Builder
	check(t, filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		text.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
		if info.Mode().IsRegular() {
			text.Write(must(os.ReadFile(path)))
		}
		return nil
	}))
	return text.String()
}

// fileNames are those in a folder.
func fileNames(t *testing.T, folder string) (names []string) {
	t.Helper()
	for _, entry := range must(os.ReadDir(folder)) {
		names = append(names, entry.Name())
	}
	return names
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	check(t, os.WriteFile(path, text, 0o600))
}

// served are leaves as they are handed out.
func served(leaves ...*pair) (all []*tls.Certificate) {
	for _, leaf := range leaves {
		all = append(all, &tls.Certificate{Certificate: [][]byte{leaf.certificate.Raw}, PrivateKey: leaf.key, Leaf: leaf.certificate})
	}
	return all
}
