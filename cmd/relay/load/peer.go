package load

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"

	"relay/cmd/relay/load/source"
	"relay/cmd/relay/load/wire"
)

type bufferFactory = func(packetio.BufferPacketType, uint32) io.ReadWriteCloser

// newPeer makes a PeerConnection over a socket of its own, whose RTP goes to sink
// first and whose decrypted packets go to taps, if not nil.
func (c *crew) newPeer(local netip.Addr, sink wire.Sink, taps bufferFactory, factories ...interceptor.Factory) (*wire.Socket, *webrtc.PeerConnection, error) {
	socket, err := c.poller.Socket(netip.AddrPortFrom(local, 0), sink)
	if err != nil {
		return nil, nil, fmt.Errorf("open a socket: %w", err)
	}
	engine, err := newMediaEngine()
	if err != nil {
		_ = socket.Close()
		return nil, nil, err
	}
	registry := &interceptor.Registry{}
	for _, factory := range factories {
		registry.Add(factory)
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(settings(socket, taps)))
	peer, err := api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{c.certificate}})
	if err != nil {
		_ = socket.Close()
		return nil, nil, fmt.Errorf("make a peer connection: %w", err)
	}
	return socket, peer, nil
}

func settings(socket *wire.Socket, taps bufferFactory) webrtc.SettingEngine {
	var e webrtc.SettingEngine
	e.LoggerFactory = quiet
	e.SetICEUDPMux(ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: socket, Logger: quiet.NewLogger("ice")}))
	e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.SetIncludeLoopbackCandidate(true)
	e.DisableActiveTCP(true)
	// As browsers' own first choice on machines with AES in hardware.
	e.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	e.BufferFactory = taps
	return e
}

// formats are what viewers can play: as browsers, VP9 of 8 and 10 bits, and H264 in
// the profiles that encoders have, in both packetization modes.
func formats() (formats []webrtc.RTPCodecCapability) {
	add := func(mime, parameters string) {
		formats = append(formats, webrtc.RTPCodecCapability{MimeType: mime, SDPFmtpLine: parameters})
	}
	add(webrtc.MimeTypeVP8, "")
	add(webrtc.MimeTypeVP9, "profile-id=0")
	add(webrtc.MimeTypeVP9, "profile-id=2")
	add(webrtc.MimeTypeAV1, source.AV1.FormatParameters())
	for _, profile := range []string{"42e0", "4200", "4d00", "6400", "640c"} {
		for mode := 1; mode >= 0; mode-- {
			add(webrtc.MimeTypeH264, fmt.Sprintf("level-asymmetry-allowed=1;packetization-mode=%d;profile-level-id=%s1f", mode, profile))
		}
	}
	return formats
}

// newMediaEngine knows the formats, each with RTX, and Opus.
func newMediaEngine() (*webrtc.MediaEngine, error) {
	engine := &webrtc.MediaEngine{}
	next := webrtc.PayloadType(96)
	register := func(format webrtc.RTPCodecCapability, kind webrtc.RTPCodecType) error {
		err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: format, PayloadType: next}, kind)
		if next++; err != nil {
			return fmt.Errorf("register %s: %w", format.MimeType, err)
		}
		return nil
	}
	for _, format := range formats() {
		format.ClockRate = source.VideoClock
		format.RTCPFeedback = []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
		rtx := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: source.VideoClock, SDPFmtpLine: fmt.Sprintf("apt=%d", next)}
		for _, c := range []webrtc.RTPCodecCapability{format, rtx} {
			if err := register(c, webrtc.RTPCodecTypeVideo); err != nil {
				return nil, err
			}
		}
	}
	return engine, register(opus, webrtc.RTPCodecTypeAudio)
}

// quiet keeps Pion's own words out of the progress: what matters of them comes as
// an error or a state.
var quiet = &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}

// opus comes with NACKs for servers that answer them: what is missing of sound is
// then the server's doing. Browsers conceal a lost packet instead.
var opus = webrtc.RTPCodecCapability{
	MimeType: webrtc.MimeTypeOpus, ClockRate: source.AudioClock, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
	RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}},
}
