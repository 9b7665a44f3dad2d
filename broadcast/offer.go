package broadcast

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Limits of an offer. Pion has no rollback, so all of this is checked before
// it sees anything.
const (
	maxOffer      = 256 << 10
	maxCandidates = 32
	minUfrag      = 4  // RFC 8839 section 5.4
	minPwd        = 22 // RFC 8839 section 5.4
	maxIceString  = 256
	// Pion works through all attributes for each format of a section.
	maxFormats    = 128
	maxAttributes = 1024
)

// offer is a checked SDP offer.
type offer struct {
	text        string // as Pion gets it: without candidates that it must not see
	sections    []section
	ufrag, pwd  string
	fingerprint string
	ssrcs       []uint32 // announced by the peer
}

// section is one m-line.
type section struct {
	kind  kind
	mid   string
	known bool // the relay has one of its codecs
}

func (o *offer) has(k kind) bool {
	return slices.ContainsFunc(o.sections, func(s section) bool { return s.kind == k })
}

// parseOffer checks an offer of the given role's peer. Its errors are *Error.
func parseOffer(text string, role Role) (*offer, error) {
	if len(text) > maxOffer {
		return nil, errorf(CodeTooLarge, "The offer has %d bytes; %d are the most that is taken.", len(text), maxOffer)
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		return nil, badOffer("it is not SDP")
	}
	o := &offer{}
	if err := o.readSections(&desc, role); err != nil {
		return nil, err
	}
	if err := o.readTransport(&desc); err != nil {
		return nil, err
	}
	if err := keepUsableCandidates(&desc); err != nil {
		return nil, err
	}
	clean, err := desc.Marshal()
	if err != nil {
		return nil, badOffer("it is not SDP")
	}
	o.text = string(clean)
	return o, nil
}

func badOffer(why string, args ...any) *Error {
	return errorf(CodeBadRequest, "The offer can't be used: "+why+".", args...)
}

func (o *offer) readSections(desc *sdp.SessionDescription, role Role) error {
	bundle, _ := desc.Attribute("group")
	bundled := strings.Fields(strings.TrimPrefix(bundle, "BUNDLE"))
	var active bool
	for _, m := range desc.MediaDescriptions {
		s, err := o.readSection(m)
		if err != nil {
			return err
		}
		if len(desc.MediaDescriptions) > 1 && !slices.Contains(bundled, s.mid) {
			return badOffer("section %q is not in the BUNDLE group", s.mid)
		}
		o.sections = append(o.sections, s)
		active = active || flows(m, role)
		o.ssrcs = append(o.ssrcs, announcedSSRCs(m)...)
	}
	switch {
	case len(o.sections) == 0:
		return badOffer("it has no audio or video section")
	case !active:
		return badOffer("none of its sections %s", [...]string{"sends", "receives"}[role])
	case !slices.ContainsFunc(o.sections, func(s section) bool { return s.known }):
		return errorf(CodeCodecUnsupported, "None of the codecs offered is one of VP8, VP9, H264, AV1 and Opus.")
	}
	return nil
}

func (o *offer) readSection(m *sdp.MediaDescription) (section, error) {
	s := section{}
	switch m.MediaName.Media {
	case "video":
		s.kind = kindVideo
	case "audio":
		s.kind = kindAudio
	default:
		return s, badOffer("only audio and video sections are taken, not %q", m.MediaName.Media)
	}
	if len(m.MediaName.Formats) > maxFormats || len(m.Attributes) > maxAttributes {
		return s, badOffer("the %s section has more than %d formats or %d attributes", s.kind, maxFormats, maxAttributes)
	}
	s.mid, _ = m.Attribute("mid")
	s.known = hasKnownCodec(m)
	switch {
	case s.mid == "" || len(s.mid) > maxIceString:
		return s, badOffer("the %s section has no mid", s.kind)
	case o.has(s.kind):
		return s, badOffer("it has more than one %s section", s.kind)
	case slices.ContainsFunc(o.sections, func(other section) bool { return other.mid == s.mid }):
		return s, badOffer("two sections have the same mid")
	}
	if _, ok := m.Attribute("rtcp-mux"); !ok {
		return s, badOffer("the %s section lacks rtcp-mux", s.kind)
	}
	return s, nil
}

// flows reports whether the section carries media in the role's direction.
func flows(m *sdp.MediaDescription, role Role) bool {
	for _, a := range m.Attributes {
		switch a.Key {
		case "sendonly":
			return role == RolePublisher
		case "recvonly":
			return role == RoleViewer
		case "inactive":
			return false
		}
	}
	return true // sendrecv is the default (RFC 8866 section 6.7)
}

func hasKnownCodec(m *sdp.MediaDescription) bool {
	return slices.ContainsFunc(m.Attributes, func(a sdp.Attribute) bool {
		if a.Key != "rtpmap" {
			return false
		}
		_, encoding, _ := strings.Cut(a.Value, " ")
		name, _, _ := strings.Cut(encoding, "/")
		return codecOf(m.MediaName.Media+"/"+name) != CodecNone
	})
}

