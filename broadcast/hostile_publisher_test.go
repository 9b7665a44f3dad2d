package broadcast

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// rawTrack sends whatever RTP it is told to, with any SSRC and payload type.
type rawTrack struct {
	id, stream string
	kind       webrtc.RTPCodecType
	context    webrtc.TrackLocalContext
	bound      chan struct{}
	once       sync.Once
}

func newRawTrack(kind webrtc.RTPCodecType) *rawTrack {
	return &rawTrack{id: kind.String(), stream: "screen", kind: kind, bound: make(chan struct{})}
}

func (r *rawTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	r.context = c
	r.once.Do(func() { close(r.bound) })
	return c.CodecParameters()[0], nil
}

func (r *rawTrack) Unbind(webrtc.TrackLocalContext) error { return nil }
func (r *rawTrack) ID() string                            { return r.id }
func (r *rawTrack) RID() string                           { return "" }
func (r *rawTrack) StreamID() string                      { return r.stream }
func (r *rawTrack) Kind() webrtc.RTPCodecType             { return r.kind }

// honest is the header that the track should send.
func (r *rawTrack) honest() rtp.Header {
	return rtp.Header{Version: 2, SSRC: uint32(r.context.SSRC()), PayloadType: uint8(r.context.CodecParameters()[0].PayloadType)}
}

// hostilePublisher is a publisher of anything.
type hostilePublisher struct {
	*client
	video, audio *rawTrack
}

func newHostilePublisher(t *testing.T, relay *Relay, room string) *hostilePublisher {
	t.Helper()
	session, err := relay.Publish(Join{Room: room, Remote: loopback, Encoder: true, Final: true})
	if err != nil {
		t.Fatal(err)
	}
	p := &hostilePublisher{
		client: newClient(t, newClientAPI(t, clientOn(nil), webrtc.MimeTypeH264, webrtc.MimeTypeOpus)),
		video:  newRawTrack(webrtc.RTPCodecTypeVideo), audio: newRawTrack(webrtc.RTPCodecTypeAudio),
	}
	p.session = session
	for _, track := range []*rawTrack{p.video, p.audio} {
		if _, err := p.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
			t.Fatal(err)
		}
	}
	p.negotiate(false)
	p.awaitConnected()
	await(t, p.video.bound, "bound")
	await(t, p.audio.bound, "bound")
	return p
}

// Payloads that begin a key frame of H264, and that do not.
var (
	hostileKey   = append([]byte{0x65, 0x88}, make([]byte, 1100)...)
	hostileDelta = append([]byte{0x41, 0x9a}, make([]byte, 1100)...)
)

// malice is what a hostile publisher sends as its i-th packet: header is an honest one.
type malice func(p *hostilePublisher, i int, header rtp.Header) (rtp.Header, []byte)

var malices = map[string]malice{
	"an SSRC for each packet": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SSRC, h.SequenceNumber = uint32(i), uint16(i)
		return h, hostileDelta
	},
	"forty SSRCs": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SSRC, h.SequenceNumber = uint32(i%40), uint16(i)
		return h, hostileDelta
	},
	"packets as large as they can be": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp = uint16(i), uint32(i/50)*3000
		return h, make([]byte, 1000+i%60*1000)
	},
	"packets that fill an MTU": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp = uint16(i), uint32(i/50)*3000
		return h, make([]byte, 1430)
	},
	"packets of a byte": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp, h.Marker = uint16(i), uint32(i)*30, true
		return h, []byte{0x41}
	},
	"nothing but padding": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Padding = uint16(i), true
		return h, []byte{0, 0, 0, 4}
	},
	"padding that is longer than the packet": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Padding = uint16(i), true
		return h, []byte{0x65, 0x88, 0xff}
	},
	"timestamps that jump": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp, h.Marker = uint16(i), rand.Uint32(), i%2 == 0
		return h, hostileDelta
	},
	"numbers that jump": func(_ *hostilePublisher, _ int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp = uint16(rand.Uint32()), rand.Uint32()
		return h, hostileDelta
	},
	"numbers with holes": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp = uint16(i*499), uint32(i)*3000
		return h, hostileDelta
	},
	"numbers that go down": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp = uint16(-i), uint32(-i)*3000
		return h, hostileDelta
	},
	"nothing but key frames": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp, h.Marker = uint16(i), uint32(i)*3000, true
		return h, hostileKey
	},
	"one key frame without an end": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp = uint16(i), 1
		return h, hostileKey
	},
	"no key frame": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp, h.Marker = uint16(i), uint32(i/10)*3000, i%10 == 9
		return h, hostileDelta
	},
	"a GOP without an end": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp, h.Marker = uint16(i), uint32(i)*3000, true
		if i == 0 {
			return h, hostileKey
		}
		return h, hostileDelta
	},
	"sound as picture": func(p *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.PayloadType, h.SequenceNumber = p.audio.honest().PayloadType, uint16(i)
		return h, hostileDelta
	},
	"picture as sound": func(p *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SSRC, h.SequenceNumber = p.audio.honest().SSRC, uint16(i)
		return h, hostileKey
	},
	"sound at the rate of a picture": func(p *hostilePublisher, i int, _ rtp.Header) (rtp.Header, []byte) {
		h := p.audio.honest()
		h.SequenceNumber, h.Timestamp = uint16(i), uint32(i)*960
		return h, hostileDelta
	},
	"payload types at random": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.PayloadType, h.SequenceNumber = uint8(rand.UintN(128)), uint16(i)
		return h, hostileDelta
	},
	"noise": func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SequenceNumber, h.Timestamp, h.Marker = uint16(i), uint32(i/3)*3000, rand.UintN(2) == 0
		payload := make([]byte, rand.UintN(1200))
		for j := range payload {
			payload[j] = byte(rand.Uint32())
		}
		return h, payload
	},
}

