package broadcast

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/stun/v4"
)

// Fuzzers of what comes from peers over the media port, beside those of payloads and
// of offers.

// fuzzedTrack is a track of a kind whose fan-out is the test's.
func fuzzedTrack(k kind) *Track {
	t := &Track{
		session: &Session{join: Join{Encoder: true}, log: slog.New(slog.DiscardHandler)}, ssrc: 1, clock: &senderClock{},
		fanout: newFanout(k, newCrew(unheld{}), func() {}),
		formats: map[uint8]*format{
			96: {codec: CodecVP8}, 97: {codec: CodecH264}, 98: {codec: CodecVP9}, 99: {codec: CodecAV1}, 111: {codec: CodecOpus},
		},
	}
	t.fanout.setSource(t)
	return t
}

// eachOf takes data apart: a byte says how long the next piece is.
func eachOf(data []byte, take func(piece []byte)) {
	for len(data) > 0 {
		n := min(int(data[0]), len(data)-1)
		take(data[1 : 1+n])
		data = data[1+n:]
	}
}

func marshaled(packets ...interface{ Marshal() ([]byte, error) }) (all []byte) {
	for _, p := range packets {
		b, err := p.Marshal()
		if err != nil {
			panic(err)
		}
		all = append(append(all, byte(len(b))), b...)
	}
	return all
}

// FuzzTake: no RTP makes a track or its fan-out panic, or hold more than its bounds.
func FuzzTake(f *testing.F) {
	key := func(number uint16, at uint32, payload ...byte) *rtp.Packet {
		return &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: number, Timestamp: at, Marker: true, SSRC: 1}, Payload: payload}
	}
	f.Add(marshaled(key(1, 3000, 0x10, 0), key(2, 6000, 0x10, 1), key(600, 9000, 0x10, 1), key(599, 9000, 0x10, 1)))
	f.Add(marshaled(key(65535, 0, 0x10, 0), key(0, 1<<31, 0x10, 1), key(40000, 9, 0x10), key(40001, 9)))
	f.Add([]byte{14, 0xb0, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 12, 0x8f, 97, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, k := range []kind{kindVideo, kindAudio} {
			track := fuzzedTrack(k)
			var header rtp.Header
			eachOf(data, func(piece []byte) { track.parse(&header, piece) })
			now := time.Now()
			track.fanout.keep(now)
			burst, _ := track.fanout.collect()
			track.fanout.observe(burst, now)
			track.fanout.ask(now)
			track.fanout.missing(now)
			track.fanout.info(now)
			wantBounded(t, track.fanout)
		}
	})
}

func wantBounded(t *testing.T, f *fanout) {
	t.Helper()
	h := f.history
	held, packets := 0, 0
	for _, s := range h.slots {
		if s.packet != nil {
			held += len(s.packet.raw)
			packets++
		}
	}
	if held != h.held || held > h.mostBytes || len(h.slots) > maxSlots {
		t.Errorf("the history holds %d bytes in %d of %d slots, and counts %d", held, packets, len(h.slots), h.held)
	}
	if len(f.gaps.missing) > maxMissing || len(f.pending) > maxPending {
		t.Errorf("%d are missing, %d pending", len(f.gaps.missing), len(f.pending))
	}
	if _, _, _, ok := h.gop(1000, 1<<20, time.Now()); ok && packets == 0 {
		t.Error("a GOP of nothing")
	}
}

// countingWriter takes what a viewer is sent.
type countingWriter struct{ packets int }

func (w *countingWriter) WriteRTP(*rtp.Header, []byte) (int, error) { w.packets++; return 0, nil }
func (w *countingWriter) Write([]byte) (int, error)                 { w.packets++; return 0, nil }

// fuzzedViewer is a viewer who was sent 300 packets.
func fuzzedViewer() (*DownTrack, *countingWriter) {
	w := &countingWriter{}
	d := &DownTrack{session: &Session{room: &Room{relay: &Relay{}}}, fanout: newFanout(kindVideo, newCrew(unheld{}), func() {})}
	d.binding.Store(&binding{ssrc: 1, rtxSSRC: 2, types: []payloadType{{format: *testVP8, media: 96, rtx: 97}}, write: w})
	d.primed.Store(&squeeze{})
	d.playing.Store(true)
	for i := range uint16(30) {
		for _, p := range testBurst(65400 + 10*i) {
			p.arrived = time.Now()
			d.fanout.history.add(p)
		}
	}
	d.sent.Store(300)
	return d, w
}

