package broadcast

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// contiguous fails unless numbers go up by one and timestamps never go down.
func contiguous(t *testing.T, packets []*rtp.Packet) {
	t.Helper()
	for i := 1; i < len(packets); i++ {
		if step := packets[i].SequenceNumber - packets[i-1].SequenceNumber; step != 1 {
			t.Fatalf("packet %d: number steps by %d", i, step)
		}
		if step := int32(packets[i].Timestamp - packets[i-1].Timestamp); step < 0 {
			t.Fatalf("packet %d: timestamp steps back by %d", i, -step)
		}
	}
}

func TestPublisherWithAnotherCodecTakesOver(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	first := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	first.frame(true, 3)
	first.frame(false, 3)
	v.awaitPackets(6)

	for i, mime := range []string{webrtc.MimeTypeH264, webrtc.MimeTypeVP9, webrtc.MimeTypeAV1, webrtc.MimeTypeVP8} {
		next := newPublisher(t, relay, nil, "math", first.session.Token(), mime)
		if next.session == first.session {
			t.Fatal("another PeerConnection got the old session")
		}
		first.frame(true, 3) // refused from the take-over on
		next.frame(true, 3)
		next.frame(false, 3)
		got := v.awaitPackets(6 * (i + 2))
		contiguous(t, got)
		for n, packet := range got[6*(i+1):] {
			if counterOf(packet) != uint32(n+1) {
				t.Fatalf("after take-over %d: packet %d carries %d", i, n, counterOf(packet))
			}
		}
		await(t, first.session.Done(), "end of the replaced session")
		if !errors.Is(first.session.Cause(), ErrReplaced) {
			t.Errorf("replaced session ended with %v", first.session.Cause())
		}
		first = next
	}
	if v.pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
		t.Error("the viewer is", v.pc.ConnectionState())
	}
}

func TestRoomIsHeldForItsPresenter(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "live", func() bool { return relay.Room("math").State == StateLive })
	_, err := relay.Publish(Join{Room: "math", Remote: loopback})
	if busy := AsError(err); busy.Code != CodeRoomBusy || busy.Since.IsZero() {
		t.Errorf("a stranger is told %v", err)
	}
	token := p.session.Token()
	_ = p.pc.GracefulClose() // a closed page
	p.session.Detach()
	eventually(t, "away", func() bool { return relay.Room("math").State == StateAway })
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback}); AsError(err).Code != CodeRoomBusy {
		t.Errorf("a stranger is told %v while the presenter is away", err)
	}
	back, err := relay.Publish(Join{Room: "math", Token: token, Remote: loopback})
	if err != nil {
		t.Fatal("the presenter can't come back: ", err)
	}
	if back.Token() == token {
		t.Error("the token stayed the same")
	}
	if _, err := relay.Publish(Join{Room: "math", Token: token, Remote: loopback}); AsError(err).Code != CodeRoomBusy {
		t.Errorf("an old token still takes the room: %v", err)
	}
	back.Close(ErrLeft)
	eventually(t, "idle", func() bool { return relay.Room("math").State == StateIdle })
}

func TestOfferOfAnotherPeerConnection(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	reloaded := newClient(t, newClientAPI(t, clientOn(nil), webrtc.MimeTypeVP8, webrtc.MimeTypeOpus))
	for _, track := range []*webrtc.TrackLocalStaticRTP{p.video, p.audio} {
		if _, err := reloaded.pc.AddTrack(track); err != nil {
			t.Fatal(err)
		}
	}
	offer := reloaded.offer(false)
	if _, err := p.session.Offer(offer); !errors.Is(err, ErrNewPeer) {
		t.Fatalf("another PeerConnection's offer: %v", err)
	}
	id, token := p.session.ID(), p.session.Token()
	next, err := p.session.Replace()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next.Offer(offer); err != nil {
		t.Fatal(err)
	}
	if next.ID() != id || next.Token() != token {
		t.Error("the session's place has another ID or token")
	}
	await(t, p.session.Done(), "end of the replaced session")
}

