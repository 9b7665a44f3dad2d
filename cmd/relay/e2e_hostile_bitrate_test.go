package main

import (
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// TestPresenterOverItsBitrateIsTold: why its session ends, before it does.
func TestPresenterOverItsBitrateIsTold(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t, "--max-bitrate", "1")
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "screen")
	check(t, err)
	presenter := newClient(t, "ws://localhost:"+r.port+"/ws/push/main", track)
	began := time.Now()
	var sender sync.WaitGroup
	sender.Go(func() { sendTooMuch(track, presenter.frozen) })
	if said := presenter.await("error"); said.Code != "rate-limited" || said.Reason != "too-much" {
		t.Errorf("it is told %+v", said)
	}
	if bye := presenter.await("bye"); bye.Reason != "too-much" {
		t.Errorf("it ends with %+v", bye)
	}
	took := time.Since(began)
	presenter.close()
	sender.Wait()
	figure(t, "access-6: a presenter who sends 3.2 Mbit/s where 1 is allowed is told so, and ended after %.1f s", took.Seconds())
}

// sendTooMuch sends 3.2 Mbit/s.
func sendTooMuch(track *webrtc.TrackLocalStaticRTP, stop <-chan struct{}) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	packet := &rtp.Packet{Header: rtp.Header{Version: 2, Marker: true}, Payload: make([]byte, 1000)}
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for range 4 {
			packet.SequenceNumber++
			packet.Timestamp += 900
			_ = track.WriteRTP(packet) // the session may have ended
		}
	}
}
