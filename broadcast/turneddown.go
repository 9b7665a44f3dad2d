package broadcast

import (
	"slices"

	"github.com/pion/sdp/v3"
)

// refusal is a section that the answer turns down without asking Pion.
type refusal struct {
	at     int // its place in the offer, which is its place in the answer
	answer *sdp.MediaDescription
}

// setAside takes out of the offer what Pion is not to see: sections that the peer
// itself has turned down (Pion would answer one with a port, and take the first
// one for the transport's), and those that are neither audio nor video, which are
// turned down while the others go on (RFC 9429 section 5.3.1). It returns those of
// them that stand in the bundle: what they say of the transport, they say for all.
func (o *offer) setAside(desc *sdp.SessionDescription) (bundled []*sdp.MediaDescription, err error) {
	if len(desc.MediaDescriptions) > maxSections {
		return nil, badOffer("it has more than %d sections", maxSections)
	}
	bundle := bundleOf(desc)
	mids := map[string]bool{}
	var live []*sdp.MediaDescription
	for i, m := range desc.MediaDescriptions {
		if err := checkBounds(m, mids); err != nil {
			return nil, err
		}
		down, mid := turnedDown(m), midOf(m)
		if !down && (m.MediaName.Media == "video" || m.MediaName.Media == "audio") {
			live = append(live, m)
			continue
		}
		o.refused = append(o.refused, refusal{i, refusalOf(m)})
		if !down && slices.Contains(bundle, mid) {
			bundled = append(bundled, m)
		}
	}
	desc.MediaDescriptions = live
	return bundled, nil
}

// checkBounds checks what all sections have to keep to, used or not.
func checkBounds(m *sdp.MediaDescription, mids map[string]bool) error {
	kind, mid := m.MediaName.Media, midOf(m)
	switch {
	case len(m.MediaName.Formats) > maxFormats || len(m.Attributes) > maxAttributes:
		return badOffer("the %s section has more than %d formats or %d attributes", kind, maxFormats, maxAttributes)
	case len(mid) > maxIceString:
		return badOffer("the %s section's mid has more than %d characters", kind, maxIceString)
	case mid != "" && mids[mid]:
		return badOffer("two sections have the same mid")
	}
	mids[mid] = true
	return nil
}

func midOf(m *sdp.MediaDescription) string {
	mid, _ := m.Attribute("mid")
	return mid
}

// turnedDown reports whether the peer itself does not want the section. Port zero
// does not say so in one that stands only in its bundle (RFC 9143 section 6).
func turnedDown(m *sdp.MediaDescription) bool {
	return m.MediaName.Port.Value == 0 && !has(m, "bundle-only")
}

// refusalOf answers a section with port zero (RFC 3264 section 6), and is in no
// group (RFC 9143 section 7.3.3).
func refusalOf(m *sdp.MediaDescription) *sdp.MediaDescription {
	answer := &sdp.MediaDescription{
		MediaName:             sdp.MediaName{Media: m.MediaName.Media, Protos: m.MediaName.Protos, Formats: m.MediaName.Formats},
		ConnectionInformation: &sdp.ConnectionInformation{NetworkType: "IN", AddressType: "IP4", Address: &sdp.Address{Address: "0.0.0.0"}},
	}
	if mid := midOf(m); mid != "" {
		answer.WithValueAttribute("mid", mid)
	}
	return answer.WithPropertyAttribute("inactive")
}

// writeRefused puts what was set aside into the answer, each at its place: an
// answer has as many sections as the offer (RFC 3264 section 6).
func writeRefused(desc *sdp.SessionDescription, o *offer) {
	for _, r := range o.refused {
		desc.MediaDescriptions = slices.Insert(desc.MediaDescriptions, min(r.at, len(desc.MediaDescriptions)), r.answer)
	}
}
