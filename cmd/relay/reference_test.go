package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// referenceArgument makes a test binary serve as the reference instead of testing;
// the token is the next argument.
const referenceArgument = "serve-as-reference"

// reference is the plain Pion fan-out that the relay is measured against: a
// TrackLocalStaticRTP for each kind that all viewers share, with Pion's default
// codecs and interceptors. What is not fan-out is as the relay has it: one UDP
// socket with 4 MB of buffers, the SRTP profile, one certificate, loopback
// candidates. Its URLs are its own, and its Location is relative.
type reference struct {
	mux         ice.UDPMux
	certificate webrtc.Certificate
	token       string // "" for none

	mu        sync.Mutex // guards what follows
	tracks    []*webrtc.TrackLocalStaticRTP
	peers     map[string]*webrtc.PeerConnection // by id
	next      int
	asked     time.Time // when a key frame was asked for last
	publisher *webrtc.PeerConnection
	videoSSRC uint32
}

// serveReference serves on a port of its own, says which, and does not return.
// Who has another token than this is refused, unless it is empty.
func serveReference(token string) error {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	_ = socket.SetReadBuffer(4 << 20)
	_ = socket.SetWriteBuffer(4 << 20)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	r := &reference{
		mux:         ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: socket}),
		certificate: *certificate,
		token:       token,
		peers:       map[string]*webrtc.PeerConnection{},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintf(os.Stdout, "listening on %s\n", listener.Addr())
	return (&http.Server{Handler: r.routes(), ReadHeaderTimeout: time.Minute}).Serve(listener)
}

func (r *reference) routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("POST /in/live", r.create(r.publish))
	routes.HandleFunc("POST /out/live", r.create(r.subscribe))
	routes.HandleFunc("DELETE /session/{id}", r.remove)
	routes.HandleFunc("GET /sessions", r.count)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.token != "" && req.Header.Get("Authorization") != "Bearer "+r.token {
			http.Error(w, "a token is missing", http.StatusUnauthorized)
			return
		}
		routes.ServeHTTP(w, req)
	})
}

// count says how many sessions there are.
func (r *reference) count(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprint(w, len(r.peers))
}

func (r *reference) create(prepare func(*webrtc.PeerConnection) error) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		offer, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 1<<18))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		id, answer, err := r.answer(string(offer), prepare)
		switch {
		case errors.Is(err, errNobodyPresents):
			w.Header().Set("Retry-After", "1")
			http.Error(w, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			w.Header().Set("Content-Type", "application/sdp")
			w.Header().Set("Location", "../session/"+id)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, answer)
		}
	}
}

func (r *reference) answer(offer string, prepare func(*webrtc.PeerConnection) error) (id, answer string, err error) {
	pc, err := r.newPeer()
	if err != nil {
		return "", "", err
	}
	defer func() {
		if err != nil {
			_ = pc.Close()
		}
	}()
	if err := prepare(pc); err != nil {
		return "", "", err
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", "", fmt.Errorf("take the offer: %w", err)
	}
	local, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", "", fmt.Errorf("make an answer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(local); err != nil {
		return "", "", fmt.Errorf("set the answer: %w", err)
	}
	<-gathered
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	id = strconv.Itoa(r.next)
	r.peers[id] = pc
	return id, pc.LocalDescription().SDP, nil
}

func (r *reference) newPeer() (*webrtc.PeerConnection, error) {
	engine := &webrtc.MediaEngine{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return nil, fmt.Errorf("register codecs: %w", err)
	}
	interceptors := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(engine, interceptors); err != nil {
		return nil, fmt.Errorf("register interceptors: %w", err)
	}
	var settings webrtc.SettingEngine
	settings.SetICEUDPMux(r.mux)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(interceptors), webrtc.WithSettingEngine(settings))
	return api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{r.certificate}})
}

// publish forwards what comes of each kind to one track.
func (r *reference) publish(pc *webrtc.PeerConnection) error {
	pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		local, err := webrtc.NewTrackLocalStaticRTP(remote.Codec().RTPCodecCapability, remote.Kind().String(), "live")
		if err != nil {
			return
		}
		r.mu.Lock()
		r.tracks = append(r.tracks, local)
		if remote.Kind() == webrtc.RTPCodecTypeVideo {
			r.publisher, r.videoSSRC = pc, uint32(remote.SSRC())
		}
		r.mu.Unlock()
		for {
			packet, _, err := remote.ReadRTP()
			if err != nil {
				return
			}
			_ = local.WriteRTP(packet) // a viewer that went is no reason to stop
		}
	})
	return nil
}

var errNobodyPresents = errors.New("nobody presents")

// subscribe adds the tracks of both kinds; every viewer's requests for a key frame
// go to the publisher, at most one in 500 ms.
func (r *reference) subscribe(pc *webrtc.PeerConnection) error {
	r.mu.Lock()
	tracks := r.tracks
	r.mu.Unlock()
	if len(tracks) < 2 {
		return errNobodyPresents
	}
	for _, track := range tracks {
		sender, err := pc.AddTrack(track)
		if err != nil {
			return fmt.Errorf("add a track: %w", err)
		}
		go r.listen(sender)
	}
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			r.askKeyFrame()
		}
	})
	return nil
}

// listen reads a viewer's reports, as the interceptors see only what is read.
func (r *reference) listen(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			if _, ok := packet.(*rtcp.PictureLossIndication); ok {
				r.askKeyFrame()
			}
		}
	}
}

func (r *reference) askKeyFrame() {
	r.mu.Lock()
	publisher, ssrc, soon := r.publisher, r.videoSSRC, time.Since(r.asked) < 500*time.Millisecond
	if !soon {
		r.asked = time.Now()
	}
	r.mu.Unlock()
	if publisher != nil && !soon {
		_ = publisher.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}})
	}
}

func (r *reference) remove(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	pc, ok := r.peers[req.PathValue("id")]
	delete(r.peers, req.PathValue("id"))
	r.mu.Unlock()
	if !ok {
		http.NotFound(w, req)
		return
	}
	_ = pc.Close()
}

// referenceProcess is a reference in a process of its own.
type referenceProcess struct {
	cmd   *exec.Cmd
	site  string
	token string
}

func startReference(t testing.TB, token string) *referenceProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &referenceProcess{cmd: exec.Command(self, referenceArgument, token), token: token}
	p.cmd.Stderr = os.Stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	var address string
	if _, err := fmt.Fscanf(stdout, "listening on %s\n", &address); err != nil {
		t.Fatal(err)
	}
	p.site = "http://" + address
	return p
}

// stop ends the process; it may have ended already.
func (p *referenceProcess) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *referenceProcess) url(path string) string { return p.site + path }

func (p *referenceProcess) pid() string { return strconv.Itoa(p.cmd.Process.Pid) }

// sessions is how many there are.
func (p *referenceProcess) sessions(t testing.TB) (n int) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, p.url("/sessions"), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := fmt.Fscan(response.Body, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
