package certificate

import (
	"crypto/x509"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestAuthority(t *testing.T) {
	ca := must(newAuthority(lab(), today)).certificate
	if name := ca.Subject.CommonName; !regexp.MustCompile(`^relay on lab7 [0-9a-f]{4}$`).MatchString(name) {
		t.Errorf("its name is %q", name)
	}
	if until := ca.NotAfter.Format(time.DateOnly); until != "2036-11-20" {
		t.Errorf("it ends on %s", until)
	}
	if ca.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || len(ca.SubjectKeyId) == 0 || ca.SerialNumber.Sign() <= 0 {
		t.Errorf("key usage %b, key id %x, serial %v", ca.KeyUsage, ca.SubjectKeyId, ca.SerialNumber)
	}
	check(t, checkAuthority(ca, today))
}

func TestAuthorityOfALongName(t *testing.T) {
	names := Names{Hosts: []string{strings.Repeat("a", 63) + ".example"}}
	if name := must(newAuthority(names, today)).certificate.Subject.CommonName; len(name) > 64 {
		t.Errorf("%d characters: %s", len(name), name)
	}
}

func TestAuthorityOfAClockThatWasNeverSet(t *testing.T) {
	ca := must(newAuthority(lab(), time.Unix(60, 0)))
	if start := ca.certificate.NotBefore.Format(time.DateOnly); start != "2025-12-31" {
		t.Errorf("it starts on %s", start)
	}
	check(t, checkAuthority(ca.certificate, today))
	check(t, checkAuthority(must(newAuthority(lab(), today)).certificate, time.Unix(60, 0)))
	leaf := must(newLeaf(ca, []string{"localhost"}, time.Unix(60, 0))).certificate
	check(t, trust(ca.certificate, leaf, today))
}

func TestAuthorityEnds(t *testing.T) {
	ca := must(newAuthority(lab(), today)).certificate
	check(t, checkAuthority(ca, ca.NotAfter))
	if err := checkAuthority(ca, ca.NotAfter.Add(time.Second)); err == nil || !strings.Contains(err.Error(), "ended on 2036-11-20") {
		t.Error(err)
	}
}
