package broadcast

import (
	"bytes"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/pion/webrtc/v4"

	"relay/broadcast/udp"
)

const askers = "a secret of the asker's own"

func askFor(t *testing.T, relay *Relay, secret string) RequestState {
	t.Helper()
	state, err := relay.Ask("math", secret, "Bob")
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// grant answers the only request.
func grant(t *testing.T, relay *Relay, yes bool) {
	t.Helper()
	requests := relay.People("math").Requests
	if len(requests) != 1 || requests[0].Name != "Bob" {
		t.Fatalf("asked for by %+v", requests)
	}
	if !relay.Answer("math", requests[0].ID, yes) {
		t.Fatal("the request was not answered")
	}
}

func isLive(relay *Relay) func() bool {
	return func() bool { return relay.Room("math").State == StateLive }
}

// Viewers see one continuous stream, whoever presents.
func TestHandOver(t *testing.T) {
	relay := newTestRelay(t)
	var viewers []*viewer
	for range 10 {
		viewers = append(viewers, newViewer(t, relay, nil, "math"))
	}
	for _, v := range viewers {
		v.awaitConnected()
	}
	first := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "live", isLive(relay))
	since := relay.Room("math").Since
	first.frame(true, 3)
	first.frame(false, 3)
	for _, v := range viewers {
		v.awaitPackets(6)
	}
	if state := askFor(t, relay, askers); state != RequestWaiting || relay.Room("math").Requests != 1 {
		t.Fatalf("it is %v, and %d ask", state, relay.Room("math").Requests)
	}
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: askers}); AsError(err).Code != CodeRoomBusy {
		t.Fatalf("before it is granted: %v", err)
	}
	grant(t, relay, true)
	if state := askFor(t, relay, askers); state != RequestGranted || relay.Room("math").Requests != 0 {
		t.Fatalf("it is %v, and %d ask", state, relay.Room("math").Requests)
	}
	first.frame(false, 3) // until the other offers, the presentation goes on
	for _, v := range viewers {
		v.awaitPackets(9)
	}
	second := newPublisher(t, relay, nil, "math", askers, webrtc.MimeTypeH264)
	await(t, first.session.Gone(), "end of the first presenter")
	if !errors.Is(first.session.Cause(), ErrHandedOver) {
		t.Errorf("it ended with %v", first.session.Cause())
	}
	second.frame(true, 3)
	second.frame(false, 3)
	for _, v := range viewers {
		got := v.awaitPackets(15)
		contiguous(t, got)
		if v.pc.ConnectionState() != webrtc.PeerConnectionStateConnected || v.session.Cause() != nil {
			t.Errorf("a viewer is %v, its session ended with %v", v.pc.ConnectionState(), v.session.Cause())
		}
	}
	eventually(t, "live with the second", isLive(relay))
	if state := relay.Room("math"); state.Requests != 0 || !state.Since.Equal(since) {
		t.Errorf("after all it is %+v, since %v before", state, since)
	}
	// The former presenter is a stranger now, and the secret opens nothing any more.
	for who, token := range map[string]string{"the former presenter": first.session.Token(), "the secret": askers} {
		if _, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: token}); AsError(err).Code != CodeRoomBusy {
			t.Errorf("%s: %v", who, err)
		}
		if relay.Presents("math", token) {
			t.Errorf("%s presents", who)
		}
	}
	if !relay.Presents("math", second.session.Token()) || relay.Presents("math", "") || relay.Presents("art", second.session.Token()) {
		t.Error("who presents is not known")
	}
}

// A presenter whose page is just being loaded again is told that the room was handed
// over, and not that it is busy, as somebody who may try again.
func TestHandOverWhileReplaced(t *testing.T) {
	relay := newTestRelay(t)
	first := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "live", isLive(relay))
	next, err := first.session.Replace()
	if err != nil {
		t.Fatal(err)
	}
	askFor(t, relay, askers)
	grant(t, relay, true)
	second := newPublisher(t, relay, nil, "math", askers, webrtc.MimeTypeVP8)
	if _, err := next.Offer(first.pc.LocalDescription().SDP); !errors.Is(err, ErrHandedOver) {
		t.Errorf("its offer: %v", err)
	}
	if second.session.Cause() != nil || !relay.Presents("math", second.session.Token()) {
		t.Errorf("the heir has lost the room: %v", second.session.Cause())
	}
	next.Close(ErrLeft)
}

// The one who was granted the room may come in pieces: a page that loads again before
// it offered, with the token of its welcome, or with the secret again.
func TestHeirComesAgain(t *testing.T) {
	relay := newTestRelay(t)
	newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	askFor(t, relay, askers)
	grant(t, relay, true)
	token := askers
	for range 3 {
		s, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		token = s.Token()
		s.Detach()
		await(t, s.Gone(), "out of the room")
	}
	s, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: askers})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: s.Token()}); err != nil || again != s {
		t.Fatalf("resumed: %v", err)
	}
	if _, err := s.Offer(gstreamerVideo); err != nil {
		t.Errorf("its offer: %v", err)
	}
}

