package broadcast

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"sync"
	"testing"

	"github.com/pion/webrtc/v4"

	"relay/broadcast/udp"
)

// recorder keeps the RTP that leaves the relay, as it is on the wire.
type recorder struct {
	*udp.Conn
	mu   sync.Mutex
	sent [][]byte
}

func (r *recorder) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if len(b) > 12 && b[0]>>6 == 2 && (b[1] < 192 || b[1] > 223) {
		r.mu.Lock()
		r.sent = append(r.sent, bytes.Clone(b))
		r.mu.Unlock()
	}
	return r.Conn.WriteToAddrPort(b, to)
}

// repeatedKeystreams counts packets of ssrc whose ciphertext is that of an
// earlier one with the same number: as the payloads are the same, so is the nonce.
func (r *recorder) repeatedKeystreams(ssrc uint32) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[uint16][]byte{}
	for _, b := range r.sent {
		if binary.BigEndian.Uint32(b[8:]) != ssrc {
			continue
		}
		seq := binary.BigEndian.Uint16(b[2:])
		if before, ok := seen[seq]; ok && len(before) > 100 && len(b) > 100 && bytes.Equal(before[12:100], b[12:100]) {
			n++
		}
		seen[seq] = b
	}
	return n
}

// A viewer is sent nothing while 36,000 numbers go by, which is more than the
// 16 bits on the wire can tell. It plays again, and no nonce was used twice.
func TestLongSilenceKeepsTheRolloverCount(t *testing.T) {
	conn, err := udp.Listen(netip.AddrPortFrom(loopback, 0))
	if err != nil {
		t.Fatal(err)
	}
	wire := &recorder{Conn: conn}
	relay := startRelay(t, wire)
	v := newViewer(t, relay, nil, "math", webrtc.MimeTypeVP8, webrtc.MimeTypeRTX, webrtc.MimeTypeOpus)
	v.awaitConnected()
	first := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	first.seq = 7500
	first.frame(true, 1)
	for range 200 {
		first.frame(false, 1)
	}
	v.awaitPackets(201)
	for i, seq := range []uint16{20000, 40000} {
		first.seq = seq
		first.frame(false, 1)
		v.awaitPackets(202 + i)
	}
	second := newPublisher(t, relay, nil, "math", first.session.Token(), webrtc.MimeTypeH264)
	second.seq = 1
	second.frame(true, 1)
	down := v.session.downTracks()[0]
	for i := range uint16(18) {
		second.seq = 1 + 2000*i
		second.frame(false, 1)
		eventually(t, "packets left out", func() bool { return down.drops[dropCodec].Load() > uint64(i) })
	}
	third := newPublisher(t, relay, nil, "math", second.session.Token(), webrtc.MimeTypeVP8)
	before := len(v.onMedia())
	third.frame(true, 1)
	for range 50 {
		third.frame(false, 1)
	}
	v.awaitPackets(before + 51)
	if n := wire.repeatedKeystreams(down.binding.Load().ssrc); n > 0 {
		t.Errorf("%d nonces were used twice", n)
	}
	filled := uint16(down.filler.Load())
	if down.filler.Load() == 0 {
		t.Fatal("no filler was sent: the test tests nothing")
	}
	repeated := down.repeated.Load()
	down.resend(down.binding.Load(), &packet{seq: filled, format: testVP8, raw: make([]byte, 10)})
	if down.repeated.Load() != repeated {
		t.Error("a filler's number was sent with a content")
	}
}
