package broadcast

import (
	"bytes"
	"testing"
	"time"
)

// instant is a time on the tests' own clock.
func instant(ms int) time.Time {
	return time.Unix(1_000_000, 0).Add(time.Duration(ms) * time.Millisecond)
}

func TestPacket(t *testing.T) {
	payload := []byte{1, 2, 3}
	p := newPacket(0xabcd, payload)
	payload[0] = 9
	if p.seq != 0xabcd || !bytes.Equal(p.payload(), []byte{1, 2, 3}) {
		t.Errorf("seq %x, payload %v", p.seq, p.payload())
	}
	if !bytes.Equal(p.osn(), []byte{0xab, 0xcd, 1, 2, 3}) {
		t.Errorf("with original sequence number: %v", p.osn())
	}
	if p.padding() || !newPacket(1, nil).padding() {
		t.Error("padding is a packet without payload")
	}
}

func BenchmarkNewPacket(b *testing.B) {
	payload := make([]byte, 1100)
	b.ReportAllocs()
	for b.Loop() {
		newPacket(1, payload)
	}
}
