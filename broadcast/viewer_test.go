package broadcast

import (
	"errors"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// A third of all joins land inside a frame.
func TestJoinInsideAFrame(t *testing.T) {
	relay := newTestRelay(t)
	early := newViewer(t, relay, nil, "math")
	early.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 3)
	p.frame(false, 3)
	p.timestamp += 3000
	p.write(p.packetOf(false, 0, 3))
	p.write(p.packetOf(false, 1, 3))
	early.awaitPackets(8)

	late := newViewer(t, relay, nil, "math")
	late.awaitConnected()
	late.awaitPackets(8)
	p.write(p.packetOf(false, 2, 3))
	p.frame(false, 1)
	got := late.awaitPackets(10)
	contiguous(t, got)
	if live := early.awaitPackets(10); got[9].Timestamp != live[9].Timestamp || got[7].Timestamp != live[7].Timestamp {
		t.Error("packets of the frame in flight do not keep their timestamp")
	} else if got[5].Timestamp != live[5].Timestamp || got[2].Timestamp != live[5].Timestamp-90 {
		t.Error("the frames before it are not squeezed to its edge")
	}
	if asked := keyFramesAsked(p); asked > 1 { // one when it began: the first frame may have been slow
		t.Errorf("%d key frames were asked for", asked)
	}
}

// A join in the middle of the first key frame gets that, not another one.
func TestJoinInsideAKeyFrame(t *testing.T) {
	relay := newTestRelay(t)
	early := newViewer(t, relay, nil, "math")
	early.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.timestamp += 3000
	p.write(p.packetOf(true, 0, 3))
	p.write(p.packetOf(true, 1, 3))
	early.awaitPackets(2)
	late := newViewer(t, relay, nil, "math")
	late.awaitConnected()
	late.awaitPackets(2)
	p.write(p.packetOf(true, 2, 3))
	got := late.awaitPackets(3)
	contiguous(t, got)
	if got[0].Timestamp != early.onMedia()[0].Timestamp {
		t.Error("the frame in flight does not keep its timestamp")
	}
}

func keyFramesAsked(p *publisher) (n int) {
	for {
		select {
		case packet := <-p.feedback:
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				n++
			}
		default:
			return n
		}
	}
}

// Requests of any number of viewers make one.
func TestKeyFrameRequestsAreCoalesced(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 1)
	var viewers []*viewer
	for range 5 {
		v := newViewer(t, relay, nil, "math")
		v.awaitConnected()
		v.awaitPackets(1)
		viewers = append(viewers, v)
	}
	keyFramesAsked(p)
	started := time.Now()
	for _, v := range viewers {
		v.send(&rtcp.PictureLossIndication{MediaSSRC: v.ssrc()})
	}
	asked := 0
	eventually(t, "a request", func() bool { asked += keyFramesAsked(p); return asked > 0 })
	p.frame(true, 1)
	viewers[0].awaitPackets(2)
	if asked += keyFramesAsked(p); asked > 1+int(time.Since(started)/askInterval) {
		t.Errorf("%d requests for one key frame", asked)
	}
}

func (v *viewer) ssrc() uint32 { return v.session.downTracks()[0].binding.Load().ssrc }

func (v *viewer) send(packets ...rtcp.Packet) {
	v.t.Helper()
	if err := v.pc.WriteRTCP(packets); err != nil {
		v.t.Fatal(err)
	}
}

func TestViewerWithoutTheCodec(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math", webrtc.MimeTypeVP8, webrtc.MimeTypeRTX, webrtc.MimeTypeOpus)
	v.awaitConnected()
	first := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	first.frame(true, 2)
	v.awaitPackets(2)

	second := newPublisher(t, relay, nil, "math", first.session.Token(), webrtc.MimeTypeH264)
	second.frame(true, 2)
	eventually(t, "the viewer is told", func() bool {
		trouble := v.session.Trouble()
		return trouble != nil && trouble.Code == CodeCodecUnsupported
	})
	if state := second.session.Room(); state.Unplayable != 1 || state.Video != CodecH264 {
		t.Errorf("the presenter sees %+v", state)
	}
	keyFramesAsked(second)
	v.send(&rtcp.PictureLossIndication{MediaSSRC: v.ssrc()}, &rtcp.TransportLayerNack{
		MediaSSRC: v.ssrc(), Nacks: []rtcp.NackPair{{PacketID: v.received()[0].SequenceNumber}},
	})
	second.frame(false, 2)

	third := newPublisher(t, relay, nil, "math", second.session.Token(), webrtc.MimeTypeVP8)
	third.frame(false, 2) // not before a key frame
	third.frame(true, 2)
	got := v.awaitPackets(4)
	if counterOf(got[2]) != 3 || counterOf(got[3]) != 4 {
		t.Errorf("it starts again with packets %d and %d, not at the key frame", counterOf(got[2]), counterOf(got[3]))
	}
	if v.session.Trouble() != nil {
		t.Error("the trouble is not over")
	}
	if asked := keyFramesAsked(second); asked != 0 {
		t.Errorf("a viewer that lacks the codec made %d requests", asked)
	}
	if v.received(); v.rtx != 0 {
		t.Error("a viewer that lacks the codec was sent repairs")
	}
}

