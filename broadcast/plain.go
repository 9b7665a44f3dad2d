package broadcast

import (
	"maps"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// makePlain writes the offer so that Pion (v4.2.20) reads it as it is meant. Of
// several ways to say a thing, Pion knows one: the BUNDLE group is the first
// group, its first mid is a section's that names the transport and the
// candidates; what the session says of the transport outdoes a section (RFC 8122
// section 5 has it the other way round); the DTLS role is a section's, and so is
// the direction; H264's parameters are all there. Simulcast, which the relay does
// not do, is left out, and so not answered: the peer then sends one encoding (RFC
// 8853 section 5.3.2).
func (o *offer) makePlain(desc *sdp.SessionDescription) {
	first, transport := desc.MediaDescriptions[0], o.transport()
	for _, key := range slices.Sorted(maps.Keys(transport)) {
		if !has(first, key) {
			first.WithValueAttribute(key, *transport[key])
		}
	}
	desc.Attributes = slices.DeleteFunc(desc.Attributes, func(a sdp.Attribute) bool { return a.Key == "group" || transport[a.Key] != nil })
	desc.WithValueAttribute("group", "BUNDLE "+strings.Join(o.mids(), " "))
	for _, m := range desc.MediaDescriptions {
		o.makeOneWay(desc, m)
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool { return a.Key == "simulcast" || a.Key == "rid" })
		completeH264(m)
		if o.role == RoleViewer && hasKnownCodec(m) {
			o.keepCarried(m)
		}
	}
}

func (o *offer) mids() (mids []string) {
	for _, s := range o.sections {
		mids = append(mids, s.mid)
	}
	return mids
}

// makeOneWay writes the section's direction: of what might go both ways, only
// one does.
func (o *offer) makeOneWay(desc *sdp.SessionDescription, m *sdp.MediaDescription) {
	where := direction(desc, m)
	if o.flows(desc, m) {
		where = oneWay[o.role]
	}
	m.Attributes = slices.DeleteFunc(m.Attributes, isDirection)
	m.WithPropertyAttribute(where)
}

// completeH264 writes out the defaults of RFC 6184 section 8.1, which is what
// absent parameters mean.
func completeH264(m *sdp.MediaDescription) {
	for _, f := range formatsIn(m) {
		if f.codec != CodecH264 {
			continue
		}
		if fmtpValue(f.fmtp, "profile-level-id") == "" {
			addFormat(m, f.payloadType, "profile-level-id=42000a")
		}
		if fmtpValue(f.fmtp, "packetization-mode") == "" {
			addFormat(m, f.payloadType, "packetization-mode=0")
		}
	}
}

// keepCarried takes out of a viewer's section what is not answered in any case,
// and what is answered without Pion: formats that the relay does not carry, RTX,
// other feedback than the relay serves, header extensions. Pion keeps an offer, in
// pieces too, as long as the session lasts, and goes through all of it for each
// format.
func (o *offer) keepCarried(m *sdp.MediaDescription) {
	if m.MediaName.Media == "video" {
		o.rtx = rtxIn(m)
	}
	carried := map[string]bool{}
	for _, f := range formatsIn(m) {
		carried[f.payloadType] = f.carried()
	}
	if !slices.ContainsFunc(m.MediaName.Formats, func(payloadType string) bool { return carried[payloadType] }) {
		return // what it maps it does not offer
	}
	m.MediaName.Formats = slices.DeleteFunc(m.MediaName.Formats, func(payloadType string) bool { return !carried[payloadType] })
	m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
		payloadType, rest, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "rtpmap", "fmtp":
			return !carried[payloadType]
		case "rtcp-fb":
			return payloadType != "*" && !carried[payloadType] || !servesFeedback(rest)
		}
		return a.Key == "extmap"
	})
}

// servesFeedback: see viewerFeedback.
func servesFeedback(said string) bool {
	return slices.ContainsFunc(viewerFeedback, func(f webrtc.RTCPFeedback) bool {
		return strings.TrimSpace(f.Type+" "+f.Parameter) == strings.TrimSpace(said)
	})
}
