package broadcast

import (
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
	maxSections   = 64 // those that are turned down as well
)

// offer is a checked SDP offer.
type offer struct {
	role        Role      // of the peer
	text        string    // as Pion gets it
	sections    []section // but those refused
	refused     []refusal
	breach      error // of what Join.Strict asks
	bundled     bool  // its sections are in a BUNDLE group
	ufrag, pwd  string
	fingerprint string
	setup       string
	ssrcs       []uint32        // announced by the peer
	formats     []format        // that the relay carries
	rtx         map[uint8]uint8 // a viewer's payload types that repair others
}

// section is one m-line.
type section struct {
	kind  kind
	mid   string
	known bool // the relay has one of its codecs
}

// offers reports whether the peer has a format, at whatever level.
func (o *offer) offers(f format) bool {
	return slices.ContainsFunc(o.formats, func(other format) bool { return f.same(other) })
}

func (o *offer) has(k kind) bool {
	return slices.ContainsFunc(o.sections, func(s section) bool { return s.kind == k })
}

// CheckOffer makes the checks of Session.Offer that need no session: a door can
// refuse a bad offer before it asks for a place in the room. Its errors are *Error.
func CheckOffer(sdp string, role Role, j Join) error {
	_, err := readOffer(sdp, role, j)
	return err
}

// readOffer checks an offer that came by the given door.
func readOffer(sdp string, role Role, j Join) (*offer, error) {
	o, err := parseOffer(sdp, role)
	if err == nil && j.Strict {
		err = o.breach
	}
	return o, err
}

// parseOffer checks an offer of the given role's peer. Its errors are *Error.
func parseOffer(text string, role Role) (*offer, error) {
	if len(text) > maxOffer {
		return nil, errorf(CodeTooLarge, "The offer has %d bytes; %d are the most that is taken.", len(text), maxOffer)
	}
	if !strings.HasSuffix(text, "\n") { // who trims a text takes the last line's end as well
		text += "\r\n"
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		return nil, badOffer("it is not SDP")
	}
	o := &offer{role: role}
	if err := o.read(&desc); err != nil {
		return nil, err
	}
	o.makePlain(&desc)
	clean, err := desc.Marshal()
	if err != nil {
		return nil, badOffer("it is not SDP")
	}
	o.text = string(clean)
	o.letGo()
	return o, nil
}

// letGo copies what is kept of the offer, which otherwise would keep all of it.
func (o *offer) letGo() {
	for _, s := range []*string{&o.ufrag, &o.pwd, &o.fingerprint, &o.setup} {
		*s = strings.Clone(*s)
	}
	for i := range o.sections {
		o.sections[i].mid = strings.Clone(o.sections[i].mid)
	}
	for i := range o.formats {
		o.formats[i].fmtp = strings.Clone(o.formats[i].fmtp)
	}
}

// read takes over what the offer says, and leaves in desc what Pion is to see.
func (o *offer) read(desc *sdp.SessionDescription) error {
	aside, err := o.setAside(desc)
	if err != nil {
		return err
	}
	if err := o.readSections(desc); err != nil {
		return err
	}
	o.breach = o.findBreach(desc)
	if err := o.readTransport(desc, aside); err != nil {
		return err
	}
	return keepUsableCandidates(desc, aside)
}

func badOffer(why string, args ...any) *Error {
	return errorf(CodeBadRequest, "The offer can't be used: "+why+".", args...)
}

func (o *offer) readSections(desc *sdp.SessionDescription) error {
	bundle := bundleOf(desc)
	var active bool
	for _, m := range desc.MediaDescriptions {
		s, err := o.readSection(m)
		if err != nil {
			return err
		}
		o.bundled = slices.Contains(bundle, s.mid)
		if len(desc.MediaDescriptions) > 1 && !o.bundled {
			return badOffer("section %q is not in the BUNDLE group", s.mid)
		}
		flows := o.flows(desc, m)
		if flows && !s.known && o.role == RolePublisher {
			return unknownCodec() // no partially successful answers (RFC 9725 section 4.4.3)
		}
		active = active || flows
		o.sections = append(o.sections, s)
		o.ssrcs = append(o.ssrcs, announcedSSRCs(m)...)
		for _, f := range formatsIn(m) {
			if f.carried() {
				o.formats = append(o.formats, f.format)
			}
		}
	}
	switch {
	case len(o.sections) == 0:
		return badOffer("it has no audio or video section, or has turned them down itself")
	case !active:
		return badOffer("none of its sections %s", [...]string{"sends", "receives"}[o.role])
	case !slices.ContainsFunc(o.sections, func(s section) bool { return s.known }):
		return unknownCodec()
	}
	return nil
}

