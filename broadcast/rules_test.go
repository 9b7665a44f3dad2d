package broadcast

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// wantReason fails unless err refuses somebody for the reason; "" is no refusal.
func wantReason(t *testing.T, who string, err error, reason string) {
	t.Helper()
	switch refused := AsError(err); {
	case reason == "" && err == nil:
	case reason == "" || err == nil || refused.Code != CodeForbidden || refused.Reason != reason:
		t.Errorf("%s: %v, want %q", who, err, reason)
	}
}

func subscribe(relay *Relay, device string) error {
	_, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Device: device})
	return err
}

func TestLock(t *testing.T) {
	relay := newTestRelay(t)
	if relay.Lock("math", true) {
		t.Error("a room that is not there was locked")
	}
	in, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Device: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	nameless, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	if !relay.Lock("math", true) || !relay.Room("math").Locked {
		t.Fatal("not locked")
	}
	wantReason(t, "a newcomer", subscribe(relay, "bob"), "locked")
	wantReason(t, "one without a device", subscribe(relay, ""), "locked")
	wantReason(t, "a device that was in the room", subscribe(relay, "ada"), "")
	if s, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Token: nameless.Token()}); err != nil || s != nameless {
		t.Errorf("one who resumes: %v", err)
	}
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback}); err != nil {
		t.Errorf("who presents: %v", err)
	}
	in.Close(ErrLeft)
	await(t, in.Gone(), "out of the room")
	wantReason(t, "the device again", subscribe(relay, "ada"), "")
	relay.Lock("math", false)
	wantReason(t, "a newcomer into the open room", subscribe(relay, "bob"), "")
	relay.Lock("math", true)
	wantReason(t, "who came in meanwhile", subscribe(relay, "bob"), "")
}

// Whoever is sent out of a locked room is a stranger to it.
func TestSentOutOfALockedRoom(t *testing.T) {
	relay := newTestRelay(t)
	keep, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	out, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Device: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	relay.Lock("math", true)
	if !relay.Remove("math", out.ID()) {
		t.Fatal("not removed")
	}
	wantReason(t, "at once", subscribe(relay, "ada"), "removed")
	relay.mu.Lock()
	keep.room.rules.removed = nil // as after a minute
	relay.mu.Unlock()
	wantReason(t, "after a minute", subscribe(relay, "ada"), "locked")
}

func TestBlock(t *testing.T) {
	relay := newTestRelay(t)
	stay := newViewer(t, relay, nil, "math")
	stay.awaitConnected()
	v := watch(t, relay, nil, Join{Room: "math", Remote: loopback, Device: "ada", Name: "Ada"})
	v.awaitConnected()
	token := v.session.Token()
	id, ok := relay.Block("math", v.session.ID())
	if !ok || id == "" {
		t.Fatal("not blocked")
	}
	await(t, v.session.Gone(), "out of the room")
	if !errors.Is(v.session.Cause(), ErrBlocked) {
		t.Errorf("it ended with %v", v.session.Cause())
	}
	wantReason(t, "the device", subscribe(relay, "ada"), "blocked")
	_, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Device: "ada", Token: token})
	wantReason(t, "the device with its old token", err, "blocked")
	_, err = relay.Publish(Join{Room: "math", Remote: loopback, Device: "ada"})
	wantReason(t, "the device, to present", err, "blocked")
	wantReason(t, "the device that calls itself otherwise", subscribe(relay, "adb"), "")
	if _, err := relay.Subscribe(Join{Room: "art", Remote: loopback, Device: "ada"}); err != nil {
		t.Errorf("the device in another room: %v", err)
	}
	if blocked := relay.People("math").Blocked; len(blocked) != 1 || blocked[0].Name != "Ada" || blocked[0].ID != id {
		t.Errorf("blocked are %+v", blocked)
	}
	if _, ok := relay.Block("math", v.session.ID()); ok {
		t.Error("who has left was blocked")
	}
	if relay.Unblock("math", "other") || relay.Unblock("art", id) || !relay.Unblock("math", id) || relay.Unblock("math", id) {
		t.Error("unblocked what was not, or did not what was")
	}
	wantReason(t, "the device after that", subscribe(relay, "ada"), "")
}

