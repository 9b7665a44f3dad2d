package broadcast

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"

	"relay/broadcast/udp"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// newTestRelay is a relay on a loopback socket.
func newTestRelay(t testing.TB) *Relay {
	t.Helper()
	conn, err := udp.Listen(netip.AddrPortFrom(loopback, 0))
	if err != nil {
		t.Fatal(err)
	}
	return startRelay(t, conn)
}

func startRelay(t testing.TB, conn net.PacketConn) *Relay {
	t.Helper()
	return startRelayWith(t, Config{Conn: conn})
}

func startRelayWith(t testing.TB, c Config) *Relay {
	t.Helper()
	c.Addresses, c.Log = func() []netip.Addr { return nil }, slog.New(slog.DiscardHandler)
	relay, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
	})
	return relay
}

var quiet = func() *logging.DefaultLoggerFactory {
	factory := logging.NewDefaultLoggerFactory()
	factory.DefaultLogLevel = logging.LogLevelDisabled
	return factory
}()

func clientSettings() webrtc.SettingEngine {
	var settings webrtc.SettingEngine
	settings.LoggerFactory = quiet
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetSRTPReplayProtectionWindow(1024) // as browsers have it
	settings.SetICETimeouts(2*time.Second, 60*time.Second, 500*time.Millisecond)
	return settings
}

// clientOn is a client's place on a network; nil is loopback.
func clientOn(network transport.Net) webrtc.SettingEngine {
	settings := clientSettings()
	if network != nil {
		settings.SetNet(network)
		return settings
	}
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() && ip.To4() != nil })
	return settings
}

// newClientAPI is a peer's Pion with the codecs named, and without interceptors,
// so that a test sees and sends exactly what is on the wire.
func newClientAPI(t testing.TB, settings webrtc.SettingEngine, codecs ...string) *webrtc.API {
	t.Helper()
	engine := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	for i, mime := range codecs {
		kind, rate, channels, fmtp := webrtc.RTPCodecTypeVideo, uint32(90000), uint16(0), ""
		switch mime {
		case webrtc.MimeTypeOpus:
			kind, rate, channels = webrtc.RTPCodecTypeAudio, 48000, 2
		case webrtc.MimeTypeH264:
			fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
		case webrtc.MimeTypeRTX:
			rate, fmtp = 90000, "apt="+itoa(100+i-1)
		}
		if err := engine.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: rate, Channels: channels, SDPFmtpLine: fmtp, RTCPFeedback: feedback},
			PayloadType:        webrtc.PayloadType(100 + i),
		}, kind); err != nil {
			t.Fatal(err)
		}
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(&interceptor.Registry{}), webrtc.WithSettingEngine(settings))
}

func itoa(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

var allVideo = []string{
	webrtc.MimeTypeVP8, webrtc.MimeTypeRTX, webrtc.MimeTypeH264, webrtc.MimeTypeRTX,
	webrtc.MimeTypeVP9, webrtc.MimeTypeRTX, webrtc.MimeTypeAV1, webrtc.MimeTypeRTX, webrtc.MimeTypeOpus,
}

// client is a peer of the relay's: a Pion PeerConnection and its session.
type client struct {
	t         testing.TB
	pc        *webrtc.PeerConnection
	session   *Session
	connected chan struct{}
}

func newClient(t testing.TB, api *webrtc.API) *client {
	t.Helper()
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, pc: pc, connected: make(chan struct{})}
	var once sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(c.connected) })
		}
	})
	t.Cleanup(func() { _ = pc.GracefulClose() })
	return c
}

// offer makes the client's next offer, with all of its candidates.
func (c *client) offer(restart bool) string {
	c.t.Helper()
	offer, err := c.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		c.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(offer); err != nil {
		c.t.Fatal(err)
	}
	<-gathered
	return c.pc.LocalDescription().SDP
}

// negotiate takes an offer to the session and the answer back.
func (c *client) negotiate(restart bool) {
	c.t.Helper()
	offer := c.offer(restart)
	if c.session.join.Encoder { // as OBS does it
		offer = regexp.MustCompile(`a=(candidate|end-of-candidates).*\r\n`).ReplaceAllString(offer, "")
	}
	answer, err := c.session.Offer(offer)
	if errors.Is(err, ErrNewPeer) {
		if c.session, err = c.session.Replace(); err == nil {
			answer, err = c.session.Offer(offer)
		}
	}
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) awaitConnected() {
	c.t.Helper()
	await(c.t, c.connected, "connected")
}

func await(t testing.TB, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("not in time: ", what)
	}
}

// eventually waits for a condition that has no event of its own.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: ", what)
		}
	}
}

// publisher sends hand-made RTP.
type publisher struct {
	*client
	video, audio *webrtc.TrackLocalStaticRTP
	feedback     chan rtcp.Packet // on the video
	seq          uint16
	timestamp    uint32
	counter      uint32 // in the payload of each packet
}

func newPublisher(t *testing.T, relay *Relay, network transport.Net, room, token, mime string) *publisher {
	t.Helper()
	return publish(t, relay, network, Join{Room: room, Token: token, Remote: loopback}, mime)
}

