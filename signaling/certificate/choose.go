package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"slices"
	"time"
)

// asked is the name that the client wants to see in the certificate. Browsers
// send no SNI for an address (RFC 6066 section 3): it is where they connected to.
func asked(hello *tls.ClientHelloInfo) string {
	if hello.ServerName != "" {
		return hello.ServerName
	}
	local, err := netip.ParseAddrPort(hello.Conn.LocalAddr().String())
	if err != nil {
		return "" // no address, as of a pipe
	}
	return local.Addr().Unmap().WithZone("").String()
}

// choose is the leaf for a client that asked for the subject: the oldest that
// covers it, since whoever went past a browser's warning is warned again for a
// new one, and the sockets of the open page fail. If none covers it, a warning is
// due anyway, and the oldest may be the one that was accepted.
func choose(leaves []*tls.Certificate, ca *x509.Certificate, subject string, now time.Time) *tls.Certificate {
	good := slices.DeleteFunc(slices.Clone(leaves), func(c *tls.Certificate) bool { return isDue(c.Leaf, ca, now) })
	if len(good) == 0 {
		return leaves[len(leaves)-1] // until the next look
	}
	i := slices.IndexFunc(good, func(c *tls.Certificate) bool { return covers(c.Leaf, subject) })
	return good[max(0, i)]
}
