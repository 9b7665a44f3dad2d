package broadcast

import (
	"fmt"
	"slices"

	"github.com/pion/dtls/v3"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// h264Profiles are profile_idc and profile-iop of what browsers and encoders
// offer; Pion matches by exactly these two bytes.
var h264Profiles = [...]string{"4200", "42c0", "42e0", "4d00", "4d40", "6400", "640c"}

// vp9Profiles are those of 8 bits and of HDR (RFC 9628 section 6).
var vp9Profiles = [...]string{"0", "1", "2"}

// videoFormats is what the relay carries, each with its format parameters.
var videoFormats = makeVideoFormats()

func makeVideoFormats() []webrtc.RTPCodecCapability {
	formats := []webrtc.RTPCodecCapability{
		{MimeType: webrtc.MimeTypeVP8},
		{MimeType: webrtc.MimeTypeAV1, SDPFmtpLine: "profile=0"},
	}
	for _, profile := range vp9Profiles {
		formats = append(formats, webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP9, SDPFmtpLine: "profile-id=" + profile})
	}
	for _, profile := range h264Profiles {
		for mode := range 2 {
			formats = append(formats, webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeH264,
				SDPFmtpLine: fmt.Sprintf("level-asymmetry-allowed=1;packetization-mode=%d;profile-level-id=%s1f",
					mode, profile),
			})
		}
	}
	return formats
}

// viewerFeedback is what a viewer may send about video.
var viewerFeedback = []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}

// newMediaEngine registers the codecs: all for a publisher, those that it offers
// for a viewer, as Pion keeps them for each, and compares each with each. The relay
// always answers, so the payload types here are placeholders: the offer's are
// taken. RTX is not among them: a publisher's repairs come on the media SSRC, where
// they wake the reader, and a viewer's are not Pion's business (see writeRTX).
func newMediaEngine(o *offer) (*webrtc.MediaEngine, error) {
	engine, role := &webrtc.MediaEngine{}, o.role
	feedback := slices.Clip(viewerFeedback)
	if role == RolePublisher {
		feedback = append(feedback, webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC})
	}
	next := webrtc.PayloadType(0)
	register := func(c webrtc.RTPCodecCapability, kind webrtc.RTPCodecType) error {
		next++
		return engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: next}, kind)
	}
	for _, c := range videoFormats {
		if role == RoleViewer && !o.offers(format{codecOf(c.MimeType), c.SDPFmtpLine}) {
			continue
		}
		c.ClockRate, c.RTCPFeedback = 90000, feedback
		if err := register(c, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, fmt.Errorf("register %s: %w", c.MimeType, err)
		}
	}
	opus := webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
		SDPFmtpLine: "minptime=10;useinbandfec=1", RTCPFeedback: audioFeedback(role),
	}
	if err := register(opus, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, fmt.Errorf("register opus: %w", err)
	}
	return engine, registerExtensions(engine, role)
}

func audioFeedback(role Role) []webrtc.RTCPFeedback {
	nack := []webrtc.RTCPFeedback{{Type: "nack"}}
	if role == RolePublisher {
		return append(nack, webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC})
	}
	return nack
}

// registerExtensions: a publisher's packets are numbered for transport-wide
// congestion control. Not mid: with it Pion takes an SSRC that the offer does not
// name for simulcast, and without it goes by the payload type (v4.2.20). Viewers
// get none: each would be bytes on every packet.
func registerExtensions(engine *webrtc.MediaEngine, role Role) error {
	if role != RolePublisher {
		return nil
	}
	extension := webrtc.RTPHeaderExtensionCapability{URI: sdp.TransportCCURI}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		if err := engine.RegisterHeaderExtension(extension, kind); err != nil {
			return fmt.Errorf("register %s: %w", extension.URI, err)
		}
	}
	return nil
}

// srtpProfiles: AES-GCM first, as it costs least per packet.
var srtpProfiles = []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80}

// newInterceptors: a publisher gets receiver reports and transport-cc
// feedback, without which its rate control stays at the start. Viewers have
// none, as each would work per viewer and packet.
func newInterceptors(role Role) (*interceptor.Registry, error) {
	registry := &interceptor.Registry{}
	if role != RolePublisher {
		return registry, nil
	}
	reports, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, fmt.Errorf("receiver reports: %w", err)
	}
	feedback, err := twcc.NewSenderInterceptor()
	if err != nil {
		return nil, fmt.Errorf("transport-cc: %w", err)
	}
	registry.Add(reports)
	registry.Add(feedback)
	return registry, nil
}