func TestRepairs(t *testing.T) {
	for name, codecs := range map[string][]string{
		"RTX":    {webrtc.MimeTypeVP8, webrtc.MimeTypeRTX, webrtc.MimeTypeOpus},
		"no RTX": {webrtc.MimeTypeVP8, webrtc.MimeTypeOpus},
	} {
		t.Run(name, func(t *testing.T) {
			relay := newTestRelay(t)
			p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
			p.frame(true, 3)
			p.frame(false, 3)
			v := newViewer(t, relay, nil, "math", codecs...)
			v.awaitConnected()
			primed := v.awaitPackets(6)
			lost := primed[1]
			v.send(&rtcp.TransportLayerNack{MediaSSRC: v.ssrc(), Nacks: []rtcp.NackPair{{PacketID: lost.SequenceNumber}}})
			down := v.session.downTracks()[0]
			eventually(t, "the repair", func() bool { return down.repeated.Load() > 0 })
			p.until("the repair at the viewer", func() bool { return count(v.received(), lost.SequenceNumber) == 2 || name == "no RTX" })
			for _, packet := range v.received() {
				if packet.SequenceNumber == lost.SequenceNumber && (packet.Timestamp != lost.Timestamp || counterOf(packet) != counterOf(lost)) {
					t.Error("the repair is not what was sent: squeezed timestamp included")
				}
			}
		})
	}
}

func count(packets []*rtp.Packet, seq uint16) (n int) {
	for _, packet := range packets {
		if packet.SequenceNumber == seq {
			n++
		}
	}
	return n
}

// A viewer can't ask for a last packet that it does not know of.
func TestTailIsRepeated(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p.frame(true, 2)
	v.awaitPackets(2)
	down := v.session.downTracks()[0]
	eventually(t, "the tail", func() bool { return down.repeated.Load() == 1 })
	p.frame(false, 1)
	eventually(t, "the next tail", func() bool { return down.repeated.Load() == 2 })
}

func TestSlowViewer(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p.frame(true, 2)
	v.awaitPackets(2)
	down := v.session.downTracks()[0]
	b := down.binding.Load()
	bad := []rtcp.ReceptionReport{{SSRC: b.ssrc, FractionLost: 80}}
	now := time.Now()
	for i := range 7 {
		down.judge(b, bad, now.Add(time.Duration(i)*time.Second))
	}
	if trouble := v.session.Trouble(); trouble == nil || trouble.Code != CodeRateLimited || trouble.RetryAfter == 0 {
		t.Fatalf("the page is told %v", trouble)
	}
	before := len(v.onMedia())
	p.frame(true, 2)
	if err := p.audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: 1}, Payload: []byte{1}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "sound", func() bool { v.mu.Lock(); defer v.mu.Unlock(); return v.audio > 0 })
	if got := len(v.onMedia()); got != before {
		t.Error("the picture goes on")
	}
	keyFramesAsked(p)
	down.retry(now.Add(20 * time.Second))
	eventually(t, "a key frame is asked for", func() bool { return keyFramesAsked(p) > 0 })
	p.frame(true, 2)
	v.awaitPackets(before + 2)
	if v.session.Trouble() != nil {
		t.Error("the trouble is not over")
	}
}

func TestInventedSSRCsEndTheSession(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	other := newViewer(t, relay, nil, "math")
	other.awaitConnected()
	before := heap()
	var ssrc uint32
	for sent := 0; sent < 700_000; {
		report := &rtcp.ReceiverReport{SSRC: 1}
		for range 31 {
			ssrc++
			report.Reports = append(report.Reports, rtcp.ReceptionReport{SSRC: ssrc})
		}
		if v.pc.WriteRTCP([]rtcp.Packet{report}) != nil {
			break
		}
		sent += 8 + 31*24
	}
	await(t, v.session.Done(), "end of the session")
	if !errors.Is(v.session.Cause(), ErrFlood) {
		t.Errorf("it ended with %v", v.session.Cause())
	}
	var grown int64
	for deadline := time.Now().Add(10 * time.Second); ; {
		if grown = int64(heap()) - int64(before); grown < 1<<20 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the heap grew by %d bytes", grown)
		}
	}
	if other.session.Cause() != nil {
		t.Error("another viewer's session ended")
	}
}

