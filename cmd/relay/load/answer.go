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
	nack  bool // it may be asked for again (RFC 4585)
	apart bool // what was asked for comes as RTX (RFC 4588)
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
	// Some servers agree on RTX and then repair on the media's own SSRC. It shows
	// where they name that one and none for RTX.
	var named, paired bool
	for _, a := range m.Attributes {
		number, rest, _ := strings.Cut(a.Value, " ")
		switch a.Key {
		case "rtpmap":
			if pt, err := strconv.ParseUint(number, 10, 7); err == nil {
				s.payloads[pt] = mapped(k, rest)
			}
		case "ssrc":
			named = true
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
				paired = true
			}
		}
	}
	s.readRepair(m, k, paired || !named)
}

// readRepair reads which payload types may be asked for again, and which of them
// come as RTX then. It needs all of them to be known.
func (s *streams) readRepair(m *sdp.MediaDescription, k kind, apart bool) {
	for _, a := range m.Attributes {
		number, rest, _ := strings.Cut(a.Value, " ")
		switch {
		case a.Key == "rtcp-fb" && strings.TrimSpace(rest) == "nack":
			for pt := range s.payloads {
				if p := &s.payloads[pt]; p.known && p.kind == k && (number == "*" || number == strconv.Itoa(pt)) {
					p.nack = true
				}
			}
		case a.Key == "fmtp" && apart:
			rtx, err := strconv.ParseUint(number, 10, 7)
			original, ok := associated(rest)
			if err == nil && ok && s.payloads[rtx].rtx && s.payloads[rtx].kind == k {
				s.payloads[original].apart = true
			}
		}
	}
}

// associated is the payload type that RTX with these format parameters is for (RFC
// 4588 section 8.1).
func associated(parameters string) (payloadType uint8, ok bool) {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if pt, err := strconv.ParseUint(value, 10, 7); name == "apt" && err == nil {
			return uint8(pt), true
		}
	}
	return 0, false
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
