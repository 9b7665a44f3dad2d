package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
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
	hosts             []string
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
	for _, name := range f.served.Load().Leaf.DNSNames {
		if !strings.HasPrefix(name, "*.") {
			f.hosts = append(f.hosts, name)
		}
	}
	return f, nil
}

// Hosts are the certificate's host names when it was opened, without wildcards.
func (f *Files) Hosts() []string { return f.hosts }

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
	switch end := f.served.Load().Leaf.NotAfter; {
	case plausible(now).After(end):
		return fmt.Errorf("%s: this certificate ended on %s", f.certFile, end.Format(time.DateOnly))
	case plausible(now).Add(noticeTime).After(end):
		return fmt.Errorf("%s: this certificate ends on %s", f.certFile, end.Format(time.DateOnly))
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
	if !belongs(key, chain[0]) {
		return nil, fmt.Errorf("%s: this key does not belong to the certificate in %s", f.keyFile, f.certFile)
	}
	if err := checkValidity(chain[0], now); err != nil {
		return nil, fmt.Errorf("%s: %w", f.certFile, err)
	}
	served := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, certificate := range chain {
		served.Certificate = append(served.Certificate, certificate.Raw)
	}
	return served, nil
}

// checkValidity judges the start only by a clock that was set.
func checkValidity(certificate *x509.Certificate, now time.Time) error {
	switch {
	case plausible(now).After(certificate.NotAfter):
		return fmt.Errorf("this certificate ended on %s", certificate.NotAfter.Format(time.DateOnly))
	case now.Before(certificate.NotBefore) && now.After(relayWritten):
		return fmt.Errorf("this certificate is not valid before %s, and today is %s",
			certificate.NotBefore.Format(time.DateOnly), now.UTC().Format(time.DateOnly))
	}
	return nil
}
