package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// reply is what came back for a request.
type reply struct {
	status int
	header http.Header
	body   string // of an event stream: its first event
}

// strangersClient follows no redirect, so that each is seen, and connects anew
// for each request.
var strangersClient = &http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// exchange sends one request. The header's lines are "Name: value".
func exchange(t *testing.T, method, target, body string, header ...string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	check(t, err)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Add(name, value)
	}
	response, err := strangersClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	return reply{response.StatusCode, response.Header, readReply(t, response)}
}

// readReply reads an event stream as far as the blank line after its first
// event, and anything else to its end.
func readReply(t *testing.T, response *http.Response) string {
	t.Helper()
	var text strings.Builder
	events := strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream")
	for reader := bufio.NewReader(response.Body); ; {
		line, err := reader.ReadString('\n')
		text.WriteString(line)
		if err == io.EOF || events && line == "\n" && text.Len() > 1 {
			return text.String()
		}
		check(t, err)
	}
}

// whipPeer is a WHIP publisher or a WHEP viewer outside a browser. It does what
// OBS does: its offer has no candidates, and it does not listen to key-frame
// requests.
type whipPeer struct {
	t         *testing.T
	peer      *webrtc.PeerConnection
	media     *mutedConn
	connected chan struct{} // closed once it is
	received  atomic.Int64  // packets
	key       string        // shown to the endpoint; "" for none

	// set by post
	session string // its URL
	etag    string
	answer  string
}

// newWhipPeer has an m-line for each track, which it will send; without any it
// is a viewer, with one m-line a kind. It is closed with the test.
func newWhipPeer(t *testing.T, tracks ...webrtc.TrackLocal) *whipPeer {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	check(t, err)
	p := &whipPeer{t: t, media: &mutedConn{PacketConn: conn}, connected: make(chan struct{})}
	p.peer, err = peerAPI(p.media).NewPeerConnection(webrtc.Configuration{})
	check(t, err)
	t.Cleanup(p.close)
	var once sync.Once
	p.peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(p.connected) })
		}
	})
	p.peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.count(track) })
	(&client{t: t, peer: p.peer}).addMedia(tracks)
	return p
}

// peerAPI makes PeerConnections whose media passes one socket, and which log
// nothing.
func peerAPI(conn net.PacketConn) *webrtc.API {
	settings := webrtc.SettingEngine{}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	settings.LoggerFactory = quiet
	settings.SetICEUDPMux(ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Logger: quiet.NewLogger("ice")}))
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings))
}

// count counts a track's packets until it ends.
func (p *whipPeer) count(track *webrtc.TrackRemote) {
	for {
		if _, _, err := track.ReadRTP(); err != nil {
			return
		}
		p.received.Add(1)
	}
}

// offer is an offer without candidates, which the peer keeps as its own.
func (p *whipPeer) offer(options *webrtc.OfferOptions) string {
	p.t.Helper()
	offer, err := p.peer.CreateOffer(options)
	check(p.t, err)
	gathered := webrtc.GatheringCompletePromise(p.peer)
	check(p.t, p.peer.SetLocalDescription(offer))
	<-gathered
	return offer.SDP
}

// post opens the session at an endpoint.
func (p *whipPeer) post(endpoint string) {
	p.t.Helper()
	created := exchange(p.t, "POST", endpoint, p.offer(nil), "Content-Type: application/sdp", "Authorization: Bearer "+p.key)
	if created.status != http.StatusCreated {
		p.t.Fatalf("POST %s: %d: %s", endpoint, created.status, created.body)
	}
	base, err := url.Parse(endpoint)
	check(p.t, err)
	location, err := base.Parse(created.header.Get("Location"))
	check(p.t, err)
	p.session, p.etag, p.answer = location.String(), created.header.Get("ETag"), created.body
	check(p.t, p.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: p.answer}))
}

// join is post, and returns once the media path is there.
func (p *whipPeer) join(endpoint string) *whipPeer {
	p.t.Helper()
	p.post(endpoint)
	select {
	case <-p.connected:
	case <-time.After(patience):
		p.t.Fatalf("%s does not connect", endpoint)
	}
	return p
}

// patch sends a fragment of SDP to the session.
func (p *whipPeer) patch(fragment, ifMatch string) reply {
	p.t.Helper()
	return exchange(p.t, "PATCH", p.session, fragment, "Content-Type: application/trickle-ice-sdpfrag", "If-Match: "+ifMatch)
}

var (
	ufragLine = regexp.MustCompile(`a=ice-ufrag:(\S+)`)
	pwdLine   = regexp.MustCompile(`a=ice-pwd:(\S+)`)
)

// restart restarts ICE: the session's answer goes on with the credentials that
// came back.
func (p *whipPeer) restart() {
	p.t.Helper()
	offer := p.offer(&webrtc.OfferOptions{ICERestart: true})
	restarted := p.patch(fragment(ufragLine.FindStringSubmatch(offer)[1], pwdLine.FindStringSubmatch(offer)[1]), `"*"`)
	if restarted.status != http.StatusOK || restarted.header.Get("ETag") == p.etag {
		p.t.Fatalf("a restart: %d, ETag %s after %s: %s", restarted.status, restarted.header.Get("ETag"), p.etag, restarted.body)
	}
	p.etag = restarted.header.Get("ETag")
	p.answer = ufragLine.ReplaceAllString(p.answer, ufragLine.FindString(restarted.body))
	p.answer = pwdLine.ReplaceAllString(p.answer, pwdLine.FindString(restarted.body))
	check(p.t, p.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: p.answer}))
}

// fragment is a body of PATCH (RFC 8840 section 4.4). Candidates are attribute lines.
func fragment(ufrag, pwd string, candidates ...string) string {
	lines := append([]string{
		"a=group:BUNDLE 0 1", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:0",
		"a=ice-ufrag:" + ufrag, "a=ice-pwd:" + pwd,
	}, candidates...)
	return strings.Join(lines, "\r\n") + "\r\n"
}

// close ends the client without DELETE.
func (p *whipPeer) close() {
	_ = p.peer.Close()
	_ = p.media.Close()
}

// publishOverWHIP is a WHIP publisher that sends small VP8 key frames until the
// test ends. Its room is live.
func publishOverWHIP(t *testing.T, endpoint string) *whipPeer {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "screen")
	check(t, err)
	p := newWhipPeer(t, track).join(endpoint)
	stop := make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() { sendFrames(track, stop) })
	t.Cleanup(func() {
		close(stop)
		sender.Wait()
	})
	room := strings.Replace(endpoint, "/whip/", "/api/rooms/", 1)
	waitFor(t, "the room to be live", func() bool {
		return strings.Contains(exchange(t, "GET", room, "").body, `"state":"live"`)
	})
	return p
}
