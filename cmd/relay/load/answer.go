package load

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"relay/cmd/relay/load/source"
)

// kind is video or audio.
type kind int

const (
	video kind = iota
	audio
	kinds
)

// clockRate is the RTP clock of a kind.
var clockRate = [kinds]uint32{video: source.VideoClock, audio: source.AudioClock}

// streams tells of a packet what it belongs to: by the SSRCs that an answer names,
// else by its payload type.
type streams struct {
	ssrcs    map[uint32]belonging
	payloads [128]belonging
}

// belonging is what a packet belongs to.
type belonging struct {
	known bool
	kind  kind
	rtx   bool
	codec source.Codec
}

// readAnswer reads an SDP answer.
func readAnswer(text string) (*streams, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(text); err != nil {
		return nil, fmt.Errorf("the answer is not SDP: %w", err)
	}
	s := &streams{ssrcs: map[uint32]belonging{}}
	for _, m := range desc.MediaDescriptions {
		switch {
		case m.MediaName.Port.Value == 0:
		case m.MediaName.Media == "video":
			s.readSection(m, video)
		case m.MediaName.Media == "audio":
			s.readSection(m, audio)
		}
	}
	return s, nil
}

func (s *streams) readSection(m *sdp.MediaDescription, k kind) {
	for _, a := range m.Attributes {
		number, rest, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "rtpmap":
			if pt, err := strconv.ParseUint(number, 10, 7); err == nil {
				s.payloads[pt] = mapped(k, rest)
			}
		case "ssrc":
			if ssrc, err := strconv.ParseUint(number, 10, 32); err == nil && !s.ssrcs[uint32(ssrc)].known {
				s.ssrcs[uint32(ssrc)] = belonging{known: true, kind: k}
			}
		case "ssrc-group": // FID SSRC RTX (RFC 5576 section 4.2)
			fields := strings.Fields(a.Value)
			if len(fields) != 3 || fields[0] != "FID" {
				continue
			}
			if ssrc, err := strconv.ParseUint(fields[2], 10, 32); err == nil {
				s.ssrcs[uint32(ssrc)] = belonging{known: true, kind: k, rtx: true}
			}
		}
	}
}

// mapped is what a payload type with this rtpmap stands for.
func mapped(k kind, encoding string) belonging {
	name, _, _ := strings.Cut(encoding, "/")
	codec, _ := source.ParseCodec(name)
	return belonging{known: true, kind: k, rtx: strings.EqualFold(name, "rtx"), codec: codec}
}

// of is what a packet belongs to. Its payload type tells the codec in any case.
func (s *streams) of(h header) belonging {
	by := s.payloads[h.payloadType]
	if named, ok := s.ssrcs[h.ssrc]; ok && by.known {
		by.kind = named.kind
		by.rtx = by.rtx || named.rtx
	}
	return by
}
