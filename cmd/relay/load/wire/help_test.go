package wire

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
)

// loopback is an address whose port the kernel chooses.
var loopback = netip.MustParseAddrPort("127.0.0.1:0")

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mediaPacket is an RTP packet of so many bytes, payload type 96.
func mediaPacket(seq uint16, size int) []byte {
	packet := make([]byte, size)
	packet[0], packet[1] = 0x80, 96
	binary.BigEndian.PutUint16(packet[2:], seq)
	return packet
}

func addrOf(s *Socket) netip.AddrPort { return s.LocalAddr().(*net.UDPAddr).AddrPort() }
