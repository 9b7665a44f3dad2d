package certificate

import (
	"crypto/x509"
	"fmt"
	"time"
)

const day = 24 * time.Hour

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

// isEarly is true for a certificate that is not valid yet, as far as a clock
// can tell that was set.
func isEarly(certificate *x509.Certificate, now time.Time) bool {
	return now.After(relayWritten) && now.Before(certificate.NotBefore)
}

// ending is what to say of a certificate's end: that it "ended", that it "ends"
// within the notice, or nothing.
func ending(certificate *x509.Certificate, notice time.Duration, now time.Time) string {
	switch {
	case plausible(now).After(certificate.NotAfter):
		return "ended"
	case plausible(now).Add(notice).After(certificate.NotAfter):
		return "ends"
	}
	return ""
}

// checkValidity names both days, since it may be the clock that is wrong.
func checkValidity(certificate *x509.Certificate, now time.Time) error {
	today := now.UTC().Format(time.DateOnly)
	switch {
	case plausible(now).After(certificate.NotAfter):
		return fmt.Errorf("this certificate ended on %s, and today is %s", certificate.NotAfter.Format(time.DateOnly), today)
	case isEarly(certificate, now):
		return fmt.Errorf("this certificate is not valid before %s, and today is %s", certificate.NotBefore.Format(time.DateOnly), today)
	}
	return nil
}
