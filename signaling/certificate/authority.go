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
	day            = 24 * time.Hour
	// backdating is for the clients' clocks that are late.
	backdating = day
	// maxMachineName keeps a common name within the 64 characters of RFC 5280
	// appendix A.1 (ub-common-name).
	maxMachineName = 48
)

// relayWritten is a time that has passed everywhere.
var relayWritten = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// plausible is now, unless the clock was never set: a box without a clock
// battery starts in 1970, or when its system was built.
func plausible(now time.Time) time.Time {
	if now.Before(relayWritten) {
		return relayWritten
	}
	return now.UTC().Truncate(time.Second)
}

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
// could have made. Its start is not judged, since after a power cut the clock may
// be behind for minutes.
func checkAuthority(ca *x509.Certificate, now time.Time) error {
	switch {
	case !ca.BasicConstraintsValid || !ca.IsCA || ca.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("the certificate in it is no CA")
	case ca.CheckSignatureFrom(ca) != nil:
		return errors.New("the CA in it is not signed by itself")
	case !isConfined(ca):
		return errors.New("the CA in it was not made by relay: it is not confined to this network")
	case plausible(now).After(ca.NotAfter):
		return fmt.Errorf("the CA in it ended on %s", ca.NotAfter.Format(time.DateOnly))
	}
	return nil
}

// isConfined is true for a CA that signs servers of its own network, and no CAs.
func isConfined(ca *x509.Certificate) bool {
	return ca.MaxPathLen == 0 && ca.MaxPathLenZero &&
		ca.PermittedDNSDomainsCritical && constraintsOf(ca).limit() &&
		slices.Equal(ca.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth})
}