func unknownCodec() *Error {
	return errorf(CodeCodecUnsupported, "The relay knows none of the codecs of a section offered; it takes VP8, VP9, H264 and AV1 for video, and Opus for audio.")
}

// bundleOf is the mids of the BUNDLE group; nil if there is none. Other groups
// say something else (OBS: LS, what is to be played in sync).
func bundleOf(desc *sdp.SessionDescription) []string {
	for _, a := range desc.Attributes {
		if fields := strings.Fields(a.Value); a.Key == "group" && len(fields) > 0 && fields[0] == "BUNDLE" {
			return fields[1:]
		}
	}
	return nil
}

func (o *offer) readSection(m *sdp.MediaDescription) (section, error) {
	s := section{kind: kindVideo, mid: midOf(m), known: hasKnownCodec(m)}
	if m.MediaName.Media == "audio" {
		s.kind = kindAudio
	}
	proto := strings.Join(m.MediaName.Protos, "/")
	switch {
	case s.mid == "":
		return s, badOffer("the %s section has no mid", s.kind)
	case o.has(s.kind):
		return s, badOffer("it has more than one %s section", s.kind)
	case !slices.Contains(protos, proto):
		return s, badOffer("the %s section is %.40s; the relay speaks %s", s.kind, proto, protos[0])
	}
	// A section that stands only in its bundle leaves out what the bundle's first
	// one says (RFC 9429 section 5.2.1).
	if !has(m, "rtcp-mux") && !has(m, "rtcp-mux-only") && !has(m, "bundle-only") {
		return s, badOffer("the %s section lacks rtcp-mux", s.kind)
	}
	return s, nil
}

// protos are what a section of media over DTLS may call itself, the usual one
// first: the fingerprint and the candidates tell how it is sent, so that all of
// these have to be taken (RFC 9429 section 5.1.2).
var protos = []string{
	"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP",
	"TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP", "RTP/AVPF", "RTP/AVP",
}

func has(m *sdp.MediaDescription, key string) bool {
	_, ok := m.Attribute(key)
	return ok
}

// flows reports whether the section carries media in the role's direction.
func (o *offer) flows(desc *sdp.SessionDescription, m *sdp.MediaDescription) bool {
	where := direction(desc, m)
	return where == "sendrecv" || where == oneWay[o.role]
}

// oneWay is the direction of a role's offer.
var oneWay = [...]string{RolePublisher: "sendonly", RoleViewer: "recvonly"}

// direction is the section's, or else the session's; sendrecv is the default
// (RFC 8866 section 6.7).
func direction(desc *sdp.SessionDescription, m *sdp.MediaDescription) string {
	said := slices.Concat(m.Attributes, desc.Attributes)
	if i := slices.IndexFunc(said, isDirection); i >= 0 {
		return said[i].Key
	}
	return "sendrecv"
}

func isDirection(a sdp.Attribute) bool {
	return slices.Contains([]string{"sendrecv", "sendonly", "recvonly", "inactive"}, a.Key)
}

// hasKnownCodec reports whether the relay carries one of the section's formats.
func hasKnownCodec(m *sdp.MediaDescription) bool {
	return slices.ContainsFunc(formatsIn(m), func(f offered) bool { return f.carried() })
}

// offered is one format of a section.
type offered struct {
	format
	payloadType string
}

// formatsIn are the section's formats of codecs that the relay knows.
func formatsIn(m *sdp.MediaDescription) (formats []offered) {
	for _, a := range m.Attributes {
		payloadType, encoding, _ := strings.Cut(a.Value, " ")
		name, _, _ := strings.Cut(encoding, "/")
		codec := codecOf(m.MediaName.Media + "/" + name)
		if a.Key == "rtpmap" && codec != CodecNone {
			formats = append(formats, offered{format{codec, fmtpOf(m, payloadType)}, payloadType})
		}
	}
	return formats
}

// fmtpOf is the payload type's format parameters; "" when it has none.
func fmtpOf(m *sdp.MediaDescription, payloadType string) string {
	for _, a := range m.Attributes {
		if of, params, _ := strings.Cut(a.Value, " "); a.Key == "fmtp" && of == payloadType {
			return params
		}
	}
	return ""
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
