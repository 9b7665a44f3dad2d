package broadcast

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// TestTotals: what was done is counted, and stays when those are gone for whom it
// was done.
func TestTotals(t *testing.T) {
	relay := newTestRelay(t)
	p := publish(t, relay, nil, Join{Room: "math", Remote: loopback, Via: "whip"}, webrtc.MimeTypeVP8)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	eventually(t, "two who are connected", func() bool { return len(relay.Totals().Connected) == 2 })
	p.frame(true, 5)
	p.frame(false, 5)
	v.awaitPackets(10)
	last := v.onMedia()[9].SequenceNumber
	ssrc := v.session.downTracks()[0].binding.Load().ssrc
	if err := v.pc.WriteRTCP([]rtcp.Packet{
		&rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers([]uint16{last, last + 99})},
		&rtcp.PictureLossIndication{MediaSSRC: ssrc},
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the viewer's wishes", func() bool {
		video := relay.Totals().Video
		return video.NACKReceived == 2 && video.PLIReceived == 1 && video.PLISent > 0 && video.RTX > 0
	})
	now := relay.Totals()
	if now.Rooms[StateLive] != 1 || now.Sessions[SessionKind{RolePublisher, "whip"}] != 1 || now.Sessions[SessionKind{RoleViewer, ""}] != 1 {
		t.Errorf("rooms %v, sessions %v", now.Rooms, now.Sessions)
	}
	if m := now.Video; m.PacketsIn != 10 || m.PacketsOut != 10 || m.BytesIn != 10*106 || m.BytesOut != 10*106 || m.KeyFrames != 1 || m.Drops["forgotten"] != 1 {
		t.Errorf("video: %+v", m)
	}
	v.session.Close(ErrLeft)
	p.session.Close(ErrLeft)
	<-v.session.Gone()
	<-p.session.Gone()
	after := relay.Totals()
	if after.Rooms[StateLive]+after.Rooms[StateIdle]+after.Rooms[StateAway] != 0 || len(after.Sessions) != 0 {
		t.Errorf("rooms %v, sessions %v when all have left", after.Rooms, after.Sessions)
	}
	if after.Video.PacketsIn < 10 || after.Video.PacketsOut < 10 || after.Video.Repaired < now.Video.Repaired || after.Video.Drops["forgotten"] != 1 {
		t.Errorf("video when all have left: %+v", after.Video)
	}
}

// observed notes what an Observer hears.
type observed struct {
	mu     sync.Mutex
	joined map[SessionKind]time.Duration
	first  map[Role]int
	ended  []error
}

func (o *observed) Connected(j Join, role Role, took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.joined[SessionKind{role, j.Via}] = took
}

func (o *observed) FirstPacket(role Role, took time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if took > 0 && took < 10*time.Second {
		o.first[role]++
	}
}

func (o *observed) Ended(_ Join, _ Role, cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, cause)
}

func (o *observed) firsts(role Role) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.first[role]
}

// TestObserver: who waits for a presenter is no slow start.
func TestObserver(t *testing.T) {
	relay := newTestRelay(t)
	heard := &observed{joined: map[SessionKind]time.Duration{}, first: map[Role]int{}}
	relay.observer = heard
	early := newViewer(t, relay, nil, "math")
	early.awaitConnected()
	eventually(t, "the early viewer", func() bool { return relay.Room("math").Viewers == 1 })
	p := publish(t, relay, nil, Join{Room: "math", Remote: loopback, Via: "websocket"}, webrtc.MimeTypeVP8)
	eventually(t, "a live room", func() bool { return relay.Room("math").State == StateLive })
	p.frame(true, 2)
	early.awaitPackets(2)
	late := newViewer(t, relay, nil, "math")
	late.awaitPackets(2)
	eventually(t, "first packets", func() bool { return heard.firsts(RolePublisher) == 1 && heard.firsts(RoleViewer) == 1 })
	late.session.Close(ErrLeft)
	<-late.session.Gone()
	eventually(t, "the end", func() bool { heard.mu.Lock(); defer heard.mu.Unlock(); return len(heard.ended) == 1 })
	heard.mu.Lock()
	defer heard.mu.Unlock()
	if took := heard.joined[SessionKind{RolePublisher, "websocket"}]; took <= 0 || took > 10*time.Second || !errors.Is(heard.ended[0], ErrLeft) {
		t.Errorf("the publisher took %v; the end was %v", took, heard.ended[0])
	}
}
