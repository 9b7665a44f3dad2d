package signaling

import (
	"fmt"
	"testing"

	"github.com/pion/webrtc/v4"

	"relay/broadcast"
)

// take posts an offer as our own pages do, showing a secret; it returns the next one.
func (h *house) take(path, shown string, pc *webrtc.PeerConnection) (c *client, next string) {
	h.t.Helper()
	got := h.request("POST", path, offerOf(h.t, pc, nil), offers, "Relay-Resume: "+shown).want(h.t, 201, "v=0")
	next = got.header.Get("Relay-Resume")
	if len(next) < 22 || next == shown {
		h.t.Fatalf("shown %q, the next secret is %q", shown, next)
	}
	c = &client{h, pc, got.header.Get("Location"), got.header.Get("ETag")}
	connect(h.t, pc, got.body)
	return c, next
}

// One secret opens a page's place at both doors, whichever gave it, and nobody in
// the room loses it meanwhile.
func TestAPlaceIsTakenThroughEitherDoor(t *testing.T) {
	h := newHouse(t)
	presenter, welcome := h.join("push/math", "")
	presenter.negotiate(newPeer(t, sendonly), nil)
	presenter.expectRoom(live)
	began := h.relay.Room("math").Since

	first, secret := h.take("/whip/math", welcome.Resume, newPeer(t, sendonly))
	if m := presenter.expect("bye"); m.Reason != "replaced" {
		t.Errorf("%+v", m)
	}
	second, secret := h.take("/whip/math", secret, newPeer(t, sendonly))
	first.delete().want(t, 404, "")

	presenter, _ = h.join("push/math", secret)
	presenter.negotiate(newPeer(t, sendonly), nil)
	h.await("the session over HTTP to end", func() bool { return h.server.resources.find(second.path) == nil })
	h.await("a live room", func() bool { return h.relay.Room("math").State == broadcast.StateLive })
	if since := h.relay.Room("math").Since; since != began {
		t.Errorf("the presentation began anew: %v, not %v", since, began)
	}
	stolen := h.request("POST", "/whip/math", offerOf(t, newPeer(t, sendonly), nil), offers, "Relay-Resume: "+secret)
	stolen.want(t, 409, "room-busy") // it has a successor
}

func TestAViewersPlaceIsTakenThroughEitherDoor(t *testing.T) {
	h := newHouse(t)
	h.publish()
	viewer, welcome := h.join("pull/math", "")
	viewer.negotiate(newPeer(t, recvonly), nil)
	_, secret := h.take("/whep/math", welcome.Resume, newPeer(t, recvonly))
	viewer, _ = h.join("pull/math", secret)
	viewer.negotiate(newPeer(t, recvonly), nil)
	h.await("one viewer", func() bool { return h.relay.Stats().Viewers == 1 && h.relay.Room("math").Viewers == 1 })
}

// A page that is loaded again has 30 s to come back; what does not show a secret is
// no page of ours, and ends with its connection.
func TestWhoShowsASecretIsExpectedBack(t *testing.T) {
	h := newHouse(t)
	page, secret := h.take("/whip/math", "of its own making", newPeer(t, sendonly))
	h.await("a live room", func() bool { return h.relay.Room("math").State == broadcast.StateLive })
	if err := page.pc.GracefulClose(); err != nil {
		t.Fatal(err)
	}
	h.await("a held room", func() bool { return h.relay.Room("math").State == broadcast.StateAway })
	h.request("POST", "/whip/math", offerOf(t, newPeer(t, sendonly), nil), offers).want(t, 409, "room-busy")
	again, _ := h.take("/whip/math", secret, newPeer(t, sendonly))
	again.delete().want(t, 200, "")

	got := h.request("POST", "/whip/math", offerOf(t, newPeer(t, sendonly), nil), offers).want(t, 201, "")
	if told := got.header.Values("Relay-Resume"); told != nil {
		t.Errorf("a stranger is told %q", told)
	}
}

// A page whose answer was lost has only what it showed.
func TestWhatWasShownStandsForAnAnswerThatWasLost(t *testing.T) {
	h := newHouse(t)
	const own = "Relay-Resume: 0123456789abcdef0123456789abcdef"
	lost := func(shown string) exchange {
		return h.request("POST", "/whip/math", offerOf(t, newPeer(t, sendonly), nil), offers, shown)
	}
	lost(own).want(t, 201, "")
	lost(own).want(t, 201, "")
	h.request("POST", "/whip/other", offerOf(t, newPeer(t, sendonly), nil), offers, own).want(t, 201, "")
	page, secret := h.take("/whip/math", own[len("Relay-Resume: "):], newPeer(t, sendonly))
	h.await("a live room", func() bool { return h.relay.Room("math").State == broadcast.StateLive })
	lost(own).want(t, 409, "room-busy") // the page has heard its answer, or it would not send

	// A refused offer leaves the session as it is, and the secret good.
	shown := "Relay-Resume: " + secret
	h.request("POST", "/whip/math", dropCodecs(offerOf(t, newPeer(t, sendonly), nil)), offers, shown).want(t, 422, "")
	page.patch("a=ice-ufrag:x", page.etag).want(t, 400, "")
	lost(shown).want(t, 201, "")
	presenter, _ := h.join("push/math", secret) // the WebSocket knows it too
	presenter.negotiate(newPeer(t, sendonly), nil)
	presenter.expectRoom(live)
}

func TestSuccessionsAreBounded(t *testing.T) {
	h := newHouse(t)
	session, err := h.relay.Publish(broadcast.Join{Room: "math"})
	if err != nil {
		t.Fatal(err)
	}
	known := &h.server.resources
	for n := range 2 * maxSuccessions {
		known.succeed(fmt.Sprint("shown ", n), session, false)
	}
	if _, is := known.successor("math", "shown 0"); is || len(known.successions) != maxSuccessions {
		t.Errorf("%d successions are known", len(known.successions))
	}
	if next, is := known.successor("math", fmt.Sprint("shown ", 2*maxSuccessions-1)); !is || next.token != session.Token() {
		t.Errorf("the last one: %+v %v", next, is)
	}
	known.succeed("", session, false)
	known.succeed(string(make([]byte, maxShown+1)), session, false)
	known.successor("math", session.Token())
	if len(known.successions) != 0 {
		t.Errorf("%d are known after the token was shown", len(known.successions))
	}
}
