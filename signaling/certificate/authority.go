package certificate

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	organization   = "relay"
	authorityYears = 10
	// backdating is for the clients' clocks that are late.
	backdating = day
	// maxMachineName keeps a common name within the 64 characters of RFC 5280
	// appendix A.1 (ub-common-name).
	maxMachineName = 48
)

// newAuthority makes a CA that can vouch for nothing but the machines of this
// network. The suffix of its name tells two apart in a list of certificates.
func newAuthority(names Names, now time.Time) (*pair, error) {
	var suffix [2]byte
	_, _ = rand.Read(suffix[:]) // never fails
	machine := names.machine()
	template := &x509.Certificate{
		Subject: pkix.Name{
			Organization: []string{organization},
			CommonName:   fmt.Sprintf("relay on %s %x", machine[:min(len(machine), maxMachineName)], suffix),
		},
		NotBefore:             plausible(now).Add(-backdating),
		NotAfter:              plausible(now).AddDate(authorityYears, 0, 0),
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	constraintsFor(names).applyTo(template)
	return newPair(template, nil)
}

// checkAuthority judges a CA that was read: it has to be one that newAuthority
// could have made. Its start is no reason to refuse it, since after a power cut
// the clock may be behind for minutes.
func checkAuthority(ca *x509.Certificate, now time.Time) error {
	switch {
	case !ca.BasicConstraintsValid || !ca.IsCA || ca.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("the certificate in it is no CA")
	case ca.CheckSignatureFrom(ca) != nil:
		return errors.New("the CA in it is not signed by itself")
	case !isConfined(ca):
		return errors.New("the CA in it was not made by relay: it is not confined to this network")
	case plausible(now).After(ca.NotAfter):
		return fmt.Errorf("the CA in it ended on %s, and today is %s", ca.NotAfter.Format(time.DateOnly), now.UTC().Format(time.DateOnly))
	}
	return nil
}

// isConfined is true for a CA that signs servers of its own network, and no CAs.
func isConfined(ca *x509.Certificate) bool {
	return ca.MaxPathLen == 0 && ca.MaxPathLenZero &&
		ca.PermittedDNSDomainsCritical && constraintsOf(ca).confine() &&
		slices.Equal(ca.PermittedURIDomains, nowhere) && slices.Equal(ca.PermittedEmailAddresses, nowhere) &&
		slices.Equal(ca.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth})
}