// A room that is away goes to whom it is granted, and then no more to who left it.
func TestHandOverOfARoomThatIsAway(t *testing.T) {
	relay := newTestRelay(t)
	first := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "live", isLive(relay))
	token := first.session.Token()
	first.session.Close(ErrSilent)
	await(t, first.session.Gone(), "end of the first presenter")
	if !relay.Presents("math", token) {
		t.Error("who is expected back does not present")
	}
	if state := askFor(t, relay, askers); state != RequestWaiting {
		t.Errorf("it is %v", state)
	}
	grant(t, relay, true)
	newPublisher(t, relay, nil, "math", askers, webrtc.MimeTypeVP8)
	eventually(t, "live with the second", isLive(relay))
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: token}); AsError(err).Code != CodeRoomBusy {
		t.Errorf("the first comes back: %v", err)
	}
}

// When nobody presents any more, a room is anybody's, whoever asked.
func TestPresenterLeavesWhileAsked(t *testing.T) {
	relay := newTestRelay(t)
	if state := askFor(t, relay, askers); state != RequestFree || relay.Stats().Rooms != 0 {
		t.Errorf("an empty room is %v; there are %d", state, relay.Stats().Rooms)
	}
	newViewer(t, relay, nil, "math")
	first := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	askFor(t, relay, askers)
	first.session.Close(ErrLeft)
	await(t, first.session.Gone(), "end of the presenter")
	if state := askFor(t, relay, askers); state != RequestFree || len(relay.People("math").Requests) != 0 {
		t.Errorf("it is %v", state)
	}
	newPublisher(t, relay, nil, "math", askers, webrtc.MimeTypeVP8)
}

func TestDeclinedAndWithdrawn(t *testing.T) {
	relay := newTestRelay(t)
	newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	askFor(t, relay, askers)
	id := relay.People("math").Requests[0].ID
	grant(t, relay, false)
	for range 2 {
		if state := askFor(t, relay, askers); state != RequestDeclined {
			t.Errorf("it is %v", state)
		}
	}
	if relay.Answer("math", id, true) || relay.Answer("art", id, true) || relay.Answer("math", "other", true) {
		t.Error("a request that is not there was answered")
	}
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: askers}); AsError(err).Code != CodeRoomBusy {
		t.Errorf("the declined one comes: %v", err)
	}
	const other = "another secret, another wish"
	askFor(t, relay, other)
	grant(t, relay, true)
	relay.Withdraw("math", other)
	relay.Withdraw("art", other)
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: other}); AsError(err).Code != CodeRoomBusy {
		t.Errorf("one who took it back comes: %v", err)
	}
}

func TestEndForAll(t *testing.T) {
	relay := newTestRelay(t)
	relay.EndForAll("math")
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	eventually(t, "live", isLive(relay))
	waiting, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: p.session.Token()})
	if err != nil || waiting != p.session {
		t.Fatal("the presenter does not resume: ", err)
	}
	token := p.session.Token()
	relay.EndForAll("math")
	if state := relay.Room("math").State; state != StateIdle {
		t.Errorf("the room is %v", state)
	}
	for _, s := range []*Session{p.session, v.session} {
		await(t, s.Gone(), "out of the room")
		if !errors.Is(s.Cause(), ErrEnded) {
			t.Errorf("it ended with %v", s.Cause())
		}
	}
	if relay.Presents("math", token) || relay.Stats().Rooms != 0 {
		t.Errorf("the room is held for who presented; there are %d", relay.Stats().Rooms)
	}

	// So it is where the presenter is away.
	p = newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "live again", isLive(relay))
	p.session.Close(ErrSilent)
	await(t, p.session.Gone(), "out of the room")
	relay.EndForAll("math")
	if relay.Stats().Rooms != 0 {
		t.Error("a room that was held is still there")
	}
}

// The end for all is that of a presenter, too, whose page is just being loaded again.
func TestEndForAllWhileReplaced(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "live", isLive(relay))
	next, err := p.session.Replace()
	if err != nil {
		t.Fatal(err)
	}
	relay.EndForAll("math")
	await(t, next.Gone(), "out of the room")
	await(t, p.session.Gone(), "out of the room, too")
	if !errors.Is(next.Cause(), ErrEnded) {
		t.Errorf("it ended with %v", next.Cause())
	}
	if _, err := next.Offer(p.pc.LocalDescription().SDP); !errors.Is(err, ErrEnded) || relay.Stats().Rooms != 0 {
		t.Errorf("its offer: %v; there are %d rooms", err, relay.Stats().Rooms)
	}
}

// What opens a room is in no line of the log.
func TestSecretsAreNotLogged(t *testing.T) {
	var log lockedBuffer
	conn, err := udp.Listen(netip.AddrPortFrom(loopback, 0))
	if err != nil {
		t.Fatal(err)
	}
	relay, err := New(Config{
		Conn: conn, Addresses: func() []netip.Addr { return nil },
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	first := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	askFor(t, relay, askers)
	grant(t, relay, true)
	second := newPublisher(t, relay, nil, "math", askers, webrtc.MimeTypeVP8)
	await(t, first.session.Gone(), "end of the first presenter")
	if err := relay.Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{askers, first.session.Token(), second.session.Token()} {
		if strings.Contains(log.String(), s) {
			t.Errorf("the log has %q", s)
		}
	}
	if !strings.Contains(log.String(), "handed over") {
		t.Error("the log does not say why the first presentation ended")
	}
}

// lockedBuffer is written by many goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
