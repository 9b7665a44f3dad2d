package broadcast

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"relay/broadcast/udp"
)

// countedConn counts the bytes from and to each address.
type countedConn struct {
	*udp.Conn

	mu      sync.Mutex // guards what follows
	in, out map[netip.AddrPort]int
}

func newCountedConn(t *testing.T) *countedConn {
	t.Helper()
	conn, err := udp.Listen(netip.AddrPortFrom(loopback, 0))
	if err != nil {
		t.Fatal(err)
	}
	return &countedConn{Conn: conn, in: map[netip.AddrPort]int{}, out: map[netip.AddrPort]int{}}
}

func (c *countedConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, addr, err := c.Conn.ReadFromAddrPort(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in[addr] += n
	return n, addr, err
}

func (c *countedConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c.mu.Lock()
	c.out[to] += len(b)
	c.mu.Unlock()
	return c.Conn.WriteToAddrPort(b, to)
}

// traffic is the bytes from and to a client so far.
func (c *countedConn) traffic(t *testing.T, of *client) (in, out int) {
	pair, err := of.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil {
		t.Error(err)
		return 0, 0
	}
	addr := netip.AddrPortFrom(netip.MustParseAddr(pair.Local.Address), pair.Local.Port)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.in[addr], c.out[addr]
}

// rtcpFloods are what a hostile viewer sends as its i-th packet. most is how many
// bytes all of them may make the relay send.
var rtcpFloods = map[string]struct {
	packet func(v *viewer, newest uint16, i int) rtcp.Packet
	most   int
}{
	"NACK": {func(v *viewer, newest uint16, _ int) rtcp.Packet {
		nack := &rtcp.TransportLayerNack{MediaSSRC: v.ssrc()}
		for back := range uint16(30) {
			nack.Nacks = append(nack.Nacks, rtcp.NackPair{PacketID: newest - 17*back - 17, LostPackets: 0xffff})
		}
		return nack
	}, 2 * budgetFloor * 150},
	"NACK of what never was": {func(v *viewer, newest uint16, i int) rtcp.Packet {
		return &rtcp.TransportLayerNack{MediaSSRC: v.ssrc(), Nacks: []rtcp.NackPair{{PacketID: newest + 1000 + uint16(i*17), LostPackets: 0xffff}}}
	}, quietly},
	"PLI": {func(v *viewer, _ uint16, _ int) rtcp.Packet {
		return &rtcp.PictureLossIndication{MediaSSRC: v.ssrc()}
	}, quietly},
	"FIR": {func(v *viewer, _ uint16, i int) rtcp.Packet {
		return &rtcp.FullIntraRequest{MediaSSRC: v.ssrc(), FIR: []rtcp.FIREntry{{SSRC: v.ssrc(), SequenceNumber: uint8(i)}}}
	}, quietly},
	"receiver reports": {func(v *viewer, _ uint16, _ int) rtcp.Packet {
		return &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: v.ssrc(), LastSenderReport: rand.Uint32(), Delay: rand.Uint32()}}}
	}, quietly},
	"reports of total loss": {func(v *viewer, _ uint16, _ int) rtcp.Packet {
		return &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: v.ssrc(), FractionLost: 255, TotalLost: 1 << 20}}}
	}, quietly},
	"sender reports": {func(v *viewer, _ uint16, i int) rtcp.Packet {
		return &rtcp.SenderReport{SSRC: v.ssrc(), NTPTime: rand.Uint64(), RTPTime: uint32(i), Reports: []rtcp.ReceptionReport{{SSRC: v.ssrc()}}}
	}, quietly},
	"REMB": {func(v *viewer, _ uint16, _ int) rtcp.Packet {
		return &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 1, Bitrate: 1e12, SSRCs: []uint32{v.ssrc()}}
	}, quietly},
	"transport-wide feedback": {func(v *viewer, _ uint16, i int) rtcp.Packet {
		return &rtcp.TransportLayerCC{
			Header:    rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 5, Padding: true},
			MediaSSRC: v.ssrc(), BaseSequenceNumber: uint16(i), PacketStatusCount: 1,
			PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{RunLength: 1, PacketStatusSymbol: 1}},
			RecvDeltas:   []*rtcp.RecvDelta{{Type: 1, Delta: 250}},
		}
	}, quietly},
	"application packets": {func(v *viewer, _ uint16, _ int) rtcp.Packet {
		return &rtcp.ApplicationDefined{SSRC: v.ssrc(), Name: "evil", Data: make([]byte, 64)}
	}, quietly},
	"goodbyes": {func(v *viewer, _ uint16, _ int) rtcp.Packet { return &rtcp.Goodbye{Sources: []uint32{v.ssrc()}} }, quietly},
	"noise": {func(v *viewer, _ uint16, _ int) rtcp.Packet {
		packet := rtcp.RawPacket(make([]byte, 64))
		copy(packet, []byte{0x80 | byte(rand.UintN(32)), byte(200 + rand.UintN(12)), 0, 15})
		return &packet
	}, quietly},
}

// quietly is what a viewer of a still picture gets within a second by itself: sender
// reports and checks of ICE.
const quietly = 1200

// TestRTCPIsNoAmplifier: what a viewer sends does not make the relay send more than
// it may have again.
func TestRTCPIsNoAmplifier(t *testing.T) {
	conn := newCountedConn(t)
	relay := startRelay(t, conn)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	for i := range 30 {
		p.frame(i == 0, 20)
		time.Sleep(5 * time.Millisecond)
	}
	viewers := map[string]*viewer{}
	for name := range rtcpFloods {
		viewers[name] = newViewer(t, relay, nil, "math")
		viewers[name].awaitConnected()
		viewers[name].awaitPackets(100)
	}
	time.Sleep(300 * time.Millisecond) // the rest comes, and the tail is repeated
	var floods sync.WaitGroup
	for name, v := range viewers {
		floods.Go(func() {
			in, out := conn.traffic(t, v.client)
			v.flood(func(i int) rtcp.Packet { return rtcpFloods[name].packet(v, p.seq-1, i) })
			nowIn, nowOut := conn.traffic(t, v.client)
			if got := nowOut - out; got > rtcpFloods[name].most {
				t.Errorf("%s: %d bytes made the relay send %d, want %d at most", name, nowIn-in, got, rtcpFloods[name].most)
			}
			t.Logf("%s: %d bytes in, %d bytes out", name, nowIn-in, nowOut-out)
		})
	}
	floods.Wait()
}

// flood sends 400 packets within half a second, and waits for what comes of the last.
func (v *viewer) flood(packet func(i int) rtcp.Packet) {
	for i := range 400 {
		if v.pc.WriteRTCP([]rtcp.Packet{packet(i)}) != nil {
			return // the session has ended
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
}

// TestOneViewerAsksForFewKeyFrames: who presents, and all others, pay for each.
func TestOneViewerAsksForFewKeyFrames(t *testing.T) {
	t.Parallel() // it mostly waits
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 1)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	v.awaitPackets(1)
	keyFramesAsked(p)
	asked := 0
	for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(5 * time.Millisecond) {
		v.send(&rtcp.PictureLossIndication{MediaSSRC: v.ssrc()})
		if n := keyFramesAsked(p); n > 0 {
			asked += n
			p.frame(true, 1)
		}
	}
	if asked > askBurst {
		t.Errorf("%d requests in 3 s", asked)
	}
	t.Logf("%d requests in 3 s", asked)
}
