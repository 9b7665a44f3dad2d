package signaling

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"
)

const newCredentials = "a=ice-ufrag:brandnew\r\na=ice-pwd:0123456789012345678901\r\n"

func TestTrickle(t *testing.T) {
	h := newHouse(t)
	h.publish()
	pc := newPeer(t, recvonly)
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	got := h.request("POST", "/whep/math", offer.SDP, offers).want(t, 201, "a=end-of-candidates")
	c := &client{h, pc, got.header.Get("Location"), got.header.Get("ETag")}
	<-gathered
	var body strings.Builder
	body.WriteString("a=group:BUNDLE 0 1\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n" + c.current())
	body.WriteString("a=candidate:9 1 udp 1 b8e1.local 9 typ host\r\na=candidate:8 1 tcp 1 192.0.2.1 9 typ host tcptype active\r\n")
	for line := range strings.Lines(pc.LocalDescription().SDP) {
		if strings.HasPrefix(line, "a=candidate:") {
			body.WriteString(line)
		}
	}
	body.WriteString("a=end-of-candidates\r\n")
	for _, condition := range []string{c.etag, `"other", ` + c.etag, "*"} {
		patched := c.patch(body.String(), condition).want(t, 204, "")
		if tag := patched.header.Get("ETag"); tag != "" {
			t.Errorf("ETag: %s", tag)
		}
	}
	connect(t, pc, got.body)
}

func TestRestart(t *testing.T) {
	h := newHouse(t)
	publisher := h.publish()
	player, frames := h.play()
	wantFrames(t, frames)
	for range 2 {
		before := player.etag
		player.restart()
		player.patch(player.current(), before).want(t, 412, "If-Match")
		player.patch(player.current(), player.etag).want(t, 204, "")
		publisher.restart()
		wantFrames(t, frames)
	}
}

func TestBadPatchesLeaveTheSession(t *testing.T) {
	h := newHouse(t)
	publisher := h.publish()
	player, frames := h.play()
	many := strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", 33)
	for _, c := range []*client{publisher, player} {
		good := c.current()
		for name, test := range map[string]struct {
			body, contentType, condition string
			status                       int
		}{
			"nothing":           {"", fragments, c.etag, 400},
			"nonsense":          {"hello", fragments, c.etag, 400},
			"an offer":          {"v=0\r\n" + good, fragments, c.etag, 400},
			"no password":       {"a=ice-ufrag:abcd\r\n", fragments, "*", 400},
			"short password":    {"a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n", fragments, "*", 400},
			"no ICE characters": {strings.Replace(newCredentials, "brandnew", "brand new!", 1), fragments, "*", 422},
			"too many":          {newCredentials + strings.ReplaceAll(many, " 9 ", " 10 "), fragments, `"other"`, 412},
			"other password":    {ufragLine.FindString(good) + "\r\na=ice-pwd:0123456789012345678901\r\n", fragments, c.etag, 422},
			"bad candidate":     {good + "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=candidate:hello\r\n", fragments, c.etag, 400},
			"no condition":      {good, fragments, "", 428},
			"other session":     {good, fragments, `"other"`, 412},
			"weak tag":          {good, fragments, "W/" + c.etag, 412},
			"other type":        {good, "Content-Type: text/plain", c.etag, 415},
			"counter-answer":    {good, offers, c.etag, 415},
			"no type":           {good, "X: y", c.etag, 415},
			"too large":         {good + strings.Repeat("a=x\r\n", maxFragment), fragments, c.etag, 413},
		} {
			header := []string{test.contentType}
			if test.condition != "" {
				header = append(header, "If-Match: "+test.condition)
			}
			if got := h.request("PATCH", c.path, test.body, header...); got.status != test.status {
				t.Errorf("%s: %d %s, want %d", name, got.status, got.body, test.status)
			}
		}
		c.patch(good, c.etag).want(t, 204, "")
	}
	wantFrames(t, frames)
	player.restart()
	wantFrames(t, frames)
}

// candidatesFrom are lines of so many, each on its own port.
func candidatesFrom(port, n int) string {
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "a=candidate:1 1 udp 1 127.0.0.1 %d typ host\r\n", port+i)
	}
	return lines.String()
}

func TestTooManyCandidates(t *testing.T) {
	h := newHouse(t)
	c := h.publish()
	useless := strings.Repeat("a=candidate:1 1 udp 1 b8e1.local 9 typ host\r\na=candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype active\r\n", 40)
	for range 3 { // none is taken of what was too much
		c.patch(c.current()+candidatesFrom(10, 40), c.etag).want(t, 422, "More than 32 candidates")
	}
	c.patch(c.current()+useless+candidatesFrom(10, 20), c.etag).want(t, 204, "")
	c.patch(c.current()+candidatesFrom(100, 20), c.etag).want(t, 422, "candidates")
	c.patch(c.current()+useless, c.etag).want(t, 204, "")
	c.patch(newCredentials+candidatesFrom(10, 40), "*").want(t, 422, `"detail":"More than 32 candidates`)
	c.restart()
	c.patch(c.current()+candidatesFrom(100, 20), c.etag).want(t, 204, "")
}

