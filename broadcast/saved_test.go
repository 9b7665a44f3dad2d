package broadcast

import (
	"crypto/sha256"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"relay/broadcast/udp"
)

// restarted is a relay that has the rooms of another.
func restarted(t *testing.T, rooms []Saved) *Relay {
	t.Helper()
	conn, err := udp.Listen(netip.AddrPortFrom(loopback, 0))
	if err != nil {
		t.Fatal(err)
	}
	relay, err := New(Config{Conn: conn, Addresses: func() []netip.Addr { return nil }, Log: slog.New(slog.DiscardHandler), Rooms: rooms})
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

// TestRoomsOutliveTheRelay: a presenter gets the room back in the next process, by the token of
// the last, and nobody else does.
func TestRoomsOutliveTheRelay(t *testing.T) {
	before := newTestRelay(t)
	p := newPublisher(t, before, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "a live room", func() bool { return before.Room("math").State == StateLive })
	publish(t, before, nil, Join{Room: "obs", Remote: loopback, Final: true}, webrtc.MimeTypeVP8)
	eventually(t, "another", func() bool { return before.Room("obs").State == StateLive })
	saved := before.Save()
	if len(saved) != 1 || saved[0].Room != "math" || saved[0].Hold != sha256.Sum256([]byte(p.session.Token())) {
		t.Fatalf("saved are %+v", saved)
	}

	after := restarted(t, saved)
	if state := after.Room("math"); state.State != StateAway || !state.Since.Equal(before.Room("math").Since) {
		t.Errorf("the room is %+v", state)
	}
	if again := after.Save(); len(again) != 1 || again[0].Hold != saved[0].Hold || !again[0].Since.Equal(saved[0].Since) {
		t.Errorf("saved again are %+v", again)
	}
	for _, token := range []string{"", "guess", string(saved[0].Hold[:])} {
		_, err := after.Publish(Join{Room: "math", Remote: loopback, Token: token})
		refusedAs(t, err, CodeRoomBusy)
	}
	// The page joins, is loaded again, and joins by what it was told.
	joined, err := after.Publish(Join{Room: "math", Remote: loopback, Token: p.session.Token()})
	if err != nil {
		t.Fatal(err)
	}
	told := joined.Token()
	joined.Close(ErrAbandoned)
	<-joined.Gone()
	v := newViewer(t, after, nil, "math")
	back := newPublisher(t, after, nil, "math", told, webrtc.MimeTypeVP8)
	back.frame(true, 3)
	v.awaitPackets(3)
	if state := after.Room("math"); state.State != StateLive {
		t.Errorf("the room is %+v", state)
	}
}

// TestRulesOutliveTheRelay: a device that was in a locked room comes back, a stranger
// stays out, and rules without a presenter are forgotten when nobody comes.
func TestRulesOutliveTheRelay(t *testing.T) {
	before := newTestRelay(t)
	for _, device := range []string{"known-device-0001", "other-known-0001"} {
		if _, err := before.Subscribe(Join{Room: "math", Remote: loopback, Device: device}); err != nil {
			t.Fatal(err)
		}
	}
	before.Lock("math", true)
	before.LimitViewers("math", 7)
	saved := before.Save()
	if len(saved) != 1 || saved[0].held() {
		t.Fatalf("saved are %+v", saved)
	}
	after := restarted(t, saved)
	if rules, ok := after.Rules("math"); !ok || !rules.Locked || rules.MaxViewers != 7 || len(rules.Known) != 2 {
		t.Errorf("the rules are %+v", rules)
	}
	_, err := after.Subscribe(Join{Room: "math", Remote: loopback, Device: "other-device-0001"})
	refusedAs(t, err, CodeForbidden)
	s, err := after.Subscribe(Join{Room: "math", Remote: loopback, Device: "known-device-0001"})
	if err != nil {
		t.Fatal(err)
	}
	s.Close(ErrLeft)
	<-s.Gone()
	after.mu.Lock()
	room := after.rooms["math"]
	if room == nil || room.kept == nil {
		t.Error("the room is not kept")
	} else {
		room.kept.Stop()
		room.kept = nil
		room.release()
	}
	if len(after.rooms) != 0 {
		t.Error("the room is kept for ever")
	}
	after.mu.Unlock()
}

// TestNoRushAfterARestart: whoever watched comes back at the rate that joins may
// have, not in a rush; whoever presented does not wait.
func TestNoRushAfterARestart(t *testing.T) {
	relay := restarted(t, []Saved{{Room: "math", Since: time.Now(), Hold: sha256.Sum256([]byte("token"))}})
	relay.limits.JoinRate = 10
	in := 0
	for range 40 {
		if _, err := relay.Subscribe(Join{Room: "math", Remote: loopback}); err == nil {
			in++
		} else {
			refusedAs(t, err, CodeRateLimited)
		}
	}
	if in > 10 {
		t.Errorf("%d came in at once, of 10 a second", in)
	}
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: "token"}); err != nil {
		t.Error(err)
	}
}

// TestRoomsOfNobody: a room whose presenter does not come back is free after the
// time that any presenter has.
func TestRoomsOfNobody(t *testing.T) {
	saved := Saved{Room: "math", Since: time.Now(), Hold: sha256.Sum256([]byte("token"))}
	relay := restarted(t, []Saved{
		saved, saved, {Room: "no/name", Since: time.Now(), Hold: saved.Hold}, {Room: "free", Since: time.Now()}, {Room: strings.Repeat("a", 65)},
	})
	if live := relay.Live(); len(live) != 1 || live[0] != "math" {
		t.Errorf("rooms: %q", live)
	}
	relay.mu.Lock()
	room := relay.rooms["math"]
	armed := room.holdTimer != nil
	relay.mu.Unlock()
	if !armed {
		t.Fatal("it is held for ever")
	}
	room.expire()
	if stats := relay.Stats(); stats.Rooms != 0 {
		t.Errorf("%d rooms are left", stats.Rooms)
	}
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback}); err != nil {
		t.Error(err)
	}
}
