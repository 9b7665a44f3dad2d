package load

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"

	"relay/cmd/relay/load/source"
	"relay/cmd/relay/load/wire"
)

// outlasting is a context that ends a little after ctx: a POST under way is better
// finished, since only its answer says which session to delete.
func outlasting(ctx context.Context) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(postOutlasts, cancel) })
	return later, func() {
		stop()
		cancel()
	}
}

type bufferFactory = func(packetio.BufferPacketType, uint32) io.ReadWriteCloser

// newPeer makes a PeerConnection over a socket of its own, whose RTP goes to sink
// first and whose decrypted packets go to taps, if not nil.
func (c *crew) newPeer(sink wire.Sink, taps bufferFactory, factories ...interceptor.Factory) (*wire.Socket, *webrtc.PeerConnection, error) {
	socket, err := c.poller.Socket(netip.AddrPortFrom(c.local, 0), sink)
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

// newMediaEngine knows the codecs of browsers, with RTX.
func newMediaEngine() (*webrtc.MediaEngine, error) {
	engine := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	next := webrtc.PayloadType(96)
	for _, codec := range []source.Codec{source.VP8, source.VP9, source.H264, source.AV1} {
		media := webrtc.RTPCodecParameters{PayloadType: next, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: codec.MimeType(), ClockRate: source.VideoClock, SDPFmtpLine: codec.FormatParameters(), RTCPFeedback: feedback,
		}}
		rtx := webrtc.RTPCodecParameters{PayloadType: next + 1, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: source.VideoClock, SDPFmtpLine: fmt.Sprintf("apt=%d", next),
		}}
		for _, codec := range []webrtc.RTPCodecParameters{media, rtx} {
			if err := engine.RegisterCodec(codec, webrtc.RTPCodecTypeVideo); err != nil {
				return nil, fmt.Errorf("register %s: %w", codec.MimeType, err)
			}
		}
		next += 2
	}
	err := engine.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: opus}, webrtc.RTPCodecTypeAudio)
	if err != nil {
		return nil, fmt.Errorf("register opus: %w", err)
	}
	return engine, nil
}

// quiet keeps Pion's own words out of the progress: what matters of them comes as
// an error or a state.
var quiet = &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}

var opus = webrtc.RTPCodecCapability{
	MimeType: webrtc.MimeTypeOpus, ClockRate: source.AudioClock, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
}
