package broadcast

import (
	"strings"

	"github.com/pion/sdp/v3"
)

// findBreach is what WHIP and WHEP rule out in an offer that the relay could take;
// nil when there is nothing. See Join.Strict.
func (o *offer) findBreach(desc *sdp.SessionDescription) error {
	streams := map[string]bool{}
	var crowded error
	for i, m := range desc.MediaDescriptions {
		kind, where := o.sections[i].kind, direction(desc, m)
		if where != "sendrecv" && where != oneWay[o.role] {
			// RFC 9725 section 4.2, and its twin in draft-ietf-wish-whep section 4.2
			return badOffer("its %s section is %s, not %s or sendrecv", kind, where, oneWay[o.role])
		}
		if o.role == RoleViewer {
			continue // what it might send is not taken
		}
		if tracksOf(m, streams) > 1 {
			crowded = errorf(CodeBadRequest, "The offer has more than one %s track; a room has one (RFC 9725 section 4.4.2).", kind)
		}
	}
	if len(streams) > 1 {
		return errorf(CodeBadRequest, "The offer has more than one MediaStream; a room has one (RFC 9725 section 4.4.2).")
	}
	return crowded
}

// tracksOf is how many tracks the section has, and adds the MediaStreams that
// they belong to; "-" is none (RFC 8830 section 2). Older clients name both for
// each source (a track may have several: RTX, FEC), and some in both ways: as the
// two need not be alike, tracks of one way are counted.
func tracksOf(m *sdp.MediaDescription, streams map[string]bool) int {
	sections, sources := map[string]bool{}, map[string]bool{}
	for _, a := range m.Attributes {
		tracks, value := sections, a.Value
		if a.Key == "ssrc" {
			_, attribute, _ := strings.Cut(a.Value, " ")
			tracks = sources
			a.Key, value, _ = strings.Cut(attribute, ":")
		}
		ids := strings.Fields(value)
		if a.Key != "msid" || len(ids) == 0 {
			continue
		}
		if ids[0] != "-" {
			streams[ids[0]] = true
		}
		if len(ids) > 1 {
			tracks[ids[1]] = true
		}
	}
	return max(len(sections), len(sources))
}
