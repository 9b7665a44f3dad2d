package certificate

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	certificateBlock = "CERTIFICATE" // RFC 7468 section 5
	keyBlock         = "PRIVATE KEY" // RFC 7468 section 10: PKCS #8
)

// pair is a certificate and the private key that belongs to it.
type pair struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// newPair makes a key and has the issuer sign the template for it; without an
// issuer it signs itself.
func newPair(template *x509.Certificate, issuer *pair) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if issuer == nil {
		issuer = &pair{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.certificate, key.Public(), issuer.key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &pair{certificate, key}, err
}

// encode is the pair as PEM, the key first.
func (p *pair) encode() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: key})
	return append(text, pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: p.certificate.Raw})...), nil
}

// readPair reads the PEM of one key and its certificate.
func readPair(text []byte) (*pair, error) {
	chain, err := readCertificates(text)
	if err != nil {
		return nil, err
	}
	key, err := readKey(text)
	if err != nil {
		return nil, err
	}
	if !belongs(key, chain[0]) {
		return nil, errors.New("the key in it does not belong to the certificate in it")
	}
	return &pair{chain[0], key}, nil
}

// belongs is true if the certificate is for this key.
func belongs(key crypto.Signer, certificate *x509.Certificate) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(certificate.PublicKey)
}

// readCertificates reads those in text: at least one.
func readCertificates(text []byte) ([]*x509.Certificate, error) {
	blocks, err := readPEM(text)
	if err != nil {
		return nil, err
	}
	var chain []*x509.Certificate
	for _, block := range blocks {
		if block.Type != certificateBlock {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("a certificate in it is broken, or of an unknown kind")
		}
		chain = append(chain, certificate)
	}
	switch {
	case len(chain) > 0:
		return chain, nil
	case slices.ContainsFunc(blocks, isKey):
		return nil, errors.New("there is no certificate in it, but a key")
	}
	return nil, errors.New("there is no certificate in it")
}

// readKey reads the first key in text.
func readKey(text []byte) (crypto.Signer, error) {
	blocks, err := readPEM(text)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(blocks, isKey); i >= 0 {
		return parseKey(blocks[i])
	}
	if len(blocks) > 0 && blocks[0].Type == certificateBlock {
		return nil, errors.New("there is no key in it, but a certificate")
	}
	return nil, errors.New("there is no key in it")
}

func isKey(block *pem.Block) bool { return strings.HasSuffix(block.Type, keyBlock) }

// parseKey knows the forms in which CAs and openssl hand out keys.
func parseKey(block *pem.Block) (crypto.Signer, error) {
	if strings.HasPrefix(block.Type, "ENCRYPTED ") || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the key in it is encrypted: write it without its passphrase with openssl pkey")
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if signer, ok := key.(crypto.Signer); ok && err == nil {
		return signer, nil
	}
	return nil, errors.New("the key in it is broken, or of an unknown kind")
}

// checkKey finds a key that a handshake would fail with: crypto/tls has no P-224
// (nor has RFC 8446), and crypto/rsa refuses to sign with fewer than 1024 bits.
func checkKey(key crypto.Signer) error {
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P224() {
			return errors.New("the key in it is of P-224, which TLS does not serve: use P-256, or RSA with 2048 bits")
		}
	case *rsa.PrivateKey:
		if key.N.BitLen() < 1024 {
			return fmt.Errorf("the key in it has %d bits, too few for TLS: use RSA with 2048 bits, or P-256", key.N.BitLen())
		}
	}
	return nil
}

// readPEM finds all blocks. The decoder steps over what is damaged: that must
// not make the second certificate of a chain the first. Editors on Windows put a
// byte order mark in front.
func readPEM(text []byte) (blocks []*pem.Block, err error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		blocks = append(blocks, block)
	}
	if bytes.Count(text, []byte("-----BEGIN ")) != len(blocks) {
		return nil, errors.New("it is cut short or damaged")
	}
	return blocks, nil
}
