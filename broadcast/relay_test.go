package broadcast

import (
	"testing"

	"github.com/pion/webrtc/v4"
)

func TestForward(t *testing.T) {
	relay := newTestRelay(t)
	early := newViewer(t, relay, nil, "math")
	early.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 5)
	for range 9 {
		p.frame(false, 5)
	}
	got := early.awaitPackets(50)
	for i, packet := range got {
		if counterOf(packet) != uint32(i+1) {
			t.Fatalf("packet %d carries %d", i, counterOf(packet))
		}
	}
	late := newViewer(t, relay, nil, "math")
	late.awaitConnected()
	primed := late.awaitPackets(50)
	for i, packet := range primed {
		if counterOf(packet) != uint32(i+1) || packet.SequenceNumber != got[i].SequenceNumber {
			t.Fatalf("primed packet %d carries %d under %d, not under %d", i, counterOf(packet), packet.SequenceNumber, got[i].SequenceNumber)
		}
	}
	edge := got[49].Timestamp
	for i, packet := range primed {
		if want := edge - uint32(9-i/5)*90; packet.Timestamp != want {
			t.Fatalf("primed packet %d has timestamp %d, want %d", i, packet.Timestamp, want)
		}
	}
	eventually(t, "two viewers", func() bool { return relay.Room("math").Viewers == 2 })
	if state := relay.Room("math"); state.State != StateLive || state.Video != CodecVP8 {
		t.Errorf("room is %+v", state)
	}
}
