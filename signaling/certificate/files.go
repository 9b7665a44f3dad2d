package certificate

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// pollEvery is how often the files are read: links that are swapped and
	// copied times would escape anything but their contents.
	pollEvery = 5 * time.Second
	// noticeTime is how long before its end a certificate is complained about.
	noticeTime = 14 * day
)

// Files serves the certificate of somebody else's CA from two files (--tls-cert
// and --tls-key), and follows them when they are replaced.
type Files struct {
	// Static.
	certFile, keyFile string
	log               *slog.Logger

	served atomic.Pointer[tls.Certificate] // replaced by OpenFiles, then by Follow

	// Owned by OpenFiles, then by Follow.
	loaded  contents // what served was made of
	seen    contents // at the last poll
	reading complaint
	ending  complaint
}

// OpenFiles reads the certificate with its chain and its key, which may be in
// one file. An error is a sentence that begins with the file at fault.
func OpenFiles(certFile, keyFile string, log *slog.Logger) (*Files, error) {
	f := &Files{certFile: certFile, keyFile: keyFile, log: log}
	if err := f.load(f.read(), time.Now()); err != nil {
		return nil, err
	}
	return f, nil
}

// Hosts are the certificate's names that other machines can open: no wildcards,
// and not localhost, which tools for developers put into each.
func (f *Files) Hosts() []string {
	var hosts []string
	for _, name := range f.served.Load().Leaf.DNSNames {
		name = strings.ToLower(name)
		if isHostName(name) && name != "localhost" && !strings.HasSuffix(name, ".localhost") {
			hosts = append(hosts, name)
		}
	}
	return hosts
}

// Covers is true if browsers accept the certificate for this name or address.
func (f *Files) Covers(host string) bool { return covers(f.served.Load().Leaf, host) }

// GetCertificate is for tls.Config.
func (f *Files) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.served.Load(), nil
}

// Follow reloads the files when they change until ctx ends. While they are wrong
// the certificate that was loaded last is served.
func (f *Files) Follow(ctx context.Context) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.poll(f.read(), time.Now())
		}
	}
}

// poll takes what is in the files now. It is judged once it stayed the same from
// one poll to the next: a new certificate with the old key is only half written.
func (f *Files) poll(read contents, now time.Time) {
	switch {
	case read == f.loaded:
		f.reading.about(nil, f.log, "")
	case read == f.seen:
		f.reading.about(f.load(read, now), f.log, "the new certificate cannot be served, the one before still is")
	}
	f.seen = read
	f.ending.about(f.ends(now), f.log, "the certificate has to be replaced")
}

// ends is nil while the served certificate has time left.
func (f *Files) ends(now time.Time) error {
	leaf := f.served.Load().Leaf
	if word := ending(leaf, noticeTime, now); word != "" {
		return fmt.Errorf("%s: this certificate %s on %s", f.certFile, word, leaf.NotAfter.Format(time.DateOnly))
	}
	return nil
}

// load serves what was read, if it is in order.
func (f *Files) load(read contents, now time.Time) error {
	served, err := f.parse(read, now)
	if err != nil {
		return err
	}
	f.served.Store(served)
	f.log.Info("certificate loaded", "file", f.certFile, "until", served.Leaf.NotAfter)
	f.loaded = read
	return nil
}

func (f *Files) parse(read contents, now time.Time) (*tls.Certificate, error) {
	chain, err := read.certificate.certificates()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.certFile, err)
	}
	key, err := read.key.signer()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.keyFile, err)
	}
	if err := f.checkOwner(key, chain); err != nil {
		return nil, fmt.Errorf("%s: %w", f.keyFile, err)
	}
	if err := checkSite(chain[0], now); err != nil {
		return nil, fmt.Errorf("%s: %w", f.certFile, err)
	}
	served := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, certificate := range chain {
		served.Certificate = append(served.Certificate, certificate.Raw)
	}
	return served, nil
}

// checkOwner finds a key that is another certificate's than the site's, which is
// the first of its chain (RFC 8446 section 4.4.2).
func (f *Files) checkOwner(key crypto.Signer, chain []*x509.Certificate) error {
	switch {
	case belongs(key, chain[0]):
		return nil
	case slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return belongs(key, c) }):
		return fmt.Errorf("this key does not belong to the first certificate in %s, but to a later one: put the site's certificate first", f.certFile)
	}
	return fmt.Errorf("this key does not belong to the certificate in %s", f.certFile)
}

// checkSite finds a certificate that no browser accepts for any name, or not now.
func checkSite(certificate *x509.Certificate, now time.Time) error {
	if len(certificate.DNSNames)+len(certificate.IPAddresses) == 0 {
		return errors.New("this certificate names no host: browsers ignore its common name")
	}
	return checkValidity(certificate, now)
}