// Nothing is sent to a viewer that fell silent; it starts again at a key frame.
func TestSilentViewerComesBack(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p.frame(true, 2)
	v.awaitPackets(2)
	v.session.down()
	down := v.session.downTracks()[0]
	p.frame(false, 2)
	eventually(t, "packets left out", func() bool { return down.drops[dropAbsent].Load() == 2 })
	if relay.Room("math").Viewers != 0 {
		t.Error("a silent viewer counts")
	}
	keyFramesAsked(p)
	v.session.up()
	eventually(t, "a key frame is asked for", func() bool { return keyFramesAsked(p) > 0 })
	p.frame(true, 2)
	if got := v.awaitPackets(4); counterOf(got[2]) != 5 {
		t.Errorf("it goes on with packet %d", counterOf(got[2]))
	}
}

// A viewer that lacks the codec has no trouble while nobody presents.
func TestTroubleIsOverWhenIdle(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math", webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	v.awaitConnected()
	for range 2 {
		p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeH264)
		p.frame(true, 1)
		eventually(t, "trouble", func() bool { return v.session.Trouble() != nil })
		p.session.Close(ErrLeft)
		eventually(t, "no trouble", func() bool { return v.session.Trouble() == nil })
	}
}

// What the relay does not know of an offer is turned down; the rest plays.
func TestUnknownVideoCodec(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math", "video/H265", webrtc.MimeTypeOpus)
	v.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 1)
	if err := p.audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: 1}, Payload: []byte{1}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "sound", func() bool { v.mu.Lock(); defer v.mu.Unlock(); return v.audio > 0 })
	nothing, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	only := newClient(t, newClientAPI(t, clientOn(nil), "video/H265"))
	if _, err := only.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	if _, err := nothing.Offer(only.offer(false)); AsError(err).Code != CodeCodecUnsupported {
		t.Errorf("an offer of unknown codecs only: %v", err)
	}
}

// Whatever comes to the UDP port, nobody notices.
func TestGarbageOnThePort(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 1)
	v.awaitPackets(1)
	stranger, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: loopback.AsSlice(), Port: int(relay.mux.port())})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	stun := []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	answer := append([]byte{1, 1}, stun[2:]...)
	starts := [][]byte{nil, stun, answer, {0x80, 96}, {0x81, 205}, {22, 254, 253}} // RTP, RTCP, DTLS
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		garbage := make([]byte, random.IntN(1500))
		for n := range garbage {
			garbage[n] = byte(random.Uint32())
		}
		copy(garbage, starts[i%len(starts)])
		if _, err := stranger.Write(garbage); err != nil {
			t.Fatal(err)
		}
	}
	p.frame(false, 1)
	contiguous(t, v.awaitPackets(2))
}

// A picture that was stopped while nobody sent starts at a key frame all the same.
func TestSlowViewerWithoutPackets(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p.frame(true, 2)
	v.awaitPackets(2)
	down := v.session.downTracks()[0]
	now := time.Now()
	for i := range 7 {
		down.judge(down.binding.Load(), []rtcp.ReceptionReport{{SSRC: v.ssrc(), FractionLost: 80}}, now.Add(time.Duration(i)*time.Second))
	}
	down.retry(now.Add(20 * time.Second))
	p.frame(false, 1)
	v.awaitPackets(3)
	lost := v.onMedia()[2].SequenceNumber
	v.send(&rtcp.TransportLayerNack{MediaSSRC: v.ssrc(), Nacks: []rtcp.NackPair{{PacketID: lost}}})
	eventually(t, "NACKs are served again", func() bool { return down.repeated.Load() > 0 })
}

// The codec of a presentation that is over says nothing about the next.
func TestTroubleIsOverWithoutVideo(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math", webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	v.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeH264)
	p.frame(true, 1)
	eventually(t, "trouble", func() bool { return v.session.Trouble() != nil })
	next := newPublisher(t, relay, nil, "math", p.session.Token(), webrtc.MimeTypeVP8)
	eventually(t, "live with another presenter", func() bool { return next.session.wasConnected() })
	if err := next.audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: 1}, Payload: []byte{1}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "sound", func() bool { return relay.Room("math").Audio })
	if state := relay.Room("math"); v.session.Trouble() != nil || state.Unplayable != 0 || state.Video != CodecNone {
		t.Errorf("told %v in a room that is %+v", v.session.Trouble(), state)
	}
}

// A peer can't make the relay keep, and answer, any number of addresses.
func TestChecksFromManyAddressesEndTheSession(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	transport := v.session.peer.Load().SCTP().Transport().ICETransport()
	ours, err := transport.GetLocalParameters()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := transport.GetRemoteParameters()
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxRemotes + 10 {
		conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 1, byte(i))}, &net.UDPAddr{IP: loopback.AsSlice(), Port: int(relay.mux.port())})
		if err != nil {
			t.Fatal(err)
		}
		check, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(ours.UsernameFragment+":"+theirs.UsernameFragment),
			ice.AttrControlling(1<<60), ice.PriorityAttr(1), stun.NewShortTermIntegrity(ours.Password), stun.Fingerprint)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(check.Raw); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
	await(t, v.session.Done(), "end of the session")
	if !errors.Is(v.session.Cause(), ErrFlood) {
		t.Errorf("it ended with %v", v.session.Cause())
	}
}
