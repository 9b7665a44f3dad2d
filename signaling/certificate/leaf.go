package certificate

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"slices"
	"time"
)

const (
	// leafLife is below the 398 days that browsers accept of any CA.
	leafLife = 397 * day
	// renewalTime is how long before its end a leaf is replaced.
	renewalTime = 60 * day
)

// newLeaf makes a certificate for the subjects: host names and addresses, of
// which the CA permits each.
func newLeaf(ca *pair, subjects []string, now time.Time) (*pair, error) {
	start := plausible(now).Add(-backdating)
	template := &x509.Certificate{
		NotBefore:             start,
		NotAfter:              earlier(start.Add(leafLife), ca.certificate.NotAfter),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, subject := range subjects {
		if ip := net.ParseIP(subject); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, subject)
		}
	}
	template.Subject = pkix.Name{Organization: []string{organization}, CommonName: commonName(template.DNSNames)}
	return newPair(template, ca)
}

// commonName is one of the hosts (RFC 9525 has no use for it, people who look at
// a certificate have): the first that fits into RFC 5280's ub-common-name.
func commonName(hosts []string) string {
	for _, host := range hosts {
		if len(host) <= 64 {
			return host
		}
	}
	return organization
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// subjectsOf is what a leaf is for.
func subjectsOf(leaf *x509.Certificate) []string {
	subjects := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		subjects = append(subjects, ip.String())
	}
	return subjects
}

// covers is true if a client that asked for the subject accepts the leaf.
func covers(leaf *x509.Certificate, subject string) bool {
	return leaf.VerifyHostname(subject) == nil
}

// missing are the subjects that a leaf does not cover.
func missing(leaf *x509.Certificate, subjects []string) []string {
	return slices.DeleteFunc(slices.Clone(subjects), func(subject string) bool { return covers(leaf, subject) })
}

// merged are the subjects of the next leaf: those wanted now, then those of the
// last one, because addresses come and go. The oldest fall off.
func merged(wanted []string, last *x509.Certificate) []string {
	subjects := slices.Clone(wanted)
	for _, subject := range subjectsOf(last) {
		if !slices.Contains(wanted, subject) {
			subjects = append(subjects, subject)
		}
	}
	return subjects[:min(len(subjects), maxNames)]
}

// isDue is true for a leaf that a new one would outlive, and for one that was made
// while the clock was ahead, maybe by years. A clock that is a little behind, as
// after a power cut, makes no leaf due: backdating is more than that.
func isDue(leaf, ca *x509.Certificate, now time.Time) bool {
	return isEarly(leaf, now) ||
		leaf.NotAfter.Before(plausible(now).Add(renewalTime)) && leaf.NotAfter.Before(ca.NotAfter)
}
