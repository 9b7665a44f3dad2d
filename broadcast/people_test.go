package broadcast

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// reports is a viewer's receiver report on its video, as a browser sends each second.
func (v *viewer) reports(fractionLost uint8) {
	v.send(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: v.ssrc(), FractionLost: fractionLost}}})
}

func personCalled(t *testing.T, relay *Relay, name string) Viewer {
	t.Helper()
	for _, v := range relay.People("math").Viewers {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("there is no %s", name)
	return Viewer{}
}

func TestPeople(t *testing.T) {
	relay := newTestRelay(t)
	if people := relay.People("math"); people.Viewers != nil || people.Requests != nil {
		t.Errorf("an empty room has %+v", people)
	}
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	ada := watch(t, relay, nil, Join{Room: "math", Remote: loopback, Name: "Ada", Browser: "Chrome on Linux", Via: "websocket"})
	bob := watch(t, relay, nil, Join{Room: "math", Remote: loopback, Name: "Bob"}, webrtc.MimeTypeH264, webrtc.MimeTypeOpus)
	if _, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Name: "Eve"}); err != nil {
		t.Fatal(err)
	}
	ada.awaitConnected()
	bob.awaitConnected()
	eventually(t, "both count", func() bool { return relay.Room("math").Viewers == 2 })
	p.frame(true, 3)
	ada.awaitPackets(3)
	eventually(t, "Bob's trouble", func() bool { return personCalled(t, relay, "Bob").Trouble != nil })
	if a := personCalled(t, relay, "Ada"); a.Picture || a.Codec != CodecVP8 || a.Bitrate != 0 {
		t.Errorf("before any report: %+v", a)
	}
	ada.reports(64)
	eventually(t, "Ada's picture", func() bool { return personCalled(t, relay, "Ada").Picture })
	until := time.Now().Add(2100 * time.Millisecond)
	for time.Now().Before(until) {
		p.frame(false, 10)
		time.Sleep(20 * time.Millisecond)
	}
	a, b, e := personCalled(t, relay, "Ada"), personCalled(t, relay, "Bob"), personCalled(t, relay, "Eve")
	if a.ID != ada.session.ID() || a.Browser != "Chrome on Linux" || a.Via != "websocket" || !a.Connected || a.Trouble != nil || a.Since.IsZero() || a.Loss != 0.25 {
		t.Errorf("Ada is %+v", a)
	}
	if rate := 8 * 106 * 10 / 0.02; float64(a.Bitrate) < rate/4 || float64(a.Bitrate) > rate*1.1 {
		t.Errorf("Ada is sent %d bit/s; %v went out", a.Bitrate, rate)
	}
	if !b.Connected || b.Picture || b.Codec != CodecNone || b.Trouble.Code != CodeCodecUnsupported || b.Bitrate != 0 {
		t.Errorf("Bob is %+v", b)
	}
	if e.Connected || e.Picture || e.Codec != CodecNone || e.Trouble != nil {
		t.Errorf("Eve is %+v", e)
	}
	if all := relay.People("math").Viewers; all[0].Since.After(all[1].Since) || all[1].Since.After(all[2].Since) {
		t.Errorf("not by when they came: %+v", all)
	}
}

// What a page says of its picture counts for more than what the relay sees.
func TestPictureByThePagesWord(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	v := watch(t, relay, nil, Join{Room: "math", Remote: loopback, Name: "Ada"})
	v.awaitConnected()
	p.frame(true, 1)
	v.awaitPackets(1)
	for _, seen := range []bool{true, false} {
		v.session.SetPicture(seen)
		if got := personCalled(t, relay, "Ada").Picture; got != seen {
			t.Errorf("said %v, told %v", seen, got)
		}
	}
	v.session.SetPicture(true)
	v.session.down()
	if a := personCalled(t, relay, "Ada"); a.Picture || a.Connected || a.Bitrate != 0 {
		t.Errorf("silent, it is %+v", a)
	}
}

// A page that resumes may have another name; one that loads again is there since it
// came first.
func TestPeopleWhoComeAgain(t *testing.T) {
	relay := newTestRelay(t)
	s, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Name: "Ada", Device: "ada's", Via: "websocket"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := relay.Subscribe(Join{Room: "math", Remote: loopback, Token: s.Token(), Name: "Ada L.", Via: "whep"}); err != nil {
		t.Fatal(err)
	}
	before := personCalled(t, relay, "Ada L.")
	if before.Via != "whep" {
		t.Errorf("it came by %s", before.Via)
	}
	next, err := s.Replace()
	if err != nil {
		t.Fatal(err)
	}
	if all := relay.People("math").Viewers; len(all) != 1 {
		t.Errorf("one who loads again is %d viewers", len(all))
	}
	if _, err := next.Offer(newViewer(t, relay, nil, "art").pc.LocalDescription().SDP); err != nil {
		t.Fatal(err)
	}
	await(t, s.Gone(), "end of the one before")
	if after := personCalled(t, relay, "Ada L."); after.ID != before.ID || !after.Since.Equal(before.Since) {
		t.Errorf("it is %+v, and was %+v", after, before)
	}
	relay.Block("math", next.ID())
	if blocked := relay.People("math").Blocked; len(blocked) != 1 || blocked[0].Device != "ada's" || blocked[0].Name != "Ada L." {
		t.Errorf("blocked are %+v", blocked)
	}
}

func TestPace(t *testing.T) {
	var p pace
	now := time.Now()
	if rate := p.rate(1000, now); rate != 0 {
		t.Errorf("before any sample: %d", rate)
	}
	octets := uint64(0)
	for range 10 {
		p.note(octets, now)
		now = now.Add(time.Second)
		octets += 125_000
	}
	if rate := p.rate(octets, now); rate != 1_000_000 {
		t.Errorf("a steady Mbit/s is %d", rate)
	}
	for range paceSeconds {
		p.note(octets, now)
		now = now.Add(time.Second)
	}
	if rate := p.rate(octets, now); rate != 0 {
		t.Errorf("after silence it is %d", rate)
	}
	p = pace{}
	p.note(0, now)
	if rate := p.rate(125_000, now.Add(100*time.Millisecond)); rate != 0 {
		t.Errorf("a tenth of a second tells %d", rate)
	}
}
