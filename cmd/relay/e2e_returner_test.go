package main

import (
	"context"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// returner is a viewer outside a browser that comes back as the page does: after
// what the relay's bye said, or after the page's own back-off.
type returner struct {
	url   string
	media net.PacketConn // nil: it joins, and does not watch

	newest atomic.Int64 // when its newest packet of media came, in Unix nanoseconds

	// owned by run
	resume   string
	hold     time.Duration // that the relay asked for
	attempts int           // since it was joined last
	peer     *webrtc.PeerConnection
	joins    *arrivals
}

// arrivals notes when somebody joined.
type arrivals struct {
	mu    sync.Mutex
	times []time.Time // guarded by mu
}

func (a *arrivals) note() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times = append(a.times, time.Now())
}

// busiest is the most joins in any second after a time, and how many there were.
func (a *arrivals) busiest(after time.Time) (most, all int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.SortFunc(a.times, time.Time.Compare)
	later := a.times
	for len(later) > 0 && later[0].Before(after) {
		later = later[1:]
	}
	first := 0
	for i, at := range later {
		for at.Sub(later[first]) >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most, len(later)
}

// startReturners has so many watch until the test ends.
func startReturners(t *testing.T, url string, count int) (viewers []*returner, joins *arrivals) {
	t.Helper()
	for range count {
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		check(t, err)
		viewers = append(viewers, &returner{url: url, media: conn})
	}
	return viewers, start(t, viewers)
}

// start has them come, and come back, until the test ends.
func start(t *testing.T, viewers []*returner) (joins *arrivals) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() { stop(); running.Wait() })
	joins = &arrivals{}
	for _, v := range viewers {
		v.joins = joins
		running.Go(func() { v.run(ctx) })
	}
	return joins
}

// run watches until ctx ends.
func (v *returner) run(ctx context.Context) {
	var mux ice.UDPMux
	if v.media != nil {
		defer v.media.Close()
		mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: v.media, Logger: silent().NewLogger("ice")})
		defer mux.Close()
	}
	for ctx.Err() == nil {
		v.visit(ctx, mux)
		v.hangUp()
		select {
		case <-ctx.Done():
		case <-time.After(v.pause()):
		}
	}
}

// pause is the page's wait before its next attempt (signaling.js, backoff.js): it is
// for less than 30 s without a relay.
func (v *returner) pause() time.Duration {
	backoff := min(time.Second, time.Duration(300*math.Pow(1.6, float64(v.attempts)))*time.Millisecond)
	backoff = time.Duration(float64(backoff) * (0.7 + 0.6*rand.Float64()))
	v.attempts++
	wait := max(v.hold, backoff)
	v.hold = 0
	return wait
}

func (v *returner) hangUp() {
	if v.peer != nil {
		_ = v.peer.Close()
		v.peer = nil
	}
}

// visit is one socket from its beginning to its end.
func (v *returner) visit(ctx context.Context, mux ice.UDPMux) {
	socket, _, err := websocket.DefaultDialer.DialContext(ctx, v.url, nil)
	if err != nil {
		return
	}
	defer socket.Close()
	defer context.AfterFunc(ctx, func() { _ = socket.Close() })()
	if socket.WriteJSON(map[string]any{"type": "join", "resume": v.resume}) != nil {
		return
	}
	for {
		var m struct {
			Type, Resume, SDP string
			RetryAfter        float64
		}
		if socket.ReadJSON(&m) != nil {
			return
		}
		switch m.Type {
		case "welcome":
			v.joins.note()
			v.resume, v.hold, v.attempts = m.Resume, 0, 0
			if mux != nil {
				err = v.offer(socket, mux)
			}
		case "answer":
			err = v.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: m.SDP})
		case "ping":
			err = socket.WriteJSON(map[string]string{"type": "pong"})
		case "bye", "error":
			v.hold = time.Duration(m.RetryAfter * float64(time.Second))
		}
		if err != nil {
			return
		}
	}
}

func (v *returner) offer(socket *websocket.Conn, mux ice.UDPMux) (err error) {
	settings := webrtc.SettingEngine{}
	settings.LoggerFactory = silent()
	settings.SetICEUDPMux(mux)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	v.hangUp()
	if v.peer, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{}); err != nil {
		return err
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		if _, err := v.peer.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			return err
		}
	}
	v.peer.OnTrack(v.watch)
	offer, err := v.peer.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(v.peer)
	if err := v.peer.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	return socket.WriteJSON(map[string]string{"type": "offer", "sdp": v.peer.LocalDescription().SDP})
}

func (v *returner) watch(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	buffer := make([]byte, 1500)
	for {
		if _, _, err := track.Read(buffer); err != nil {
			return
		}
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			v.newest.Store(time.Now().UnixNano())
		}
	}
}

// watchesSince is true once media has come after a time.
func (v *returner) watchesSince(at time.Time) bool { return v.newest.Load() > at.UnixNano() }

// silent keeps Pion's own words out of a test's.
func silent() *logging.DefaultLoggerFactory {
	factory := logging.NewDefaultLoggerFactory()
	factory.DefaultLogLevel = logging.LogLevelDisabled
	return factory
}

// awaitReturn waits for media at every viewer after a time, and returns how long the
// last of them took.
func awaitReturn(t *testing.T, viewers []*returner, at time.Time) (took time.Duration) {
	t.Helper()
	for _, v := range viewers {
		waitFor(t, "a viewer to come back", func() bool { return v.watchesSince(at) })
		took = max(took, time.Since(at))
	}
	return took
}
