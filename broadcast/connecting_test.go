package broadcast

import (
	"log/slog"
	"net/netip"
	"testing"

	"github.com/pion/webrtc/v4"

	"relay/broadcast/udp"
)

// connectingFrom is a session that connects from an address.
func connectingFrom(addr netip.Addr) *Session { return &Session{join: Join{Remote: addr}} }

func TestConnecting(t *testing.T) {
	c := connecting{from: map[netip.Addr][]*Session{}}
	addr := loopback
	for n := range maxConnecting {
		if n > 0 && n%maxConnectingFrom == 0 {
			if err := c.mayEnter(addr, RoleViewer); AsError(err).Code != CodeRoomFull || AsError(err).RetryAfter != connectAgain {
				t.Fatalf("number %d of one address: %v", maxConnectingFrom+1, err)
			}
			addr = addr.Next()
		}
		if err := c.mayEnter(addr, RoleViewer); err != nil {
			t.Fatalf("number %d, from %v: %v", n+1, addr, err)
		}
		if c.makeRoom(RoleViewer) != nil {
			t.Fatalf("number %d: somebody has to go", n+1)
		}
		c.enter(connectingFrom(addr))
	}
	for len(c.from[addr]) > 0 {
		c.leave(c.from[addr][0])
	}
	if err := c.mayEnter(addr, RoleViewer); err != nil {
		t.Errorf("after some left: %v", err)
	}
}

// Viewers who never connect take all of their places, and none of the presenters'.
func TestPresentersConnectAllTheSame(t *testing.T) {
	c := connecting{from: map[netip.Addr][]*Session{}}
	for addr := loopback; c.all < maxConnecting; {
		if c.mayEnter(addr, RoleViewer) != nil {
			addr = addr.Next()
			continue
		}
		c.enter(connectingFrom(addr))
	}
	for range presentersPlaces {
		if err := c.mayEnter(loopback, RolePublisher); err != nil {
			t.Fatal(err)
		}
		c.enter(connectingFrom(loopback))
	}
	if err := c.mayEnter(loopback, RolePublisher); AsError(err).Code != CodeRoomFull {
		t.Errorf("one presenter too many: %v", err)
	}
}

// Some addresses that take all places keep nobody out.
func TestConnectingIsShared(t *testing.T) {
	c := connecting{from: map[netip.Addr][]*Session{}}
	hostile, honest := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	for n := range maxConnecting {
		c.enter(connectingFrom(hostile))
		if n%250 == 249 {
			hostile = hostile.Next()
		}
	}
	for range 100 {
		if err := c.mayEnter(honest, RoleViewer); err != nil {
			t.Fatal(err)
		}
		oldest := c.makeRoom(RoleViewer)
		if oldest == nil || oldest.join.Remote == honest || oldest != c.from[countedAs(oldest.join.Remote)][0] {
			t.Fatalf("%+v has to go", oldest)
		}
		c.leave(oldest)
		c.enter(connectingFrom(honest))
	}
	if c.all != maxConnecting || len(c.from[honest]) != 100 {
		t.Errorf("%d are connecting, %d of them honest", c.all, len(c.from[honest]))
	}
}

// Where everybody has one, there is no room to be made.
func TestConnectingIsFull(t *testing.T) {
	c := connecting{from: map[netip.Addr][]*Session{}}
	addr := netip.MustParseAddr("10.0.0.1")
	for range maxConnecting {
		c.enter(connectingFrom(addr))
		addr = addr.Next()
	}
	if err := c.mayEnter(addr, RoleViewer); AsError(err).Code != CodeRoomFull {
		t.Errorf("one too many in all: %v", err)
	}
}

// An owner of IPv6 has as many addresses as anybody could want.
func TestConnectingTakesANetworkForOneAddress(t *testing.T) {
	c := connecting{from: map[netip.Addr][]*Session{}}
	addr := netip.MustParseAddr("2001:db8::1")
	for range maxConnectingFrom {
		c.enter(connectingFrom(addr))
		addr = addr.Next()
	}
	if err := c.mayEnter(addr, RoleViewer); AsError(err).Code != CodeRoomFull {
		t.Errorf("one too many of a network: %v", err)
	}
}

