package udp

import (
	"net"
	"net/netip"
	"testing"
)

// sinks are sockets that nobody reads: what they can't hold is dropped by the
// kernel, at the cost of a delivery.
func sinks(b testing.TB, count int) (to []netip.AddrPort) {
	for range count {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		to = append(to, conn.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	return to
}

func media(size int) []byte {
	b := make([]byte, size)
	b[0] = 128
	return b
}

// BenchmarkWriteNow is a packet outside of a burst.
func BenchmarkWriteNow(b *testing.B) {
	c := listen(b, "[::]:0")
	to, packet := sinks(b, 1)[0], media(1100)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = c.WriteToAddrPort(packet, to)
	}
}

// BenchmarkRead reads what has come meanwhile, 32 packets at a time; the writes
// are not measured.
func BenchmarkRead(b *testing.B) {
	const packets = 32
	read := func(b *testing.B, to netip.AddrPort, read func() error) {
		from := listen(b, "127.0.0.1:0")
		packet := media(1100)
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			for range packets {
				_, _ = from.WriteToAddrPort(packet, to)
			}
			b.StartTimer()
			for range packets {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*packets), "ns/packet")
	}
	buffer := make([]byte, 8192)
	b.Run("Conn", func(b *testing.B) {
		c := listen(b, "127.0.0.1:0")
		read(b, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), c.port()), func() error {
			_, _, err := c.ReadFromAddrPort(buffer)
			return err
		})
	})
	b.Run("net", func(b *testing.B) {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		read(b, conn.LocalAddr().(*net.UDPAddr).AddrPort(), func() error {
			_, _, err := conn.ReadFromUDPAddrPort(buffer)
			return err
		})
	})
}
