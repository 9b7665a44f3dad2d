package broadcast

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// deafViewers are connected viewers whose sockets then close: the relay goes on
// sending, and nothing of theirs is measured with it.
func deafViewers(t testing.TB, relay *Relay, n int) (downs []*DownTrack) {
	t.Helper()
	var sockets []net.PacketConn
	for range n {
		socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		sockets = append(sockets, socket)
		downs = append(downs, connectThrough(t, relay, socket).downTracks()[0])
	}
	for _, socket := range sockets {
		_ = socket.Close()
	}
	return downs
}

func connectThrough(t testing.TB, relay *Relay, socket net.PacketConn) *Session {
	t.Helper()
	settings := clientSettings()
	settings.SetICEUDPMux(ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: socket, Logger: quiet.NewLogger("")}))
	c := newClient(t, newClientAPI(t, settings, allVideo...))
	session, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	c.session = session
	if _, err := c.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	c.negotiate(false)
	c.awaitConnected()
	eventually(t, "the relay knows", session.wasConnected)
	return session
}

var testVP8 = &format{codec: CodecVP8}

// testBurst is a frame as the history holds it: 10 packets of 1.1 kB.
func testBurst(first uint16) (burst []*packet) {
	for i := range uint16(10) {
		p := newPacket(first+i, make([]byte, 1100))
		p.format, p.timestamp, p.marker, p.keyStart = testVP8, uint32(first)*3000, i == 9, i == 0
		p.order = uint64(first) + uint64(i) + 1
		burst = append(burst, p)
	}
	return burst
}

// BenchmarkForward is a frame's way to all of its viewers' sockets: by all
// processors (wall clock), and what it costs for each viewer and packet.
func BenchmarkForward(b *testing.B) {
	for _, viewers := range []int{1, 20, 100} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) {
			relay := newTestRelay(b)
			f := newFanout(kindVideo, relay.crew, func() {}) // the benchmark runs it
			for _, d := range deafViewers(b, relay, viewers) {
				d.fanout.leave(d)
				d.phase = phaseWaiting
				d.primed.Store(&squeeze{})
				f.join(d)
			}
			burst := testBurst(0)
			b.ReportAllocs()
			for b.Loop() {
				for _, p := range burst {
					p.seq += uint16(len(burst))
				}
				f.shares.forward(burst, f.audience, time.Time{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(burst)*viewers), "ns/packet")
		})
	}
}

func BenchmarkResend(b *testing.B) {
	relay := newTestRelay(b)
	d := deafViewers(b, relay, 1)[0]
	d.fanout.leave(d)
	d.primed.Store(&squeeze{})
	burst, to := testBurst(0), d.binding.Load()
	b.ReportAllocs()
	for b.Loop() {
		d.resend(to, burst[5])
	}
}

// BenchmarkReplay is a pass with 20 joiners of a GOP of 200 packets.
func BenchmarkReplay(b *testing.B) {
	room := newLesson(20, 10)
	b.ReportAllocs()
	for b.Loop() {
		room.seats, room.audience = nil, make(audience, 1)
		room.sit(20)
		room.now = room.now.Add(time.Second)
		room.pass()
	}
}

// A repair that comes last is not the tail of the picture.
func TestTailIsTheNewest(t *testing.T) {
	f := newFanout(kindVideo, newCrew(unheld{}), func() {})
	burst := testBurst(65530)
	f.observe([]*packet{burst[0], burst[2], burst[9], burst[1]}, time.Now())
	if f.last != burst[9] {
		t.Errorf("the tail is %d, not %d", f.last.seq, burst[9].seq)
	}
}