// RFC 9725 section 4.3.2: a client may leave out what was confirmed, or not.
func TestCumulativeTrickle(t *testing.T) {
	h := newHouse(t)
	c := h.publish()
	for n := range 21 {
		c.patch(c.current()+candidatesFrom(10, n), c.etag).want(t, 204, "")
	}
}

// A bad candidate takes those before it along.
func TestCandidatesAreTakenTogether(t *testing.T) {
	h := newHouse(t)
	c := h.publish()
	c.patch(c.current()+candidatesFrom(10, 20)+"a=candidate:1 1 udp 1 127.0.0.1 70000 typ host\r\n", c.etag).want(t, 400, "70000")
	c.patch(c.current()+candidatesFrom(10, 20)+"a=candidate:1 1 udp 1 127.0.0.1 9 typ srflx raddr\r\n", c.etag).want(t, 422, "raddr")
	c.patch(c.current()+candidatesFrom(100, 20), c.etag).want(t, 204, "")
}

// The answer to a restart may get lost: who asks again gets it again.
func TestRepeatedRestart(t *testing.T) {
	h := newHouse(t)
	c := h.publish()
	c.patch(c.current(), "*").want(t, 204, "") // there is none to repeat
	first := c.patch(newCredentials+candidatesFrom(10, 2), "*").want(t, 200, "a=ice-ufrag:")
	for condition, status := range map[string]int{"*": 200, `"*"`: 200, c.etag: 412, first.header.Get("ETag"): 204} {
		again := c.patch(newCredentials+candidatesFrom(10, 3), condition).want(t, status, "")
		if status != 200 {
			continue
		}
		if again.body != first.body || again.header.Get("ETag") != first.header.Get("ETag") || again.header.Get("Content-Type") != fragmentType {
			t.Errorf("If-Match: %s: got %v\n%s", condition, again.header, again.body)
		}
	}
	c.patch(newCredentials+candidatesFrom(100, 40), "*").want(t, 422, "candidates")
	c.patch(ufragLine.FindString(newCredentials)+"\r\na=ice-pwd:1123456789012345678901\r\n", "*").want(t, 422, "ice-pwd")
}

// Each restart has an entity tag of its own, even one back to credentials that
// were there before: the relay's own are new.
func TestTagsAreUnique(t *testing.T) {
	h := newHouse(t)
	c := h.publish()
	tags := map[string]bool{c.etag: true}
	for _, credentials := range []string{newCredentials, c.current(), newCredentials} {
		tag := c.patch(credentials, "*").want(t, 200, "").header.Get("ETag")
		if tags[tag] {
			t.Errorf("%s comes again", tag)
		}
		tags[tag] = true
	}
}

func TestSentencesOfPatch(t *testing.T) {
	h := newHouse(t)
	c := h.publish()
	for condition, says := range map[string]string{
		"W/" + c.etag: "with quotes", strings.Trim(c.etag, `"`): "as it was sent", `"other"`: "as it is now",
	} {
		c.patch(c.current(), condition).want(t, 412, says)
	}
	for name, ufrag := range map[string]string{"characters": "brand new!", "too long": strings.Repeat("a", 257)} {
		got := c.patch(strings.Replace(newCredentials, "brandnew", ufrag, 1), "*").want(t, 422, "4 to 256")
		if strings.Contains(got.body, "offer") {
			t.Errorf("%s: %s", name, got.body)
		}
	}
}

func TestPatchFlood(t *testing.T) {
	h := newHouse(t)
	c := h.publish()
	for range floodMessages {
		c.patch(c.current(), `"other"`).want(t, 412, "")
	}
	c.patch(c.current(), c.etag).want(t, 429, "rate-limited")
	h.request("GET", c.path, "").want(t, 204, "")
}

func TestDelete(t *testing.T) {
	h := newHouse(t)
	h.publish()
	c, _ := h.play()
	h.request("DELETE", strings.Replace(c.path, "whep", "whip", 1), "").want(t, 404, "")
	h.request("DELETE", strings.Replace(c.path, "math", "maths", 1), "").want(t, 404, "")
	h.request("GET", c.path, "").want(t, 204, "")
	h.request("DELETE", c.path, "", `If-Match: "outdated"`).want(t, 200, "")
	c.delete().want(t, 404, "not-found")
	c.patch(newCredentials, "*").want(t, 404, "not-found")
	h.request("GET", c.path, "").want(t, 404, "not-found")
}

func TestPlayersAreHeldForAWhile(t *testing.T) {
	h := newHouse(t) // WHEPHold: 0
	publisher := h.publish()
	c, frames := h.play()
	wantFrames(t, frames)
	_, events := c.listen(`["active", "inactive"]`)
	events.want("active", "{}")
	publisher.delete().want(t, 200, "")
	events.wantEnd()
	c.delete().want(t, 404, "")
	h.await("the player's end", func() bool { return h.relay.Stats().Viewers == 0 })
}