func publish(t *testing.T, relay *Relay, network transport.Net, j Join, mime string) *publisher {
	t.Helper()
	session, err := relay.Publish(j)
	if err != nil {
		t.Fatal(err)
	}
	p := &publisher{client: newClient(t, newClientAPI(t, clientOn(network), mime, webrtc.MimeTypeOpus)), feedback: make(chan rtcp.Packet, 1000)}
	p.session = session
	p.video, _ = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, "video", "screen")
	p.audio, _ = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "screen")
	for _, track := range []*webrtc.TrackLocalStaticRTP{p.video, p.audio} {
		transceiver, err := p.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			t.Fatal(err)
		}
		go p.readRTCP(transceiver.Sender(), track == p.video)
	}
	p.seq, p.timestamp = 65500, 0xffffff00
	p.negotiate(false)
	p.awaitConnected()
	return p
}

func (p *publisher) readRTCP(sender *webrtc.RTPSender, video bool) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			if video {
				select {
				case p.feedback <- packet:
				default:
				}
			}
		}
	}
}

// keyPayloads start a key frame, by codec; other payloads do not.
var keyPayloads = map[string][2][]byte{
	webrtc.MimeTypeVP8:  {{0x10, 0x00}, {0x10, 0x01}},
	webrtc.MimeTypeH264: {{0x65, 0x88}, {0x41, 0x9a}},
	webrtc.MimeTypeVP9:  {{0x08, 0x00}, {0x48, 0x00}},
	webrtc.MimeTypeAV1:  {{0x18, 0x0a}, {0x10, 0x32}},
}

// packetOf builds packet number i of n of a frame; its payload ends in a counter
// that tells which packet it is.
func (p *publisher) packetOf(key bool, i, n int) *rtp.Packet {
	start := keyPayloads[p.video.Codec().MimeType][1]
	if key && i == 0 {
		start = keyPayloads[p.video.Codec().MimeType][0]
	}
	if i > 0 && p.video.Codec().MimeType == webrtc.MimeTypeVP8 {
		start = []byte{0x00, 0x01} // S=0: not a frame's start
	}
	p.counter++
	payload := binary.BigEndian.AppendUint32(append(append([]byte{}, start...), make([]byte, 100)...), p.counter)
	packet := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: p.seq, Timestamp: p.timestamp, Marker: i == n-1}, Payload: payload}
	p.seq++
	return packet
}

// until sends frames, key frames when asked, until the condition holds.
func (p *publisher) until(what string, condition func() bool) {
	p.t.Helper()
	eventually(p.t, what, func() bool {
		p.frame(keyFramesAsked(p) > 0, 1)
		return condition()
	})
}

// frame sends a frame of n packets, a thirtieth of a second after the last.
func (p *publisher) frame(key bool, n int) {
	p.t.Helper()
	p.timestamp += 3000
	for i := range n {
		p.write(p.packetOf(key, i, n))
	}
}

func (p *publisher) write(packet *rtp.Packet) {
	p.t.Helper()
	if err := p.video.WriteRTP(packet); err != nil {
		p.t.Fatal(err)
	}
}

// viewer notes each packet it gets.
type viewer struct {
	*client

	mu    sync.Mutex
	video []*rtp.Packet // as it came, RTX undone
	media []*rtp.Packet // without what came as RTX
	audio int
	rtx   int
	gaps  gaps
}

func newViewer(t *testing.T, relay *Relay, network transport.Net, room string, codecs ...string) *viewer {
	t.Helper()
	return watch(t, relay, network, Join{Room: room, Remote: loopback}, codecs...)
}

func watch(t *testing.T, relay *Relay, network transport.Net, j Join, codecs ...string) *viewer {
	t.Helper()
	session, err := relay.Subscribe(j)
	if err != nil {
		t.Fatal(err)
	}
	if len(codecs) == 0 {
		codecs = allVideo
	}
	v := &viewer{client: newClient(t, newClientAPI(t, clientOn(network), codecs...))}
	v.session = session
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		if _, err := v.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	v.pc.OnTrack(v.read)
	v.negotiate(false)
	return v
}

func (v *viewer) read(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	for {
		packet, attributes, err := track.ReadRTP()
		if err != nil {
			return
		}
		v.mu.Lock()
		if track.Kind() == webrtc.RTPCodecTypeAudio {
			v.audio++
		} else {
			v.gaps.received(packet.SequenceNumber, time.Now())
			v.video = append(v.video, packet)
			if attributes.Get(webrtc.AttributeRtxSsrc) != nil {
				v.rtx++
			} else {
				v.media = append(v.media, packet)
			}
		}
		v.mu.Unlock()
	}
}

// askAgain asks for what is missing until done is closed, as a browser does
// (Pion's generator does not know what came back as RTX).
func (v *viewer) askAgain(done <-chan struct{}) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-tick.C:
			v.mu.Lock()
			numbers := slices.Clone(v.gaps.due(now))
			v.mu.Unlock()
			if len(numbers) > 0 {
				_ = v.pc.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{
					MediaSSRC: v.session.downTracks()[0].binding.Load().ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(numbers),
				}})
			}
		}
	}
}

// received is a copy of what came so far, repairs included.
func (v *viewer) received() []*rtp.Packet {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.video)
}

// onMedia is a copy of what came on the media SSRC: all but repairs.
func (v *viewer) onMedia() []*rtp.Packet {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.media)
}

func (v *viewer) awaitPackets(n int) []*rtp.Packet {
	v.t.Helper()
	eventually(v.t, "packets at a viewer", func() bool { return len(v.onMedia()) >= n })
	return v.onMedia()
}

// counterOf is the counter in a packet's payload.
func counterOf(p *rtp.Packet) uint32 { return binary.BigEndian.Uint32(p.Payload[len(p.Payload)-4:]) }
