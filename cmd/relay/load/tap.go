package load

import (
	"io"
	"sync"

	"github.com/pion/transport/v4/packetio"
)

// tap is where Pion puts the decrypted packets of one SSRC: they are taken as they
// come, and whoever reads waits until the session is over. So nothing is kept, and
// no goroutine of Pion's is woken for a packet.
type tap struct {
	take  func([]byte)
	over  chan struct{}
	close sync.Once
}

// taps is webrtc.SettingEngine's BufferFactory.
func taps(rtp, rtcp func([]byte)) func(packetio.BufferPacketType, uint32) io.ReadWriteCloser {
	return func(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
		take := rtp
		if kind == packetio.RTCPBufferPacket {
			take = rtcp
		}
		return &tap{take: take, over: make(chan struct{})}
	}
}

// Write takes one packet, which is Pion's again afterwards.
func (t *tap) Write(packet []byte) (int, error) {
	t.take(packet)
	return len(packet), nil
}

// Read waits for Close, and then says io.EOF.
func (t *tap) Read([]byte) (int, error) {
	<-t.over
	return 0, io.EOF
}

// Close ends Read.
func (t *tap) Close() error {
	t.close.Do(func() { close(t.over) })
	return nil
}
