package broadcast

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// refusedAs fails the test unless err has the code.
func refusedAs(t *testing.T, err error, code Code) {
	t.Helper()
	if err == nil || AsError(err).Code != code {
		t.Errorf("got %v, not %s", err, code)
	}
}

// TestDrain: nobody new gets in, whoever is in goes on and comes back, and the end
// of the last presentation is the end of all.
func TestDrain(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	waiting, err := relay.Publish(Join{Room: "art", Remote: loopback}) // has opened the page
	if err != nil {
		t.Fatal(err)
	}
	ended := relay.Drain()
	if relay.Drain() != ended || !relay.Draining() {
		t.Error("to drain twice is to drain once")
	}
	_, err = relay.Subscribe(Join{Room: "math", Remote: loopback})
	refusedAs(t, err, CodeShuttingDown)
	if AsError(err).RetryAfter <= 0 {
		t.Error("nobody says when to try again")
	}
	for _, room := range []string{"math", "music"} {
		_, err = relay.Publish(Join{Room: room, Remote: loopback, Token: "guess"})
		refusedAs(t, err, CodeShuttingDown)
	}
	_, err = waiting.Offer(newClient(t, newClientAPI(t, clientOn(nil), webrtc.MimeTypeVP8)).withVideo().offer(false))
	refusedAs(t, err, CodeShuttingDown)

	if again, err := relay.Subscribe(Join{Room: "math", Token: v.session.Token(), Remote: loopback}); err != nil || again != v.session {
		t.Errorf("a viewer who is in does not come back: %v", err)
	}
	token := p.session.Token()
	p.session.Close(ErrSilent)
	<-p.session.Gone()
	select {
	case <-ended:
		t.Fatal("a room that is held is no end")
	default:
	}
	back := newPublisher(t, relay, nil, "math", token, webrtc.MimeTypeVP8)
	back.frame(true, 3)
	v.awaitPackets(3)
	back.session.Close(ErrLeft)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the last presentation has ended, and nobody says so")
	}
}

func TestDrainWithoutPresentations(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	select {
	case <-relay.Drain():
	default:
		t.Error("who waits for a presentation keeps the relay")
	}
}

// withVideo gives the client a picture to send.
func (c *client) withVideo() *client {
	c.t.Helper()
	if _, err := c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		c.t.Fatal(err)
	}
	return c
}

// TestDrainAllowsHandingOver: a presentation that goes on may be handed on.
func TestDrainAllowsHandingOver(t *testing.T) {
	relay := newTestRelay(t)
	newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	eventually(t, "a live room", func() bool { return relay.Room("math").State == StateLive })
	ended := relay.Drain()
	const secret = "a secret of who asks, 22+"
	if state, err := relay.Ask("math", secret, "Ben"); err != nil || state != RequestWaiting {
		t.Fatal(state, err)
	}
	_, err := relay.Publish(Join{Room: "math", Remote: loopback, Token: secret})
	refusedAs(t, err, CodeShuttingDown)
	relay.Answer("math", relay.People("math").Requests[0].ID, true)
	heir := newPublisher(t, relay, nil, "math", secret, webrtc.MimeTypeVP8)
	eventually(t, "the heir", func() bool { return relay.Room("math").State == StateLive })
	heir.session.Close(ErrLeft)
	await(t, ended, "the end")
}