func announcedSSRCs(m *sdp.MediaDescription) (ssrcs []uint32) {
	for _, a := range m.Attributes {
		id, _, _ := strings.Cut(a.Value, " ")
		if n, err := strconv.ParseUint(id, 10, 32); a.Key == "ssrc" && err == nil && !slices.Contains(ssrcs, uint32(n)) {
			ssrcs = append(ssrcs, uint32(n))
		}
	}
	return ssrcs
}

// readTransport reads what all sections of a bundle share.
func (o *offer) readTransport(desc *sdp.SessionDescription) error {
	var setup string
	for i, m := range desc.MediaDescriptions {
		ufrag, pwd := attribute(desc, m, "ice-ufrag"), attribute(desc, m, "ice-pwd")
		fingerprint := attribute(desc, m, "fingerprint")
		if i == 0 {
			o.ufrag, o.pwd, o.fingerprint = ufrag, pwd, fingerprint
			setup = attribute(desc, m, "setup")
			continue
		}
		// A bundled section may leave them out; if there, they are the first one's.
		if differs(ufrag, o.ufrag) || differs(pwd, o.pwd) || differs(fingerprint, o.fingerprint) {
			return badOffer("its sections name different transports")
		}
	}
	if err := checkCredentials(o.ufrag, o.pwd); err != nil {
		return err
	}
	if !validFingerprint(o.fingerprint) {
		return badOffer("it has no DTLS fingerprint")
	}
	if setup != "actpass" && setup != "active" && setup != "passive" {
		return badOffer("its setup attribute is %.20q, not actpass, active or passive", setup)
	}
	return nil
}

func differs(value, first string) bool { return value != "" && value != first }

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
		return badOffer("its ice-ufrag has to be %d or more letters, digits, + and /", minUfrag)
	case len(pwd) < minPwd || !isIceString(pwd):
		return badOffer("its ice-pwd has to be %d or more letters, digits, + and /", minPwd)
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

func validFingerprint(s string) bool {
	algorithm, digest, ok := strings.Cut(s, " ")
	raw, err := hex.DecodeString(strings.ReplaceAll(digest, ":", ""))
	return ok && algorithm != "" && err == nil && len(raw) >= 20
}

// keepUsableCandidates leaves only candidates that the relay may send checks
// to: UDP, and an address in figures. Names would be looked up, TCP dialed.
func keepUsableCandidates(desc *sdp.SessionDescription) error {
	kept := map[string]bool{} // a bundle may repeat them in each section
	for _, m := range desc.MediaDescriptions {
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
			if a.Key != "candidate" {
				return false
			}
			if !usableCandidate(a.Value) || kept[a.Value] {
				return true
			}
			kept[a.Value] = true
			return false
		})
	}
	if len(kept) > maxCandidates {
		return badOffer("it has %d candidates, %d are the most that are taken", len(kept), maxCandidates)
	}
	return nil
}

// usableCandidate reads `foundation component transport priority address port
// typ …` (RFC 8839 section 5.1).
func usableCandidate(value string) bool {
	fields := strings.Fields(value)
	if len(fields) < 8 || !strings.EqualFold(fields[2], "udp") {
		return false
	}
	addr, err := netip.ParseAddr(fields[4])
	return err == nil && addr.Zone() == "" && !addr.IsMulticast() && !addr.IsUnspecified()
}

// follows checks a further offer of the same PeerConnection against the one
// before. A DTLS fingerprint can't change on a connection: it is another one's.
func (o *offer) follows(prev *offer) error {
	switch {
	case o.fingerprint != prev.fingerprint:
		return ErrNewPeer
	case !slices.Equal(o.sections, prev.sections):
		return badOffer("its sections are not those of the first offer")
	case o.ufrag == prev.ufrag && o.pwd != prev.pwd:
		return badOffer("ice-pwd changed, but not ice-ufrag")
	}
	return nil
}

// restarted is the offer with new ICE credentials and candidates.
func (o *offer) restarted(ufrag, pwd string, candidates []string) (string, error) {
	if err := checkCredentials(ufrag, pwd); err != nil {
		return "", err
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(o.text); err != nil {
		return "", fmt.Errorf("parse the stored offer: %w", err)
	}
	desc.Attributes = replaceCredentials(desc.Attributes, ufrag, pwd)
	for i, m := range desc.MediaDescriptions {
		m.Attributes = replaceCredentials(m.Attributes, ufrag, pwd)
		if i > 0 {
			continue
		}
		for _, c := range candidates {
			m.Attributes = append(m.Attributes, sdp.Attribute{Key: "candidate", Value: strings.TrimPrefix(c, "candidate:")})
		}
	}
	text, err := desc.Marshal()
	if err != nil {
		return "", fmt.Errorf("write the offer: %w", err)
	}
	return string(text), nil
}

func replaceCredentials(attributes []sdp.Attribute, ufrag, pwd string) []sdp.Attribute {
	kept := slices.DeleteFunc(attributes, func(a sdp.Attribute) bool { return a.Key == "candidate" })
	for i := range kept {
		switch kept[i].Key {
		case "ice-ufrag":
			kept[i].Value = ufrag
		case "ice-pwd":
			kept[i].Value = pwd
		}
	}
	return kept
}
