package broadcast

import (
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// quietRoom is a room of honest people, who shall not notice anything. What was lost
// on their ways is sent again, as browsers do.
type quietRoom struct {
	p    *publisher
	v    *viewer
	sent map[uint16]*rtp.Packet // owned by present
	stop chan struct{}
	done sync.WaitGroup
}

func newQuietRoom(t *testing.T, relay *Relay) *quietRoom {
	t.Helper()
	q := &quietRoom{v: newViewer(t, relay, nil, "quiet"), sent: map[uint16]*rtp.Packet{}, stop: make(chan struct{})}
	q.v.awaitConnected()
	q.p = newPublisher(t, relay, nil, "quiet", "", webrtc.MimeTypeVP8)
	q.done.Go(func() { q.v.askAgain(q.stop) })
	q.done.Go(q.present)
	return q
}

// present sends 100 frames of 3 packets a second, and those again that are asked for.
func (q *quietRoom) present() {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for first := true; ; {
		select {
		case <-tick.C:
			q.p.timestamp += 900
			for i := range 3 {
				packet := q.p.packetOf(first, i, 3)
				q.sent[packet.SequenceNumber] = packet
				q.p.write(packet)
			}
			first = false
		case feedback := <-q.p.feedback:
			if nack, ok := feedback.(*rtcp.TransportLayerNack); ok {
				q.repeat(nack)
			}
		case <-q.stop:
			return
		}
	}
}

func (q *quietRoom) repeat(nack *rtcp.TransportLayerNack) {
	for _, pair := range nack.Nacks {
		for _, number := range pair.PacketList() {
			if packet := q.sent[number]; packet != nil {
				q.p.write(packet)
			}
		}
	}
}

// check ends the room, and fails the test for what its viewer missed.
func (q *quietRoom) check(t *testing.T) (packets int) {
	t.Helper()
	eventually(t, "the viewer of another room has all that was sent", func() bool { return q.missing() == 0 })
	close(q.stop)
	q.done.Wait()
	return len(q.v.received())
}

// missing is how many numbers between the first and the last that came did not come.
func (q *quietRoom) missing() int {
	got := map[uint16]bool{}
	packets := q.v.received()
	if len(packets) == 0 {
		return 1
	}
	first, newest := packets[0].SequenceNumber, packets[0].SequenceNumber
	for _, p := range packets {
		got[p.SequenceNumber] = true
		if int16(p.SequenceNumber-newest) > 0 {
			newest = p.SequenceNumber
		}
	}
	return int(newest-first) + 1 - len(got)
}
