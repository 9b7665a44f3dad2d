package certificate

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func keyOf(key crypto.Signer) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: must(x509.MarshalPKCS8PrivateKey(key))})
}

// selfSigned is a certificate for localhost with this key.
func selfSigned(key crypto.Signer) []byte {
	template := &x509.Certificate{NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0), DNSNames: []string{"localhost"}}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: der})
}

// shortRSA is a key of 767 bits, made of the primes 2^384-317 and 2^383-31, since
// crypto/rsa makes none so short.
func shortRSA() *rsa.PrivateKey {
	one, e := big.NewInt(1), big.NewInt(65537)
	p := new(big.Int).Sub(new(big.Int).Lsh(one, 384), big.NewInt(317))
	q := new(big.Int).Sub(new(big.Int).Lsh(one, 383), big.NewInt(31))
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	return &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    []*big.Int{p, q},
	}
}

func TestFilesThatAreWrong(t *testing.T) {
	now := time.Now()
	sound := issued(now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0), "localhost")
	other := issued(now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0), "localhost")
	ended := issued(now.AddDate(-1, 0, 0), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "localhost")
	early := issued(time.Date(2090, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), "localhost")
	cert, key := certPEM(sound), keyPEM(sound)
	legacy := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("x"),
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}})
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	broken := pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: []byte("x")})
	root := issued(now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	unknownCurve := *sound.certificate
	unknownCurve.Raw = bytes.ReplaceAll(unknownCurve.Raw, []byte("\x2a\x86\x48\xce\x3d\x03\x01\x07"), []byte("\x2a\x86\x48\xce\x3d\x03\x01\x06"))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	nameless := must(newPair(&x509.Certificate{NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
		Subject: pkix.Name{CommonName: "relay.school.example"}, EmailAddresses: []string{"head@school.example"}}, nil))
	for name, test := range map[string]struct {
		cert, key []byte // nil: no file
		fault     string // cert or key
		why       string
	}{
		"no certificate file":   {nil, key, "cert", "there is no such file"},
		"no key file":           {cert, nil, "key", "there is no such file"},
		"neither":               {nil, nil, "cert", "there is no such file"},
		"empty certificate":     {[]byte{}, key, "cert", "there is no certificate in it"},
		"empty key":             {cert, []byte{}, "key", "there is no key in it"},
		"DER":                   {sound.certificate.Raw, key, "cert", "there is no certificate in it"},
		"swapped":               {key, cert, "cert", "there is no certificate in it, but a key"},
		"certificate twice":     {cert, cert, "key", "there is no key in it, but a certificate"},
		"key twice":             {key, key, "cert", "there is no certificate in it, but a key"},
		"truncated certificate": {cert[:200], key, "cert", "cut short"},
		"truncated key":         {cert, key[:100], "key", "cut short"},
		"damaged leaf in chain": {append(slices.Clone(cert[:200]), certPEM(other)...), key, "cert", "cut short or damaged"},
		"encrypted key":         {cert, encrypted, "key", "is encrypted"},
		"key of old openssl":    {cert, legacy, "key", "is encrypted"},
		"broken key":            {cert, broken, "key", "is broken"},
		"broken certificate":    {bytes.ReplaceAll(broken, []byte(keyBlock), []byte(certificateBlock)), key, "cert", "is broken"},
		"another's key":         {cert, keyPEM(other), "key", "does not belong to the certificate in "},
		"root first":            {append(certPEM(root), cert...), key, "key", "does not belong to the first certificate in "},
		"root first, advice":    {append(certPEM(root), cert...), key, "key", ", but to a later one: put the site's certificate first"},
		"unknown curve":         {certPEM(&pair{&unknownCurve, sound.key}), key, "cert", "is broken, or of an unknown kind"},
		"P-224":                 {selfSigned(p224), keyOf(p224), "key", "of P-224, which TLS does not serve"},
		"short RSA":             {cert, keyOf(shortRSA()), "key", "has 767 bits, too few for TLS"},
		"common name only":      {certPEM(nameless), keyPEM(nameless), "cert", "this certificate names no host: browsers ignore its common name"},
		"ended":                 {certPEM(ended), keyPEM(ended), "cert", "this certificate ended on 2026-01-02, and today is 20"},
		"early":                 {certPEM(early), keyPEM(early), "cert", "this certificate is not valid before 2090-01-02"},
	} {
		g := newGiven(t)
		if test.cert != nil {
			write(t, g.cert, test.cert)
		}
		if test.key != nil {
			write(t, g.key, test.key)
		}
		fault := map[string]string{"cert": g.cert, "key": g.key}[test.fault]
		f, err := g.open(&logbook{})
		if f != nil || err == nil || !strings.HasPrefix(err.Error(), fault+": ") || !strings.Contains(err.Error(), test.why) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	g := newGiven(t)
	g.put(issued(time.Now(), time.Now().AddDate(1, 0, 0), "localhost"))
	for path, why := range map[string]string{
		filepath.Dir(g.key):       "it is a folder",
		"/dev/zero":               "no regular file",
		"/proc/self/mem":          "input/output error",
		filepath.Join(g.key, "x"): "not a directory",
	} {
		if _, err := OpenFiles(g.cert, path, nil); err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), why) {
			t.Errorf("key %s: %v", path, err)
		}
		if _, err := OpenFiles(path, g.key, nil); err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), why) {
			t.Errorf("certificate %s: %v", path, err)
		}
	}
}

// TestValidityByAClockThatWasNeverSet: the relay starts at boot, before the time is known.
func TestValidityByAClockThatWasNeverSet(t *testing.T) {
	sound := issued(today.Add(-day), today.AddDate(1, 0, 0), "localhost").certificate
	check(t, checkValidity(sound, time.Unix(0, 0)))
	if checkValidity(sound, today.Add(-2*day)) == nil {
		t.Error("a certificate of tomorrow is valid today")
	}
	if checkValidity(issued(today, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), "localhost").certificate, time.Unix(0, 0)) == nil {
		t.Error("a certificate that has long ended is valid in 1970")
	}
}