// A device is sent out with all of its tabs, which would else go on by their tokens;
// a viewer without one alone, and so is a player that is only guessed to be the same.
func TestSentOutWithAllTabs(t *testing.T) {
	for name, sendOut := range map[string]func(relay *Relay, id string) bool{
		"removed": func(relay *Relay, id string) bool { return relay.Remove("math", id) },
		"blocked": func(relay *Relay, id string) bool { _, ok := relay.Block("math", id); return ok },
	} {
		relay := newTestRelay(t)
		var all []*Session
		for _, join := range []Join{{Device: "ada"}, {Device: "ada"}, {}, {}, {Client: "player"}, {Client: "player"}, {Device: "bob"}} {
			join.Room, join.Remote = "math", loopback
			s, err := relay.Subscribe(join)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		presents, err := relay.Publish(Join{Room: "math", Remote: loopback, Device: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, 2, 4} {
			if !sendOut(relay, all[i].ID()) {
				t.Errorf("%s: viewer %d is not sent out", name, i)
			}
		}
		for i, s := range append(all, presents) {
			if out := i < 3 || i == 4; out != (s.ctx.Err() != nil) {
				t.Errorf("%s: session %d: %v", name, i, s.Cause())
			}
		}
		if blocked := relay.People("math").Blocked; name == "blocked" && len(blocked) != 2 {
			t.Errorf("blocked are %+v", blocked)
		}
	}
}

// Who presents, and looks at the room in another tab, can send that out, and not
// themselves: nobody could let them in again.
func TestPresentersBlockNotThemselves(t *testing.T) {
	relay := newTestRelay(t)
	p := publish(t, relay, nil, Join{Room: "math", Remote: loopback, Device: "ada"}, webrtc.MimeTypeVP8)
	own, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Device: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := relay.Block("math", own.ID()); !ok || !errors.Is(own.Cause(), ErrBlocked) {
		t.Errorf("the tab goes on: %v", own.Cause())
	}
	keep, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Device: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	p.session.Close(ErrLeft)
	await(t, p.session.Gone(), "out of the room")
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback, Device: "ada"}); err != nil || keep.Cause() != nil {
		t.Errorf("to present again: %v", err)
	}
}

// Whoever is sent out notices, and nobody else does.
func TestRemove(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	var others []*viewer
	for range 3 {
		others = append(others, newViewer(t, relay, nil, "math"))
	}
	out := watch(t, relay, nil, Join{Room: "math", Remote: loopback, Device: "ada"})
	for _, v := range append(others, out) {
		v.awaitConnected()
	}
	const frames = 60
	for i := range frames {
		if i == frames/2 && !relay.Remove("math", out.session.ID()) {
			t.Fatal("not removed")
		}
		p.frame(i == 0, 2)
		time.Sleep(2 * time.Millisecond)
	}
	await(t, out.session.Gone(), "out of the room")
	if !errors.Is(out.session.Cause(), ErrRemoved) {
		t.Errorf("it ended with %v", out.session.Cause())
	}
	for _, v := range others {
		contiguous(t, v.awaitPackets(2*frames))
		if v.pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
			t.Errorf("another viewer is %v", v.pc.ConnectionState())
		}
	}
	if got := len(out.onMedia()); got >= 2*frames {
		t.Errorf("%d packets went to a viewer who was sent out in the middle of %d", got, 2*frames)
	}
	if relay.Remove("math", out.session.ID()) || relay.Remove("math", p.session.ID()) || relay.Remove("art", others[0].session.ID()) {
		t.Error("removed somebody who is no viewer there")
	}
}

func TestRemovedComesBackAfterAWhile(t *testing.T) {
	var u rules
	now := time.Now()
	u.remove("ada", now)
	for after, reason := range map[time.Duration]string{0: "removed", removedTime - 1: "removed", removedTime: ""} {
		err := u.mayEnter(RoleViewer, person{device: "ada"}, now.Add(after))
		wantReason(t, fmt.Sprint("after ", after), err, reason)
		if err != nil && AsError(err).RetryAfter != removedTime-after {
			t.Errorf("after %v it is told to wait %v", after, AsError(err).RetryAfter)
		}
	}
	wantReason(t, "to present", u.mayEnter(RolePublisher, person{device: "ada"}, now), "")
	wantReason(t, "one without a device", u.mayEnter(RoleViewer, person{device: ""}, now), "")
}

