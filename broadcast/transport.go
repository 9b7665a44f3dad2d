package broadcast

import (
	"cmp"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/ice/v4"
	"github.com/pion/sdp/v3"
)

// readTransport reads what all sections of a bundle share. One that stands only
// in its bundle leaves it out; where it is, it is the same. The bundle's first one
// may be one that was set aside, and then the only one that says it.
func (o *offer) readTransport(desc *sdp.SessionDescription, aside []*sdp.MediaDescription) error {
	for _, m := range desc.MediaDescriptions {
		for key, value := range o.transport() {
			switch said := attribute(desc, m, key); {
			case *value == "":
				*value = said
			case said != "" && said != *value && key != "setup":
				return badOffer("its sections name different transports")
			}
		}
	}
	for _, m := range aside {
		for key, value := range o.transport() {
			*value = cmp.Or(*value, attribute(desc, m, key))
		}
	}
	if err := checkCredentials(o.ufrag, o.pwd); err != nil {
		return err
	}
	if !validFingerprint(o.fingerprint) {
		return badOffer("it has no DTLS fingerprint of SHA-1 or SHA-2")
	}
	if o.setup != "actpass" && o.setup != "active" && o.setup != "passive" {
		return badOffer("its setup attribute is %.20q, not actpass, active or passive", o.setup)
	}
	return nil
}

// transport is the attributes of a bundle's transport, and where they are kept.
func (o *offer) transport() map[string]*string {
	return map[string]*string{"ice-ufrag": &o.ufrag, "ice-pwd": &o.pwd, "fingerprint": &o.fingerprint, "setup": &o.setup}
}

// attribute is the section's, or else the session's.
func attribute(desc *sdp.SessionDescription, m *sdp.MediaDescription, key string) string {
	if v, ok := m.Attribute(key); ok {
		return v
	}
	v, _ := desc.Attribute(key)
	return v
}

func checkCredentials(ufrag, pwd string) error {
	switch {
	case len(ufrag) < minUfrag || !isIceString(ufrag):
		return badOffer("its ice-ufrag has to be %d to %d letters, digits, + and /", minUfrag, maxIceString)
	case len(pwd) < minPwd || !isIceString(pwd):
		return badOffer("its ice-pwd has to be %d to %d letters, digits, + and /", minPwd, maxIceString)
	}
	return nil
}

// isIceString: ice-char (RFC 8839 section 5.4). Some clients use the URL-safe
// base64 alphabet, which does no harm.
func isIceString(s string) bool {
	return len(s) <= maxIceString && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+/-_=", r))
	})
}

// digestSizes are the sizes of the digests that DTLS here can check, in bytes. Of
// the others that RFC 8122 section 5 names, it forbids MD2 and MD5 itself.
var digestSizes = map[string]int{"sha-1": 20, "sha-224": 28, "sha-256": 32, "sha-384": 48, "sha-512": 64}

func validFingerprint(s string) bool {
	algorithm, digest, _ := strings.Cut(s, " ")
	size, known := digestSizes[strings.ToLower(algorithm)]
	raw, err := hex.DecodeString(strings.ReplaceAll(digest, ":", ""))
	return known && err == nil && len(raw) == size
}

// keepUsableCandidates leaves only candidates that the relay may send checks
// to: UDP, and an address in figures. Names would be looked up, TCP dialed. The
// first section names them for the bundle, which may be one that was set aside.
func keepUsableCandidates(desc *sdp.SessionDescription, aside []*sdp.MediaDescription) error {
	var kept []sdp.Attribute
	for _, m := range slices.Concat(desc.MediaDescriptions, aside) {
		for _, a := range m.Attributes {
			if !isCandidate(a) || slices.Contains(kept, a) { // a bundle may repeat them
				continue
			}
			usable, err := usableCandidate(a.Value)
			if err != nil {
				return err
			}
			if usable {
				kept = append(kept, a)
			}
		}
		m.Attributes = slices.DeleteFunc(m.Attributes, isCandidate)
	}
	if len(kept) > maxCandidates {
		return badOffer("it has %d candidates, %d are the most that are taken", len(kept), maxCandidates)
	}
	first := desc.MediaDescriptions[0]
	first.Attributes = append(first.Attributes, kept...)
	return nil
}

func isCandidate(a sdp.Attribute) bool { return a.Key == "candidate" }

// usableCandidate reads `foundation component transport priority address port
// typ …` (RFC 8839 section 5.1). One that the relay has a use for has to be
// readable by Pion too: it would refuse the whole offer, and could not go back.
func usableCandidate(value string) (bool, error) {
	fields := strings.Fields(value)
	if len(fields) < 8 || !strings.EqualFold(fields[2], "udp") {
		return false, nil
	}
	addr, err := netip.ParseAddr(fields[4])
	if err != nil || addr.Zone() != "" || addr.IsMulticast() || addr.IsUnspecified() {
		return false, nil
	}
	_, err = ice.UnmarshalCandidate(value)
	if errors.Is(err, ice.ErrUnknownCandidateTyp) { // types may be added
		return false, nil
	}
	if err != nil {
		return false, errorf(CodeBadRequest, "The candidate %.100q can't be read.", value)
	}
	return true, nil
}
