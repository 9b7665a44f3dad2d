package broadcast

import (
	"cmp"
	"slices"
	"strings"
)

// Codec is a media codec that the relay can carry.
type Codec uint8

// The codecs. Their payload is opaque to the relay but for the question of
// where a key frame starts.
const (
	CodecNone Codec = iota
	CodecVP8
	CodecVP9
	CodecH264
	CodecAV1
	CodecOpus
)

var codecNames = [...]string{"", "VP8", "VP9", "H264", "AV1", "opus"}

// String is the codec's name in SDP, which is also the wire's word.
func (c Codec) String() string { return codecNames[c] }

// clockRate is the RTP clock in Hz (RFC 7587 for Opus; 90 kHz for all video).
func (c Codec) clockRate() uint32 {
	if c == CodecOpus {
		return 48000
	}
	return 90000
}

// format is one way of sending a codec, as a publisher negotiated it. Packets
// point to it; a viewer maps it to a payload type of its own.
type format struct {
	codec Codec
	// fmtp is the publisher's format parameters (RFC 8866 section 6.15): H264's
	// profile and packetization mode, VP9's profile.
	fmtp string
}

// kinds of media, one m-line each.
type kind uint8

const (
	kindVideo kind = iota
	kindAudio
)

func (k kind) String() string { return [...]string{"video", "audio"}[k] }

func codecOf(mimeType string) Codec {
	switch strings.ToLower(mimeType) {
	case "video/vp8":
		return CodecVP8
	case "video/vp9":
		return CodecVP9
	case "video/h264":
		return CodecH264
	case "video/av1":
		return CodecAV1
	case "audio/opus":
		return CodecOpus
	}
	return CodecNone
}

// fmtpValue is the value of one of the format parameters, lower case; "" when absent.
func fmtpValue(fmtp, key string) string {
	for param := range strings.SplitSeq(fmtp, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, key) {
			return strings.ToLower(value)
		}
	}
	return ""
}

// fits says how well a viewer's format takes what a publisher sends in f:
// 0 not at all, more is better.
//
// H264 (RFC 6184): what counts is the profile. Constrained Baseline (42e0,
// 42c0) is a subset of the others, and what browsers call Baseline (4200) is
// Constrained Baseline in fact, as every encoder of theirs leaves out the
// rest; so a Main or High decoder, and one of the other spelling, takes it. 4d40
// is Main as x264 spells it.
// Packetization mode 0 is a subset of mode 1.
func (f *format) fits(viewer format) int {
	if f.codec != viewer.codec {
		return 0
	}
	switch f.codec {
	case CodecH264:
		return h264Fits(f.fmtp, viewer.fmtp)
	case CodecVP9:
		return equalOrDefault(f.fmtp, viewer.fmtp, "profile-id")
	case CodecAV1:
		return equalOrDefault(f.fmtp, viewer.fmtp, "profile")
	}
	return 1
}

// same reports whether two formats differ in nothing but the level.
func (f *format) same(other format) bool {
	if f.codec == CodecH264 {
		return other.codec == CodecH264 && h264Profile(f.fmtp) == h264Profile(other.fmtp) && equalOrDefault(f.fmtp, other.fmtp, "packetization-mode") > 0
	}
	return f.fits(other) > 0
}

// equalOrDefault compares a parameter whose default is 0 (RFC 9628 section 6,
// AV1 RTP section 7.2.1).
func equalOrDefault(a, b, key string) int {
	x, y := cmp.Or(fmtpValue(a, key), "0"), cmp.Or(fmtpValue(b, key), "0")
	if x != y {
		return 0
	}
	return 1
}

func h264Fits(publisher, viewer string) int {
	have, want := h264Profile(viewer), h264Profile(publisher)
	score := 0
	switch {
	case have == want:
		score = 4
	case isBaseline(want) && isBaseline(have):
		score = 3
	case isBaseline(want):
		score = 2
	case want == "4d40" && have == "4d00":
		score = 2
	case slices.Contains([]string{"4d00", "4d40", "640c"}, want) && have == "6400":
		score = 1
	default:
		return 0
	}
	mode := fmtpValue(publisher, "packetization-mode")
	if cmp.Or(mode, "0") == cmp.Or(fmtpValue(viewer, "packetization-mode"), "0") {
		score += 4
	}
	return score
}

// carried reports whether the relay takes a publisher's format, and can offer
// it to viewers: see videoFormats.
func (f *format) carried() bool {
	switch f.codec {
	case CodecH264:
		mode := cmp.Or(fmtpValue(f.fmtp, "packetization-mode"), "0")
		return slices.Contains(h264Profiles[:], h264Profile(f.fmtp)) && (mode == "0" || mode == "1")
	case CodecVP9:
		return slices.Contains(vp9Profiles[:], cmp.Or(fmtpValue(f.fmtp, "profile-id"), "0"))
	case CodecAV1:
		return equalOrDefault(f.fmtp, "profile=0", "profile") > 0
	}
	return f.codec != CodecNone
}

// h264Profile is profile_idc and profile-iop; the default is Baseline (RFC 6184 section 8.1).
func h264Profile(fmtp string) string {
	id := fmtpValue(fmtp, "profile-level-id")
	if len(id) != 6 {
		return "4200"
	}
	return id[:4]
}

func isBaseline(profile string) bool { return strings.HasPrefix(profile, "42") }