// connectingNow is how many sessions the relay counts.
func connectingNow(r *Relay) (all, addresses int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.connecting.all, len(r.connecting.from)
}

// A session counts from its offer until it is connected, or over.
func TestConnectingCounts(t *testing.T) {
	relay := newTestRelay(t)
	s, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	if all, _ := connectingNow(relay); all != 0 {
		t.Errorf("%d are connecting before there was an offer", all)
	}
	c := newClient(t, newClientAPI(t, clientOn(nil), allVideo...))
	if _, err := c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Offer(c.offer(false)); err != nil {
		t.Fatal(err)
	}
	if all, _ := connectingNow(relay); all != 1 {
		t.Errorf("%d are connecting after an offer", all)
	}
	v := newViewer(t, relay, nil, "math")
	eventually(t, "the connected one does not count", func() bool {
		all, _ := connectingNow(relay)
		return v.session.wasConnected() && all == 1
	})
	s.Close(ErrLeft)
	await(t, s.Gone(), "end of the one that did not connect")
	if all, addresses := connectingNow(relay); all != 0 || addresses != 0 {
		t.Errorf("%d of %d addresses are connecting when all is over", all, addresses)
	}
}

// A room is awaited from a publisher's offer until it is live, or the publisher
// gone. Viewers and those who have not offered do not count.
func TestAwaited(t *testing.T) {
	relay := newTestRelay(t)
	newViewer(t, relay, nil, "math")
	session, err := relay.Publish(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	if relay.Awaited("math") || relay.Awaited("other") {
		t.Error("awaited before an offer")
	}
	if _, err := session.Offer(gstreamerVideo); err != nil {
		t.Fatal(err)
	}
	if !relay.Awaited("math") {
		t.Error("not awaited after the offer")
	}
	session.Close(ErrNeverConnected)
	await(t, session.Gone(), "end of the publisher")
	if relay.Awaited("math") {
		t.Error("awaited after the end")
	}
	newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "a live room", func() bool { return relay.Room("math").State == StateLive })
	if relay.Awaited("math") {
		t.Error("awaited while live")
	}
}

// When too many are connecting, nobody new is let in; whoever waits with an
// offer is told, and may try again.
func TestTooManyConnecting(t *testing.T) {
	relay := newTestRelay(t)
	waiting, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, newClientAPI(t, clientOn(nil), allVideo...))
	if _, err := c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo); err != nil {
		t.Fatal(err)
	}
	offer := c.offer(false)
	var others []*Session
	for range maxConnectingFrom {
		others = append(others, connectingFrom(loopback))
	}
	each := func(do func(*Session)) {
		relay.mu.Lock()
		defer relay.mu.Unlock()
		for _, s := range others {
			do(s)
		}
	}
	each(relay.connecting.enter)
	if _, err := relay.Subscribe(Join{Room: "other", Remote: loopback}); AsError(err).Code != CodeRoomFull {
		t.Errorf("a newcomer: %v", err)
	}
	if rooms := relay.Stats().Rooms; rooms != 1 {
		t.Errorf("%d rooms: the refused one was made", rooms)
	}
	if _, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Token: waiting.Token()}); err != nil {
		t.Errorf("who is in already: %v", err)
	}
	if _, err := waiting.Offer(offer); AsError(err).Code != CodeRoomFull {
		t.Errorf("an offer: %v", err)
	}
	each(relay.connecting.leave)
	if _, err := waiting.Offer(offer); err != nil {
		t.Errorf("the offer again: %v", err)
	}
}

// Whatever becomes of its offer, a session has connectTime and no more.
func TestPanicInOffer(t *testing.T) {
	conn, err := udp.Listen(netip.AddrPortFrom(netip.IPv4Unspecified(), 0))
	if err != nil {
		t.Fatal(err)
	}
	relay, err := New(Config{Conn: conn, Addresses: func() []netip.Addr { panic("no addresses") }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = relay.Close() }()
	s, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, newClientAPI(t, clientOn(nil), allVideo...))
	if _, err := c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo); err != nil {
		t.Fatal(err)
	}
	offer := c.offer(false)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the offer did not panic")
			}
		}()
		_, _ = s.Offer(offer)
	}()
	relay.mu.Lock()
	defer relay.mu.Unlock()
	if s.timer == nil {
		t.Error("nothing will end the session")
	}
}
