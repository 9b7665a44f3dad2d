package broadcast

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// The relay asks its publisher for what is missing, and the repair, which comes
// late on the media SSRC, goes on to the viewers.
func TestPublisherIsAskedAgain(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 2)
	v.awaitPackets(2)
	p.timestamp += 3000
	lost := p.packetOf(false, 0, 2)
	p.write(p.packetOf(false, 1, 2))
	nacked := map[uint16]bool{}
	eventually(t, "a NACK", func() bool {
		for _, n := range nacksTo(p) {
			nacked[n] = true
		}
		return nacked[lost.SequenceNumber]
	})
	if len(nacked) != 1 {
		t.Errorf("asked for %v, only %d is missing", nacked, lost.SequenceNumber)
	}
	p.write(lost)
	got := v.awaitPackets(4)
	if counterOf(got[3]) != counterOf(&rtp.Packet{Payload: lost.Payload}) {
		t.Error("the repair did not reach the viewer")
	}
	late := newViewer(t, relay, nil, "math")
	late.awaitConnected()
	contiguous(t, late.awaitPackets(4))
}

func nacksTo(p *publisher) (numbers []uint16) {
	for {
		select {
		case packet := <-p.feedback:
			if nack, ok := packet.(*rtcp.TransportLayerNack); ok {
				for _, pair := range nack.Nacks {
					numbers = append(numbers, pair.PacketList()...)
				}
			}
		default:
			return numbers
		}
	}
}

// Dropping what has only padding would make a hole for every viewer.
func TestPaddingGoesOnAsAnEmptyPacket(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 1)
	p.write(&rtp.Packet{Header: rtp.Header{Version: 2, Padding: true, PaddingSize: 200, SequenceNumber: p.seq, Timestamp: p.timestamp}})
	p.seq++
	padded := p.packetOf(false, 0, 1)
	padded.Padding, padded.PaddingSize = true, 7
	p.write(padded)
	got := v.awaitPackets(3)
	contiguous(t, got)
	if len(got[1].Payload) != 0 || got[1].Padding {
		t.Errorf("padding went on as %d bytes", len(got[1].Payload))
	}
	if len(got[2].Payload) != len(padded.Payload) {
		t.Errorf("a padded packet of %d bytes went on with %d", len(padded.Payload), len(got[2].Payload))
	}
}

// What was asked for is asked again until a key frame is seen.
func TestKeyFrameIsAskedForUntilSeen(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(false, 1) // a publisher that does not begin with a key frame
	var plis, firs int
	eventually(t, "two PLIs, then a FIR", func() bool {
		for {
			select {
			case packet := <-p.feedback:
				switch packet.(type) {
				case *rtcp.PictureLossIndication:
					plis++
				case *rtcp.FullIntraRequest:
					firs++
				}
				continue
			default:
			}
			return firs > 0
		}
	})
	if plis != 2 {
		t.Errorf("%d PLIs before the FIR", plis)
	}
	p.frame(true, 1)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	v.awaitPackets(1)
	keyFramesAsked(p)
	if asked := keyFramesAsked(p); asked != 0 {
		t.Error("asked again after the key frame")
	}
}

// Whoever comes after a presentation sees nothing of it.
func TestEndedPresentationIsForgotten(t *testing.T) {
	relay := newTestRelay(t)
	early := newViewer(t, relay, nil, "math")
	early.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 2)
	early.awaitPackets(2)
	p.session.Close(ErrLeft)
	eventually(t, "idle", func() bool { return relay.Room("math").State == StateIdle })
	if state := relay.Room("math"); state.Video != CodecNone || !state.Since.IsZero() {
		t.Errorf("an idle room is %+v", state)
	}
	late := newViewer(t, relay, nil, "math")
	late.awaitConnected()
	next := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	next.frame(true, 3)
	got := late.awaitPackets(3)
	if counterOf(got[0]) != 1 || len(got) != 3 {
		t.Errorf("a late viewer got %d packets, the first is %d of its presentation", len(got), counterOf(got[0]))
	}
	contiguous(t, early.awaitPackets(5))
}

