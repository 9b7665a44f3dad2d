package broadcast

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"relay/broadcast/udp"
)

// newLimitedRelay is a relay on loopback with limits.
func newLimitedRelay(t *testing.T, limits Limits) *Relay {
	t.Helper()
	conn, err := udp.Listen(netip.AddrPortFrom(loopback, 0))
	if err != nil {
		t.Fatal(err)
	}
	return startRelayWith(t, Config{Conn: conn, Limits: limits})
}

// rush joins from many goroutines at once, and returns the sessions of those who got
// in. All others have to be refused with the code, and told when to come again.
func rush(t *testing.T, relay *Relay, many int, code Code, join func(i int) Join) (in []*Session) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			s, err := relay.Subscribe(join(i))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				in = append(in, s)
				return
			}
			if refused := AsError(err); refused.Code != code || refused.RetryAfter < time.Second || refused.RetryAfter > 8*time.Second {
				t.Errorf("refused with %v, to be tried again after %v", refused, refused.RetryAfter)
			}
		})
	}
	all.Wait()
	return in
}

func leaveAll(t *testing.T, sessions []*Session) {
	t.Helper()
	for _, s := range sessions {
		s.Close(ErrLeft)
		await(t, s.Gone(), "out of the room")
	}
}

// However many come at once, as many get in as there are places: not one more, not
// one less. When they have left, all places are free again.
func TestLimitsAreExact(t *testing.T) {
	far := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	for name, test := range map[string]struct {
		limits Limits
		code   Code
		want   int
		join   func(i int) Join
	}{
		"viewers of a room": {Limits{RoomViewers: 20}, CodeRoomFull, 20, func(i int) Join { return Join{Room: "math", Remote: far(i)} }},
		"of two rooms":      {Limits{RoomViewers: 20}, CodeRoomFull, 40, func(i int) Join { return Join{Room: fmt.Sprint("r", i%2), Remote: far(i)} }},
		"the join's own":    {Limits{RoomViewers: 20}, CodeRoomFull, 7, func(i int) Join { return Join{Room: "math", Remote: far(i), MaxViewers: 7} }},
		"a higher own":      {Limits{RoomViewers: 20}, CodeRoomFull, 20, func(i int) Join { return Join{Room: "math", Remote: far(i), MaxViewers: 30} }},
		"viewers in all":    {Limits{Viewers: 30}, CodeRoomFull, 30, func(i int) Join { return Join{Room: fmt.Sprint("r", i%7), Remote: far(i)} }},
		"rooms":             {Limits{Rooms: 9}, CodeRoomFull, 7, func(i int) Join { return Join{Room: fmt.Sprint("r", i), Remote: far(i)} }},
		"an address":        {Limits{AddressSessions: 11}, CodeRoomFull, 33, func(i int) Join { return Join{Room: "math", Remote: far(i % 3)} }},
		"an IPv6 network": {Limits{AddressSessions: 11}, CodeRoomFull, 11, func(i int) Join {
			return Join{Room: "math", Remote: netip.MustParseAddr(fmt.Sprintf("2001:db8::%x%%eth0", i+1))}
		}},
		"joins a second": {Limits{JoinRate: 2}, CodeRateLimited, 10, func(i int) Join { return Join{Room: "math", Remote: far(i)} }},
		"no limit":       {Limits{}, "", 100, func(i int) Join { return Join{Room: "math", Remote: far(i)} }},
	} {
		t.Run(name, func(t *testing.T) {
			relay := newLimitedRelay(t, test.limits)
			for range 2 {
				in := rush(t, relay, 100, test.code, test.join)
				if len(in) != test.want {
					t.Errorf("%d got in, not %d", len(in), test.want)
				}
				leaveAll(t, in)
				relay.mu.Lock()
				if c := &relay.census; c.viewers != 0 || len(c.from) != 0 || len(relay.rooms) != 0 {
					t.Errorf("counted after all have left: %+v, %d rooms", c, len(relay.rooms))
				}
				relay.census.joins = [2]joins{}
				relay.mu.Unlock()
			}
		})
	}
}

// Who joins without an end gets as many as may join, and keeps nobody else out.
func TestJoinsAreShared(t *testing.T) {
	const rate = 10
	greedy := netip.MustParseAddr("192.0.2.1")
	for name, others := range map[string]bool{"alone": false, "beside others": true} {
		var j joins
		got, refused := 0, 0
		other := netip.MustParseAddr("198.51.100.1")
		for ms := range 60_000 {
			if j.allow(greedy, rate, instant(ms)) {
				got++
			}
			if others && ms%500 == 250 {
				if !j.allow(other, rate, instant(ms)) {
					refused++
				}
				other = other.Next()
			}
		}
		want := rate*60 + rate*joinBurst
		if others {
			want -= 120
		}
		if got < want-rate || got > want || refused > 3 { // some share their place with another
			t.Errorf("%s: it got %d joins of %d in a minute, others were refused %d times", name, got, want, refused)
		}
	}
}