// FuzzFeedback: no RTCP of a viewer makes the relay panic, or send it more than its
// budget.
func FuzzFeedback(f *testing.F) {
	for _, p := range []rtcp.Packet{
		&rtcp.TransportLayerNack{MediaSSRC: 1, Nacks: []rtcp.NackPair{{PacketID: 65400, LostPackets: 0xffff}, {PacketID: 5, LostPackets: 1}}},
		&rtcp.PictureLossIndication{MediaSSRC: 1}, &rtcp.FullIntraRequest{MediaSSRC: 1, FIR: []rtcp.FIREntry{{SSRC: 1}}},
		&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 1, FractionLost: 255, LastSenderReport: 1, Delay: 1 << 31}}},
		&rtcp.SenderReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: 1}}},
	} {
		f.Add(marshaled(p, p))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, w := fuzzedViewer()
		feedback := newFeedback(d)
		eachOf(data, func(piece []byte) {
			if n, err := feedback.Write(piece); n != len(piece) || err != nil {
				t.Errorf("%d of %d bytes taken: %v", n, len(piece), err)
			}
		})
		d.retry(time.Now())
		d.askLate(time.Now())
		if w.packets > budgetFloor {
			t.Errorf("%d packets were sent again, %d are allowed", w.packets, budgetFloor)
		}
	})
}

// FuzzSenderReports: no RTCP of a publisher makes the relay panic, or forget what
// time it is.
func FuzzSenderReports(f *testing.F) {
	f.Add(marshaled(&rtcp.SenderReport{SSRC: 1, NTPTime: 1 << 63, RTPTime: 1 << 31}, &rtcp.SenderReport{SSRC: 1}))
	f.Add(marshaled(&rtcp.Goodbye{Sources: []uint32{1}}, &rtcp.SenderReport{SSRC: 1, NTPTime: 1<<64 - 1}))
	f.Fuzz(func(t *testing.T, data []byte) {
		track := fuzzedTrack(kindVideo)
		now := time.Now()
		eachOf(data, func(piece []byte) { track.hear(piece, now) })
		first, ok := track.instant(now)
		second, _ := track.instant(now.Add(time.Second))
		if ok && (second-first < 89_999 || second-first > 90_001) {
			t.Errorf("a second is %d ticks", second-first)
		}
	})
}

// FuzzCandidates: what is taken of a candidate line is an address that checks may go
// to.
func FuzzCandidates(f *testing.F) {
	for _, seed := range []string{
		"candidate:1 1 udp 2130706431 192.168.1.2 5000 typ host", "1 1 udp 1 fd00::1 1 typ srflx raddr 0.0.0.0 rport 0",
		"1 1 tcp 1 10.0.0.1 9 typ host tcptype active", "1 1 udp 1 abc.local 1 typ host", "1 1 UDP 4294967296 1.2.3.4 70000 typ host\n2 1 udp 1 1.2.3.4 1 typ host",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		all, fresh, err := candidates{}.add(lines)
		if err != nil {
			return
		}
		if len(all) > maxCandidates || len(fresh) != len(all) {
			t.Errorf("%d candidates, %d new ones", len(all), len(fresh))
		}
		for addr := range all {
			if !addr.Addr().IsValid() || addr.Addr().IsMulticast() || addr.Addr().IsUnspecified() {
				t.Errorf("checks go to %v", addr)
			}
		}
	})
}

// FuzzProbeAnswers: only the answer to a probe is taken for one, and only once.
func FuzzProbeAnswers(f *testing.F) {
	asked := [stun.TransactionIDSize]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	answer := append([]byte{1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, asked[:]...)
	f.Add(answer)
	f.Add(answer[:19])
	f.Add(append([]byte{0x80}, answer...))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := &prober{pending: map[[stun.TransactionIDSize]byte]chan struct{}{asked: make(chan struct{})}}
		is := len(b) >= stunHeader && b[0] == 1 && b[1] == 1 && [stun.TransactionIDSize]byte(b[8:20]) == asked
		if p.answered(b) != is || p.answered(b) {
			t.Errorf("%x", b)
		}
	})
}
