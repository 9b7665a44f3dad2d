package broadcast

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// Bitrates in bits per second. Screens at 1080p and more need up to 8 Mbit/s
// after a page flip; an uplink to the internet seldom has more than 4.
const (
	maxBitratePrivate   = 8_000_000
	maxBitrateElsewhere = 4_000_000
	// Congestion control starts at 300 kbit/s by itself, which is 5 to 30 s of
	// mush. A LAN is trusted with all at once: from 4 Mbit/s the estimate had
	// come to 5.5 after 10 s (Chromium 156), and text after a page flip was
	// still blurred.
	startBitratePrivate   = 8_000_000
	startBitrateElsewhere = 1_000_000
)

// isPrivate: on the same LAN, or the same machine.
func isPrivate(addr netip.Addr) bool {
	addr = addr.Unmap()
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast()
}

// terms are what an answer says beside what Pion negotiated.
type terms struct {
	remote  netip.Addr   // the peer's
	hosts   []netip.Addr // where the relay's socket is reached
	port    uint16
	muxOnly bool   // see Join.MuxOnly
	rtx     uint32 // the SSRC that a viewer's repairs come on
	most    int    // bits per second that a publisher is told
}

// answerFor turns Pion's answer into the one that the peer gets.
func answerFor(o *offer, text string, t terms) (string, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		return "", fmt.Errorf("parse the answer: %w", err)
	}
	writeRTX(&desc, o, t.rtx)
	writeCandidates(&desc, t.hosts, t.port)
	writeBundle(&desc, o, t.muxOnly)
	if o.role == RolePublisher {
		tunePublisher(&desc, t.remote, t.most)
	}
	writeRefused(&desc, o)
	out, err := desc.Marshal()
	if err != nil {
		return "", fmt.Errorf("write the answer: %w", err)
	}
	return string(out), nil
}

// writeCandidates replaces Pion's candidates by the addresses that reach the
// relay's socket; all sections are bundled, so the first one that was not
// turned down names them.
func writeCandidates(desc *sdp.SessionDescription, hosts []netip.Addr, port uint16) {
	written := false
	for _, m := range desc.MediaDescriptions {
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
			return a.Key == "candidate" || a.Key == "end-of-candidates"
		})
		if written || m.MediaName.Port.Value == 0 {
			continue
		}
		written = true
		for n, host := range hosts {
			m.Attributes = append(m.Attributes, sdp.Attribute{Key: "candidate", Value: candidate(n, host, port)})
		}
		m.Attributes = append(m.Attributes, sdp.Attribute{Key: "end-of-candidates"})
	}
}

// writeBundle says what Pion leaves out of a bundle's answer, and takes out what
// it says too much.
func writeBundle(desc *sdp.SessionDescription, o *offer, muxOnly bool) {
	if !o.bundled { // a group is only an answer to one (RFC 9143 section 7.3)
		desc.Attributes = slices.DeleteFunc(desc.Attributes, func(a sdp.Attribute) bool { return a.Key == "group" })
	}
	for _, m := range desc.MediaDescriptions {
		if m.MediaName.Port.Value == 0 {
			continue
		}
		if muxOnly {
			m.WithPropertyAttribute("rtcp-mux-only")
		}
		for i, a := range m.Attributes {
			if a.Key == "setup" {
				m.Attributes[i].Value = setupFor(o.setup, a.Value)
			}
		}
	}
}

// setupFor is the relay's DTLS role. Pion (v4.2.20) tells an ICE-lite peer
// another one than it then plays, unless the peer leaves it the choice.
func setupFor(offered, ours string) string {
	switch offered {
	case "active":
		return "passive"
	case "passive":
		return "active"
	}
	return ours
}

// candidate is a host candidate's line; earlier ones are preferred (RFC 8445 section 5.1.2.1).
func candidate(n int, host netip.Addr, port uint16) string {
	const hostPreference, component = 126, 1
	priority := uint32(hostPreference)<<24 | uint32(65535-n)<<8 | (256 - component)
	return fmt.Sprintf("%d %d udp %d %s %d typ host", n+1, component, priority, host, port)
}

// tunePublisher asks a browser for stereo sound without gaps, and for a picture
// that is sharp from the first second on. Both are read from the answer.
func tunePublisher(desc *sdp.SessionDescription, remote netip.Addr, most int) {
	start := startBitrateElsewhere
	if isPrivate(remote) {
		start = startBitratePrivate
	}
	video := fmt.Sprintf("x-google-start-bitrate=%d;x-google-max-bitrate=%d", min(start, most)/1000, most/1000)
	const opus = "stereo=1;sprop-stereo=1;maxaveragebitrate=128000;usedtx=0"
	for _, m := range desc.MediaDescriptions {
		for _, a := range slices.Clone(m.Attributes) {
			if a.Key != "rtpmap" {
				continue
			}
			payloadType, encoding, _ := strings.Cut(a.Value, " ")
			name, _, _ := strings.Cut(encoding, "/")
			switch codecOf(m.MediaName.Media + "/" + name) {
			case CodecNone:
			case CodecOpus:
				addFormat(m, payloadType, opus)
			default:
				addFormat(m, payloadType, video)
			}
		}
	}
}

// addFormat appends to the payload type's fmtp line, or makes one.
func addFormat(m *sdp.MediaDescription, payloadType, params string) {
	for i, a := range m.Attributes {
		if a.Key == "fmtp" && strings.HasPrefix(a.Value, payloadType+" ") {
			m.Attributes[i].Value = a.Value + ";" + params
			return
		}
	}
	m.Attributes = append(m.Attributes, sdp.Attribute{Key: "fmtp", Value: payloadType + " " + params})
}
