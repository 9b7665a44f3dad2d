package load

import (
	"bytes"
	"testing"

	"github.com/pion/rtp"
)

func TestHeaderIsPions(t *testing.T) {
	packet := rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: true, PayloadType: 111, SequenceNumber: 65535, Timestamp: 1 << 31, SSRC: 0xdeadbeef, CSRC: []uint32{1, 2},
		},
		Payload: []byte("payload"),
	}
	if err := packet.SetExtension(3, []byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	packet.Header.Padding, packet.PaddingSize = true, 5
	wire, err := packet.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, ok := readHeader(wire)
	want := header{ssrc: 0xdeadbeef, timestamp: 1 << 31, seq: 65535, payloadType: 111, marker: true, size: packet.Header.MarshalSize(), padding: true}
	if !ok || got != want {
		t.Errorf("%+v %t, want %+v", got, ok, want)
	}
	if payload := got.payload(wire); !bytes.Equal(payload, packet.Payload) {
		t.Errorf("payload %q", payload)
	}
	for n := range want.size {
		if _, ok := readHeader(wire[:n]); ok {
			t.Errorf("the first %d bytes were taken for a header", n)
		}
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add([]byte{0xb0, 0x60, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 0, 2})
	f.Fuzz(func(t *testing.T, packet []byte) {
		if h, ok := readHeader(packet); ok && len(h.payload(packet)) > len(packet)-h.size {
			t.Error("a payload longer than its packet")
		}
	})
}