// A peer whose JavaScript is frozen still answers; one whose process is gone
// does not.
func TestDetach(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	eventually(t, "the viewer counts", func() bool { return relay.Room("math").Viewers == 1 })
	v.session.Detach()
	if !v.session.answers() {
		t.Error("a living peer does not answer")
	}
	if relay.Room("math").Viewers != 1 {
		t.Error("a living viewer no longer counts after its socket closed")
	}
	_ = v.pc.GracefulClose()
	gone := time.Now()
	v.session.Detach()
	eventually(t, "the dead viewer does not count", func() bool { return relay.Room("math").Viewers == 0 })
	if took := time.Since(gone); took > time.Second {
		t.Errorf("it took %v to notice", took)
	}
	abandoned, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	abandoned.Detach()
	await(t, abandoned.Done(), "end of a session that had no media")
}

// A presenter who comes back at the last moment is not ended by the old hold.
func TestHoldEndsWithTheReturn(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "live", func() bool { return relay.Room("math").State == StateLive })
	p.session.down()
	back := newClient(t, newClientAPI(t, clientOn(nil), webrtc.MimeTypeVP8, webrtc.MimeTypeOpus))
	if _, err := back.pc.AddTrack(p.video); err != nil {
		t.Fatal(err)
	}
	next, err := p.session.Replace()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next.Offer(back.offer(false)); err != nil {
		t.Fatal(err)
	}
	next.room.expire() // the timer that was running
	if next.Cause() != nil || relay.Room("math").State != StateAway {
		t.Errorf("the new session ended with %v, the room is %v", next.Cause(), relay.Room("math").State)
	}
	if next.replaces != nil {
		t.Error("the replaced session is kept in memory")
	}
	next.Close(ErrNeverConnected)
	eventually(t, "the room is held again", func() bool {
		relay.mu.Lock()
		defer relay.mu.Unlock()
		return next.room.hold != secret{}
	})
	next.room.expire()
	if state := relay.Room("math"); state.State != StateIdle {
		t.Errorf("the room is %v when nobody came back", state.State)
	}
}

// Nothing of a presentation whose presenter fell silent for good goes on.
func TestExpiredPresentationStops(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 2)
	v.awaitPackets(2)
	p.session.down()
	p.session.room.expire()
	await(t, p.session.Done(), "end of the silent session")
	room := p.session.room
	room.video.mu.Lock()
	defer room.video.mu.Unlock()
	if room.video.source != nil {
		t.Error("the dead track is still the source")
	}
}

// A session that ends while it connects leaves nothing in the fan-out.
func TestEndWhileConnecting(t *testing.T) {
	relay := newTestRelay(t)
	keep, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		s, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
		if err != nil {
			t.Fatal(err)
		}
		s.downs.Store(&[]*DownTrack{newDownTrack(s, kindVideo)})
		var both sync.WaitGroup
		both.Go(s.up)
		both.Go(func() { s.Close(ErrLeft) })
		both.Wait()
	}
	eventually(t, "all have ended", func() bool { return relay.Stats().Viewers == 1 })
	eventually(t, "the fan-out is empty", func() bool {
		keep.room.video.mu.Lock()
		defer keep.room.video.mu.Unlock()
		return keep.room.video.audience.size() == 0
	})
}

// Nobody can come back to the presentation of an encoder whose session ended:
// the room is free at once, but not while the session is silent.
func TestFinal(t *testing.T) {
	relay := newTestRelay(t)
	p := publish(t, relay, nil, Join{Room: "math", Remote: loopback, Final: true}, webrtc.MimeTypeVP8)
	eventually(t, "live", func() bool { return relay.Room("math").State == StateLive })
	p.session.down()
	if state := relay.Room("math").State; state != StateAway {
		t.Errorf("the room of a silent encoder is %v", state)
	}
	p.session.Close(ErrFlood)
	await(t, p.session.Gone(), "out of the room")
	if state := relay.Room("math").State; state != StateIdle {
		t.Errorf("the room of an encoder that is gone is %v", state)
	}
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback}); err != nil {
		t.Errorf("the next one is told %v", err)
	}
}