// commit sends so many packets in a time, and returns why the session ended, if it
// has.
func (p *hostilePublisher) commit(m malice, packets int, during time.Duration) error {
	const slices = 50
	tick := time.NewTicker(during / slices)
	defer tick.Stop()
	i := 0
	for range slices {
		for range packets / slices {
			header, payload := m(p, i, p.video.honest())
			_, _ = p.video.context.WriteStream().WriteRTP(&header, payload) // it may be too long, or the session have ended
			i++
		}
		select {
		case <-tick.C:
		case <-p.session.Done():
			return p.session.Cause()
		}
	}
	return nil
}

// heapUnder is the heap after so many packets of a hostile publisher, while it is there.
func heapUnder(t *testing.T, relay *Relay, m malice, packets int) int64 {
	t.Helper()
	p := newHostilePublisher(t, relay, "loud")
	v := newViewer(t, relay, nil, "loud")
	v.awaitConnected()
	cause := p.commit(m, packets, 150*time.Millisecond)
	if cause != nil && !errors.Is(cause, ErrFlood) {
		t.Errorf("the session ended for %v", cause)
	}
	v.mu.Lock()
	v.video, v.media = nil, nil // what the test keeps
	v.mu.Unlock()
	held := int64(heap())
	p.session.Close(ErrLeft)
	v.session.Close(ErrLeft)
	await(t, p.session.Gone(), "out of the room")
	await(t, v.session.Gone(), "out of the room")
	return held
}

// TestHostilePublisherIsBounded: whatever a publisher sends, the memory that it takes
// is bounded, and viewers of another room lose nothing.
func TestHostilePublisherIsBounded(t *testing.T) {
	const (
		packets = 2000
		most    = 24 << 20
	)
	relay := newTestRelay(t)
	quiet := newQuietRoom(t, relay)
	before := int64(heap())
	worst, by := int64(0), ""
	for name, m := range malices {
		t.Run(name, func(t *testing.T) { // which lets go of its peers
			if grown := heapUnder(t, relay, m, packets) - before; grown > worst {
				worst, by = grown, name
			}
		})
	}
	if worst > most {
		t.Errorf("%s: the heap grew by %d bytes", by, worst)
	}
	seen := quiet.check(t)
	eventually(t, "the memory is free again", func() bool { return int64(heap())-before < 4<<20 })
	t.Logf("%d kinds of malice, %d packets each: the heap grew by %d kB at most (%s); a viewer of another room got %d packets and missed none",
		len(malices), packets, worst/1024, by, seen)
}

var ssrcLine = regexp.MustCompile(`a=ssrc:(\d+)`)

// TestAnnouncedSSRCsAreBounded: a publisher's offer names more sources than it could
// have, and it sends on each of them what nobody reads.
func TestAnnouncedSSRCsAreBounded(t *testing.T) {
	relay := newTestRelay(t)
	session, err := relay.Publish(Join{Room: "loud", Remote: loopback, Final: true})
	if err != nil {
		t.Fatal(err)
	}
	p := &hostilePublisher{client: newClient(t, newClientAPI(t, clientOn(nil), webrtc.MimeTypeH264)), video: newRawTrack(webrtc.RTPCodecTypeVideo)}
	p.session = session
	if _, err := p.pc.AddTransceiverFromTrack(p.video, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		t.Fatal(err)
	}
	const sources = 60
	offer := p.offer(false)
	own := ssrcLine.FindStringSubmatch(offer)[1]
	for i := range sources { // each repairs the one: several tracks Pion does not take
		offer += fmt.Sprintf("a=ssrc-group:FID %s %d\r\na=ssrc:%d cname:x\r\n", own, i+1, i+1)
	}
	answer, err := session.Offer(offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	p.awaitConnected()
	before := int64(heap())
	_ = p.commit(func(_ *hostilePublisher, i int, h rtp.Header) (rtp.Header, []byte) {
		h.SSRC, h.SequenceNumber = uint32(i%sources+1), uint16(i/sources)
		return h, hostileDelta
	}, 30_000, 1200*time.Millisecond)
	grown := int64(heap()) - before
	if grown > 24<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	t.Logf("%d announced SSRCs: the heap grew by %d kB, %v", sources, grown/1024, session.Cause())
}