// A replay that takes longer than a new key frame is not made.
func TestLongGOPIsNotReplayed(t *testing.T) {
	relay := newTestRelay(t)
	early := newViewer(t, relay, nil, "math")
	early.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 1)
	for i := range maxPrimeFrames {
		p.frame(false, 1)
		if i%50 == 0 {
			early.awaitPackets(i)
		}
	}
	early.awaitPackets(maxPrimeFrames + 1)
	keyFramesAsked(p)
	late := newViewer(t, relay, nil, "math")
	late.awaitConnected()
	eventually(t, "a key frame is asked for", func() bool { return keyFramesAsked(p) > 0 })
	p.frame(true, 1)
	if first := late.awaitPackets(1)[0]; counterOf(first) != maxPrimeFrames+2 {
		t.Errorf("it starts with packet %d", counterOf(first))
	}
}

// Viewers get the relay's own sender reports, with both kinds on one clock.
func TestSenderReports(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 1)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	primed := v.awaitPackets(1)[0]
	reports := make(chan *rtcp.SenderReport, 10)
	for _, r := range v.pc.GetReceivers() {
		if r.Track() == nil || r.Track().Kind() != webrtc.RTPCodecTypeVideo {
			continue
		}
		go func() {
			for {
				packets, _, err := r.ReadRTCP()
				if err != nil {
					return
				}
				for _, packet := range packets {
					if sr, ok := packet.(*rtcp.SenderReport); ok {
						reports <- sr
					}
				}
			}
		}()
	}
	// The publisher's clock is an hour ahead, its picture is from half a second ago.
	ahead := time.Now().Add(time.Hour)
	if err := p.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{
		SSRC: uint32(p.pc.GetSenders()[0].GetParameters().Encodings[0].SSRC), NTPTime: toNTP(ahead), RTPTime: p.timestamp + 45000,
	}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a report with the publisher's clock", func() bool {
		sr := <-reports
		at := fromNTP(sr.NTPTime)
		if since := time.Since(at); since < -time.Second || since > 2*time.Second {
			t.Fatalf("the report is not in the relay's clock: %v", at)
		}
		if sr.PacketCount == 0 || sr.OctetCount == 0 {
			t.Fatal("the report counts nothing")
		}
		// At `ahead` less an hour the publisher's RTP clock showed timestamp+45000.
		want := primed.Timestamp + 45000 + ticks(at.Sub(ahead.Add(-time.Hour)), 90000)
		return abs(int32(sr.RTPTime-want)) < 90*100
	})
}

func abs(n int32) int32 { return max(n, -n) }

// A repair comes a round trip late, on the media SSRC: that can be many packets.
func TestLateRepairsAreTaken(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	p.frame(true, 2)
	v.awaitPackets(2)
	const behind = 300
	p.timestamp += 3000
	lost := p.packetOf(false, 0, behind+1)
	for i := 1; i <= behind; i++ {
		p.write(p.packetOf(false, i, behind+1))
		v.awaitPackets(2 + i)
	}
	p.write(lost)
	if got := v.awaitPackets(3 + behind); counterOf(got[2+behind]) != counterOf(lost) {
		t.Error("the repair did not arrive")
	}
}

// An offer need not name its SSRCs (a=ssrc), even where it has the mid extension.
func TestOfferWithoutSSRCs(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	session, err := relay.Publish(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	p := &publisher{client: newClient(t, newClientAPI(t, clientOn(nil), webrtc.MimeTypeVP8, webrtc.MimeTypeOpus))}
	p.session = session
	p.video, _ = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "screen")
	p.audio, _ = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "screen")
	for _, track := range []*webrtc.TrackLocalStaticRTP{p.video, p.audio} {
		if _, err := p.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
			t.Fatal(err)
		}
	}
	offer := regexp.MustCompile(`a=ssrc.*\r\n`).ReplaceAllString(p.offer(false), "")
	offer = strings.ReplaceAll(offer, "a=rtcp-mux\r\n", "a=rtcp-mux\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n")
	answer, err := session.Offer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	p.awaitConnected()
	eventually(t, "a picture", func() bool {
		p.frame(true, 1)
		return len(v.onMedia()) > 0
	})
}
