package broadcast

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Track is one kind of a publisher's media coming in.
type Track struct {
	// static after takeTrack
	session *Session
	fanout  *fanout
	ssrc    uint32
	formats map[uint8]*format // by the publisher's payload type
	clock   *senderClock      // shared with the publisher's other Track

	firs uint8 // FIRs sent; owned by the fan-out's run

	mu     sync.Mutex // guards what follows
	report *senderReport
}

// takeTrack is Pion's OnTrack handler of a publisher. It reads until the
// session ends.
func (s *Session) takeTrack(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	k := kindVideo
	if remote.Kind() == webrtc.RTPCodecTypeAudio {
		k = kindAudio
	}
	t := &Track{
		session: s, fanout: s.room.fanout(k), ssrc: uint32(remote.SSRC()),
		formats: formatsOf(receiver.GetParameters().Codecs), clock: &s.clock,
	}
	relay := s.room.relay
	relay.mu.Lock()
	mine := s.room.publisher == s && s.ctx.Err() == nil
	if mine {
		t.fanout.setSource(t)
		relay.work.Go(func() { t.readReports(receiver) })
		relay.work.Go(func() { t.read(remote) })
	}
	relay.mu.Unlock()
}

func formatsOf(codecs []webrtc.RTPCodecParameters) map[uint8]*format {
	formats := map[uint8]*format{}
	for _, c := range codecs {
		if codec := codecOf(c.MimeType); codec != CodecNone {
			formats[uint8(c.PayloadType)] = &format{codec: codec, fmtp: c.SDPFmtpLine}
		}
	}
	return formats
}

// read takes packets from Pion until the session ends. It owns the buffer.
func (t *Track) read(remote *webrtc.TrackRemote) {
	buffer := make([]byte, receiveMTU)
	var header rtp.Header
	for {
		n, _, err := remote.Read(buffer)
		switch {
		case err == nil:
			t.parse(&header, buffer[:n])
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe), t.session.ctx.Err() != nil:
			return
		}
		// Any other error is a payload type that was not negotiated: one packet's.
	}
}

// parse leaves out the header extensions, whose ids are the publisher's own,
// and padding. A packet of nothing but padding goes on as an empty one, since
// a missing number would be a loss to every viewer.
func (t *Track) parse(header *rtp.Header, b []byte) {
	n, err := header.Unmarshal(b)
	if err != nil {
		return
	}
	payload := b[n:]
	if header.Padding && len(payload) > 0 {
		payload = payload[:len(payload)-min(int(payload[len(payload)-1]), len(payload))]
	}
	if t.session.received.Add(1) == 1 {
		t.session.firstPacket()
	}
	t.fanout.ingest.packets.Add(1)
	t.fanout.ingest.bytes.Add(uint64(len(payload)))
	t.fanout.take(t, header, payload, time.Now())
}

// readReports reads the publisher's sender reports until the session ends.
func (t *Track) readReports(receiver *webrtc.RTPReceiver) {
	buffer := make([]byte, receiveMTU)
	for {
		n, _, err := receiver.Read(buffer)
		if err != nil {
			return
		}
		t.hear(buffer[:n], time.Now())
	}
}

// hear notes the sender reports in the publisher's RTCP. What can't be read is nobody's.
func (t *Track) hear(b []byte, now time.Time) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, p := range packets {
		if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == t.ssrc {
			t.note(sr, now)
		}
	}
}

// askKeyFrame asks the publisher for one.
func (t *Track) askKeyFrame(how ask) {
	count := &t.fanout.ingest.plis
	var request rtcp.Packet = &rtcp.PictureLossIndication{MediaSSRC: t.ssrc}
	if how == askFIR {
		t.firs++
		count = &t.fanout.ingest.firs
		request = &rtcp.FullIntraRequest{MediaSSRC: t.ssrc, FIR: []rtcp.FIREntry{{SSRC: t.ssrc, SequenceNumber: t.firs}}}
	}
	count.Add(1)
	t.session.writeRTCP(request)
}

// nack asks the publisher for packets again.
func (t *Track) nack(numbers []uint16) {
	t.fanout.ingest.nacks.Add(uint64(len(numbers)))
	t.session.writeRTCP(&rtcp.TransportLayerNack{MediaSSRC: t.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(numbers)})
}

// writeRTCP sends to the peer. What is lost is asked for again, or outdated.
func (s *Session) writeRTCP(p rtcp.Packet) {
	if pc := s.peer.Load(); pc != nil {
		_ = pc.WriteRTCP([]rtcp.Packet{p})
	}
}