func TestRulesAreBounded(t *testing.T) {
	var u rules
	now := time.Now()
	for i := range maxBlocked + 10 {
		u.remove(fmt.Sprint("removed ", i), now)
		u.block(fmt.Sprint("blocked ", i), "", now)
	}
	if len(u.removed) != maxRemoved || len(u.Blocked) != maxBlocked {
		t.Errorf("%d removed, %d blocked", len(u.removed), len(u.Blocked))
	}
	wantReason(t, "the latest", u.mayEnter(RoleViewer, person{device: fmt.Sprint("blocked ", maxBlocked+9)}, now), "blocked")
	u.remove("late", now.Add(2*removedTime))
	if len(u.removed) != 1 {
		t.Errorf("%d removals are remembered for nothing", len(u.removed))
	}
}

// To lock a full room takes no time that others would wait for.
func TestLockOfAFullRoom(t *testing.T) {
	relay := newTestRelay(t)
	const many = 6000
	for i := range many {
		if err := subscribe(relay, fmt.Sprintf("%064d", i)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		began := time.Now()
		relay.Lock("math", true)
		if took := time.Since(began); took > 200*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	}
	if rules, _ := relay.Rules("math"); len(rules.Known) != many {
		t.Errorf("%d devices are known", len(rules.Known))
	}
}

// Rules go with their room, and come back with it where somebody has kept them.
func TestRulesLastAsLongAsTheRoom(t *testing.T) {
	relay := newTestRelay(t)
	s, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Device: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	relay.Lock("math", true)
	relay.LimitViewers("math", 3)
	relay.Block("math", s.ID())
	other, err := relay.Publish(Join{Room: "math", Remote: loopback, Device: "presenter"})
	if err != nil {
		t.Fatal(err)
	}
	relay.Lock("math", true)
	kept, ok := relay.Rules("math")
	if !ok || !kept.Locked || kept.MaxViewers != 3 || len(kept.Blocked) != 1 || !slices.Equal(kept.Known, []string{"presenter"}) {
		t.Errorf("kept are %+v, %v", kept, ok)
	}
	other.Close(ErrLeft)
	await(t, other.Gone(), "out of the room")
	eventually(t, "the room is gone", func() bool { _, there := relay.Rules("math"); return !there })
	if relay.SetRules("math", kept) {
		t.Error("a room that is not there took rules")
	}
	keep, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Device: "ada"})
	if err != nil {
		t.Fatalf("after the end of the room: %v", err)
	}
	if !relay.SetRules("math", kept) || !keep.room.rules.Locked {
		t.Error("the rules were not taken")
	}
	kept.Blocked[0].Device = "changed by the caller"
	wantReason(t, "who was blocked before", subscribe(relay, "ada"), "blocked")
	wantReason(t, "who was known before", subscribe(relay, "presenter"), "")
}

// A viewer's page is not told what is the presenter's.
func TestViewersAreNotToldOfRules(t *testing.T) {
	relay := newTestRelay(t)
	viewer, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	publisher, err := relay.Publish(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	relay.Lock("math", true)
	relay.LimitViewers("math", 5)
	if state := viewer.Room(); state.Locked || state.MaxViewers != 0 {
		t.Errorf("a viewer is told %+v", state)
	}
	if state := publisher.Room(); !state.Locked || state.MaxViewers != 5 {
		t.Errorf("the presenter is told %+v", state)
	}
	select {
	case <-publisher.Changed():
	default:
		t.Error("the presenter's page was not woken")
	}
}

// A guess at a device is good for sending it out, and not for letting it in: others
// may share it.
func TestClientsAreKnownByGuess(t *testing.T) {
	relay := newTestRelay(t)
	join := Join{Room: "math", Remote: loopback, Client: "player at the school"}
	player, err := relay.Subscribe(join)
	if err != nil {
		t.Fatal(err)
	}
	relay.Lock("math", true)
	_, err = relay.Subscribe(join)
	wantReason(t, "another player of the same make", err, "locked")
	relay.Lock("math", false)
	if _, ok := relay.Block("math", player.ID()); !ok {
		t.Fatal("not blocked")
	}
	_, err = relay.Subscribe(join)
	wantReason(t, "the player again", err, "blocked")
	join.Device = "0123456789abcdef"
	if _, err = relay.Subscribe(join); err != nil {
		t.Errorf("a browser behind the same address: %v", err)
	}
}
