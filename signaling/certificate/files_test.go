package certificate

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// given is a certificate of a school's CA with its files.
type given struct {
	t         *testing.T
	cert, key string
}

func newGiven(t *testing.T) given {
	folder := t.TempDir()
	return given{t, filepath.Join(folder, "school.crt"), filepath.Join(folder, "school.key")}
}

// issued is a certificate for the names with its validity.
func issued(from, until time.Time, names ...string) *pair {
	return must(newPair(&x509.Certificate{NotBefore: from, NotAfter: until, DNSNames: names}, nil))
}

func certPEM(p *pair) []byte { return part(must(p.encode()), certificateBlock) }
func keyPEM(p *pair) []byte  { return part(must(p.encode()), keyBlock) }

func (g given) put(p *pair) {
	write(g.t, g.cert, certPEM(p))
	write(g.t, g.key, keyPEM(p))
}

func (g given) open(log *logbook) (*Files, error) { return OpenFiles(g.cert, g.key, log.logger()) }

func TestFiles(t *testing.T) {
	g := newGiven(t)
	ca := must(newAuthority(lab(), today))
	sound := issued(time.Now().AddDate(-1, 0, 0), time.Now().AddDate(1, 0, 0),
		"relay.school.example", "*.school.example", "w*.school.example", "*", "localhost", "app.localhost", "Cast.Example", "fd00::1", "192.168.1.20")
	write(t, g.cert, append(certPEM(sound), certPEM(ca)...))
	write(t, g.key, keyPEM(sound))
	f := must(g.open(&logbook{}))
	got := must(f.GetCertificate(nil))
	if !got.Leaf.Equal(sound.certificate) || len(got.Certificate) != 2 || !bytes.Equal(got.Certificate[1], ca.certificate.Raw) {
		t.Errorf("%d certificates are served", len(got.Certificate))
	}
	if !f.Covers("cast.example") || !f.Covers("www.school.example") || f.Covers("other.example") {
		t.Errorf("it covers other names than %v", got.Leaf.DNSNames)
	}
	if hosts := f.Hosts(); !slices.Equal(hosts, []string{"relay.school.example", "cast.example"}) {
		t.Errorf("hosts %v", hosts)
	}
}

// TestFilesInAllForms: PKCS #1, SEC 1 and PKCS #8 keys, and both files in one.
func TestFilesInAllForms(t *testing.T) {
	ec := issued(time.Now().AddDate(-1, 0, 0), time.Now().AddDate(1, 0, 0), "localhost")
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	for name, test := range map[string]struct {
		key  crypto.Signer
		kind string
		der  []byte
	}{
		"SEC 1":            {ec.key, "EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ec.key.(*ecdsa.PrivateKey)))},
		"PKCS #1":          {rsaKey, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)},
		"PKCS #8, RSA":     {rsaKey, keyBlock, must(x509.MarshalPKCS8PrivateKey(rsaKey))},
		"PKCS #8, Ed25519": {edKey, keyBlock, must(x509.MarshalPKCS8PrivateKey(edKey))},
	} {
		template := &x509.Certificate{NotBefore: ec.certificate.NotBefore, NotAfter: ec.certificate.NotAfter, DNSNames: []string{"localhost"}}
		der := must(x509.CreateCertificate(rand.Reader, template, template, test.key.Public(), test.key))
		both := filepath.Join(t.TempDir(), "both.pem")
		text := append([]byte("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"),
			pem.EncodeToMemory(&pem.Block{Type: test.kind, Bytes: test.der})...)
		write(t, both, append(text, pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: der})...))
		if _, err := OpenFiles(both, both, (&logbook{}).logger()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// followingFiles runs test in virtual time while the files are followed.
func followingFiles(t *testing.T, test func(g given, f *Files, log *logbook)) {
	synctest.Test(t, func(t *testing.T) {
		g := newGiven(t)
		g.put(forYears(1))
		var log logbook
		f := must(g.open(&log))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			f.Follow(ctx)
			close(ended)
		}()
		test(g, f, &log)
		cancel()
		<-ended
	})
}

// forYears is sound by the virtual clock, which was never set.
func forYears(n int) *pair { return issued(relayWritten, relayWritten.AddDate(n, 0, 0), "localhost") }

func (f *Files) serves(p *pair) bool { return f.served.Load().Leaf.Equal(p.certificate) }