// A presenter's own limit is the least of all, and sends nobody out.
func TestPresentersLimit(t *testing.T) {
	relay := newLimitedRelay(t, Limits{RoomViewers: 5})
	math := func(int) Join { return Join{Room: "math", Remote: loopback} }
	in := rush(t, relay, 3, CodeRoomFull, math)
	if !relay.LimitViewers("math", 2) || relay.LimitViewers("art", 2) {
		t.Error("the limit was not set, or in a room that is not there")
	}
	if more := rush(t, relay, 3, CodeRoomFull, math); len(more) != 0 || relay.Stats().Viewers != 3 {
		t.Errorf("%d more got in; %d are in", len(more), relay.Stats().Viewers)
	}
	leaveAll(t, in[:2])
	if more := rush(t, relay, 3, CodeRoomFull, math); len(more) != 1 {
		t.Errorf("%d more got in where one place was free", len(more))
	}
	relay.LimitViewers("math", 0)
	if more := rush(t, relay, 5, CodeRoomFull, math); len(more) != 3 {
		t.Errorf("%d more got in where the relay's limit left three places", len(more))
	}
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback}); err != nil {
		t.Errorf("who presents in the full room is told %v", err)
	}
}

// Who is in is never refused: a page that resumes, one that made another
// PeerConnection, and the presenter whom the room is held for.
func TestResumingIsNoJoin(t *testing.T) {
	relay := newLimitedRelay(t, Limits{Rooms: 1, Viewers: 1, RoomViewers: 1, AddressSessions: 1, JoinRate: 1})
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", "video/VP8")
	eventually(t, "live", func() bool { return relay.Room("math").State == StateLive })
	relay.mu.Lock()
	for role := range relay.census.joins {
		relay.census.joins[role] = joins{left: 0, filled: time.Now().Add(time.Hour)}
	}
	relay.mu.Unlock()
	for range 10 {
		if s, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Token: v.session.Token()}); err != nil || s != v.session {
			t.Fatalf("a viewer who resumes: %v", err)
		}
	}
	again := newClient(t, newClientAPI(t, clientOn(nil), allVideo...))
	if _, err := again.pc.AddTransceiverFromKind(1); err != nil {
		t.Fatal(err)
	}
	next, err := v.session.Replace()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next.Offer(again.offer(false)); err != nil {
		t.Fatal(err)
	}
	await(t, v.session.Gone(), "out of the room")
	relay.mu.Lock()
	if c := relay.census; c.viewers != 1 || next.room.viewers != 1 || c.from[addressRole{loopback, RoleViewer}] != 1 || c.from[addressRole{loopback, RolePublisher}] != 1 {
		t.Errorf("after a reload %d viewers count, %d in the room, of the address %v", c.viewers, next.room.viewers, c.from)
	}
	relay.mu.Unlock()

	token := p.session.Token()
	p.session.Close(ErrSilent)
	await(t, p.session.Gone(), "out of the room")
	if _, err := relay.Subscribe(Join{Room: "math", Remote: loopback}); AsError(err).Code != CodeRoomFull {
		t.Errorf("a newcomer is told %v", err)
	}
	if _, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: token}); err != nil {
		t.Errorf("the presenter whom the room is held for: %v", err)
	}
}

// Whoever may only watch can take all places of viewers, and keeps no presenter out:
// not of a room, not from a school's one address, not by joining again and again.
func TestViewersKeepNoPresenterOut(t *testing.T) {
	relay := newLimitedRelay(t, Limits{Rooms: 8, AddressSessions: 20, JoinRate: 4})
	for i := range 30 {
		_, _ = relay.Subscribe(Join{Room: fmt.Sprint("r", i), Remote: loopback})
	}
	if rooms := relay.Stats().Rooms; rooms != 6 {
		t.Errorf("viewers opened %d of 8 rooms", rooms)
	}
	for range 30 {
		_, _ = relay.Subscribe(Join{Room: "r0", Remote: loopback})
	}
	for i := range 2 {
		if _, err := relay.Publish(Join{Room: fmt.Sprint("lesson", i), Remote: loopback}); err != nil {
			t.Errorf("a presenter is told %v", err)
		}
	}
	if _, err := relay.Publish(Join{Room: "lesson2", Remote: loopback}); AsError(err).Code != CodeRoomFull {
		t.Errorf("where there are 8 rooms a presenter is told %v", err)
	}
}

func TestJoinBucket(t *testing.T) {
	var bucket joins
	now := time.Now()
	count := func() (n int) {
		for from := netip.MustParseAddr("10.0.0.1"); bucket.allow(from, 20, now); from = from.Next() {
			clear(bucket.lately[:]) // none of them has joined lately
			n++
		}
		return n
	}
	for _, test := range []struct {
		after time.Duration
		want  int
	}{{0, 100}, {0, 0}, {time.Second, 20}, {50 * time.Millisecond, 1}, {10 * time.Millisecond, 0}, {40 * time.Millisecond, 1}, {time.Hour, 100}} {
		now = now.Add(test.after)
		if got := count(); got != test.want {
			t.Errorf("%v later %d may join, not %d", test.after, got, test.want)
		}
	}
}

// The codes of those who are refused differ in when they may try again: a class that
// was refused at once should not come back at once.
func TestRefusedComeBackSpread(t *testing.T) {
	relay := newLimitedRelay(t, Limits{Rooms: 1})
	if _, err := relay.Subscribe(Join{Room: "math", Remote: loopback}); err != nil {
		t.Fatal(err)
	}
	seen := map[time.Duration]bool{}
	for range 50 {
		_, err := relay.Subscribe(Join{Room: "art", Remote: loopback})
		seen[AsError(err).RetryAfter.Round(100*time.Millisecond)] = true
	}
	if len(seen) < 10 {
		t.Errorf("50 were told %d times: %v", len(seen), seen)
	}
}
