package broadcast

import (
	"testing"

	"github.com/pion/webrtc/v4"
)

// Whoever closes a connection that can't come back has left, and the room is free
// (RFC 9725 section 4.2).
func TestClosedByItsPeer(t *testing.T) {
	relay := newTestRelay(t)
	p := publish(t, relay, nil, Join{Room: "math", Remote: loopback, Final: true}, webrtc.MimeTypeVP8)
	eventually(t, "a live room", func() bool { return relay.Room("math").State == StateLive })
	if err := p.pc.GracefulClose(); err != nil {
		t.Fatal(err)
	}
	await(t, p.session.Gone(), "end of a client's session")
	if p.session.Cause() != ErrLeft || relay.Room("math").State != StateIdle {
		t.Errorf("ended with %v, the room is %v", p.session.Cause(), relay.Room("math").State)
	}
}

// A page that closes its connection is about to make another.
func TestClosedByItsPage(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "a live room", func() bool { return relay.Room("math").State == StateLive })
	if err := p.pc.GracefulClose(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the room waits", func() bool { return relay.Room("math").State == StateAway })
	if p.session.Cause() != nil {
		t.Errorf("ended with %v", p.session.Cause())
	}
}
