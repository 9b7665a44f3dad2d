package broadcast

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// RTX (RFC 4588) is between the relay and the viewer, and Pion does not hear of it:
// it would be half of the formats of an offer, and Pion compares each of them with
// each, twice, at every join. The relay sends repairs itself in any case.

// rtxIn is the payload type that repairs each format of the section, as the offer
// has it.
func rtxIn(m *sdp.MediaDescription) map[uint8]uint8 {
	is := map[string]bool{}
	for _, a := range m.Attributes {
		payloadType, encoding, _ := strings.Cut(a.Value, " ")
		if a.Key == "rtpmap" && strings.EqualFold(encoding, "rtx/90000") {
			is[payloadType] = slices.Contains(m.MediaName.Formats, payloadType)
		}
	}
	repairs := map[uint8]uint8{}
	for _, a := range m.Attributes {
		payloadType, params, _ := strings.Cut(a.Value, " ")
		if a.Key != "fmtp" || !is[payloadType] {
			continue
		}
		rtx, err := strconv.ParseUint(payloadType, 10, 7)
		media, err2 := strconv.ParseUint(fmtpValue(params, "apt"), 10, 7)
		if err == nil && err2 == nil {
			repairs[uint8(media)] = uint8(rtx)
			is[payloadType] = false // it repairs one format
		}
	}
	return repairs
}

// writeRTX answers the RTX of an offer: its formats, and the SSRC that repairs come
// on.
func writeRTX(desc *sdp.SessionDescription, o *offer, ssrc uint32) {
	for _, m := range desc.MediaDescriptions {
		if m.MediaName.Media == "video" && m.MediaName.Port.Value != 0 && writeRTXFormats(m, o.rtx) {
			writeRTXSource(m, ssrc)
		}
	}
}

// writeRTXFormats puts RTX behind each format that it is for; false: there is none.
func writeRTXFormats(m *sdp.MediaDescription, repairs map[uint8]uint8) bool {
	var formats []string
	for _, format := range m.MediaName.Formats {
		formats = append(formats, format)
		media, err := strconv.ParseUint(format, 10, 7)
		rtx, ok := repairs[uint8(media)]
		if err != nil || !ok {
			continue
		}
		formats = append(formats, strconv.Itoa(int(rtx)))
		m.WithValueAttribute("rtpmap", fmt.Sprintf("%d rtx/90000", rtx))
		m.WithValueAttribute("fmtp", fmt.Sprintf("%d apt=%d", rtx, media))
	}
	wrote := len(formats) > len(m.MediaName.Formats)
	m.MediaName.Formats = formats
	return wrote
}

// writeRTXSource says of the SSRC for repairs what is said of the one for media, and
// that they belong together (RFC 5576 section 4.2).
func writeRTXSource(m *sdp.MediaDescription, ssrc uint32) {
	first := slices.IndexFunc(m.Attributes, func(a sdp.Attribute) bool { return a.Key == "ssrc" })
	if first < 0 {
		return
	}
	media, _, _ := strings.Cut(m.Attributes[first].Value, " ")
	group := sdp.Attribute{Key: "ssrc-group", Value: fmt.Sprintf("FID %s %d", media, ssrc)}
	for _, a := range slices.Clone(m.Attributes) {
		if of, rest, _ := strings.Cut(a.Value, " "); a.Key == "ssrc" && of == media {
			m.WithValueAttribute("ssrc", fmt.Sprintf("%d %s", ssrc, rest))
		}
	}
	m.Attributes = slices.Insert(m.Attributes, first, group)
}

// newSSRC is a random one, and not the other.
func newSSRC(other uint32) uint32 {
	for {
		var b [4]byte
		_, _ = rand.Read(b[:])
		if ssrc := binary.BigEndian.Uint32(b[:]); ssrc != 0 && ssrc != other {
			return ssrc
		}
	}
}