func TestFilesReload(t *testing.T) {
	followingFiles(t, func(g given, f *Files, log *logbook) {
		next := forYears(2)
		g.put(next)
		pass(pollEvery)
		if f.serves(next) {
			t.Error("judged at first sight")
		}
		pass(pollEvery)
		if !f.serves(next) || log.count("certificate loaded") != 2 || log.count("level=WARN") != 0 {
			t.Errorf("the log: %s", log.text.String())
		}
	})
}

// TestFilesHalfWritten: the certificate is new, the key follows.
func TestFilesHalfWritten(t *testing.T) {
	followingFiles(t, func(g given, f *Files, log *logbook) {
		next := forYears(2)
		write(t, g.cert, certPEM(next)[:100])
		pass(pollEvery)
		write(t, g.cert, certPEM(next))
		pass(pollEvery)
		write(t, g.key, keyPEM(next))
		pass(2 * pollEvery)
		if !f.serves(next) || log.count("level=WARN") != 0 {
			t.Errorf("the log: %s", log.text.String())
		}
	})
}

// TestFilesSwappedByLink: as certificate managers do it, with the same times.
func TestFilesSwappedByLink(t *testing.T) {
	followingFiles(t, func(g given, f *Files, log *logbook) {
		for _, path := range []string{g.cert, g.key} {
			check(t, os.Rename(path, path+".1"))
			check(t, os.Symlink(path+".1", path))
		}
		next := forYears(2)
		for path, text := range map[string][]byte{g.cert: certPEM(next), g.key: keyPEM(next)} {
			write(t, path+".2", text)
			check(t, os.Chtimes(path+".2", relayWritten, relayWritten))
			check(t, os.Symlink(path+".2", path+".new"))
			check(t, os.Rename(path+".new", path))
		}
		pass(2 * pollEvery)
		if !f.serves(next) || log.count("level=WARN") != 0 {
			t.Errorf("the log: %s", log.text.String())
		}
	})
}

// TestFilesGoWrong: one warning, and the old certificate is served until the
// files are in order again.
func TestFilesGoWrong(t *testing.T) {
	followingFiles(t, func(g given, f *Files, log *logbook) {
		first := f.served.Load()
		next := forYears(2)
		write(t, g.key, keyPEM(next))
		pass(time.Minute)
		if f.served.Load() != first || log.count("level=WARN") != 1 || log.count("does not belong") != 1 {
			t.Errorf("the log: %s", log.text.String())
		}
		check(t, os.Remove(g.cert))
		pass(time.Minute)
		if f.served.Load() != first || log.count("level=WARN") != 2 || log.count("no such file") != 1 {
			t.Errorf("the log: %s", log.text.String())
		}
		write(t, g.cert, certPEM(next))
		pass(2 * pollEvery)
		if !f.serves(next) || log.count("level=WARN") != 2 {
			t.Errorf("the log: %s", log.text.String())
		}
	})
}

func TestFilesEnd(t *testing.T) {
	g := newGiven(t)
	p := issued(today, today.Add(100*day), "localhost")
	g.put(p)
	var log logbook
	f := &Files{certFile: g.cert, keyFile: g.key, log: log.logger()}
	check(t, f.load(f.read(), today))
	for _, test := range []struct {
		at          time.Time
		ends, ended int
	}{
		{today, 0, 0},
		{today.Add(86 * day), 0, 0},
		{today.Add(86*day + time.Second), 1, 0},
		{today.Add(90 * day), 1, 0},
		{today.Add(100 * day), 1, 0},
		{today.Add(101 * day), 1, 1},
		{today.Add(102 * day), 1, 1},
	} {
		f.poll(f.read(), test.at)
		ends, ended := log.count("this certificate ends on 2027-02-28"), log.count("this certificate ended on 2027-02-28")
		if ends != test.ends || ended != test.ended {
			t.Errorf("on %s: said %d times that it ends, %d times that it ended", test.at, ends, ended)
		}
	}
	g.put(issued(today, today.Add(400*day), "localhost"))
	f.poll(f.read(), today.Add(102*day))
	f.poll(f.read(), today.Add(102*day))
	if log.count("level=WARN") != 2 || f.ending.made != "" {
		t.Errorf("the log: %s", log.text.String())
	}
}
