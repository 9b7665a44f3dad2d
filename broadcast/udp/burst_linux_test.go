//go:build !portable

package udp

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const viewers = 100

// BenchmarkBurst is what a fan-out does: for each viewer, a frame's packets, while
// somebody waits for what viewers send. What the viewers' sockets got is read in
// between, and not measured; no poller of this process watches them, as they stand
// for other machines. CPU is of all threads: a write may wake others.
func BenchmarkBurst(b *testing.B) {
	for _, load := range []struct{ packets, size int }{{10, 1100}, {2, 600}, {1, 100}} {
		b.Run(fmt.Sprintf("%dx%d", load.packets, load.size), func(b *testing.B) {
			b.Run("Conn", func(b *testing.B) {
				c := listen(b, "[::]:0")
				go drain(func() error { _, _, err := c.ReadFromAddrPort(make([]byte, 100)); return err })
				benchmarkBurst(b, c.WriteToAddrPort, c.holdAll, c.releaseAll, load.packets, load.size)
				b.ReportMetric(float64(c.Stats().Calls)/float64(c.Stats().Packets), "calls/packet")
			})
			b.Run("net", func(b *testing.B) {
				conn, err := net.ListenUDP("udp", &net.UDPAddr{})
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = conn.Close() }()
				go drain(func() error { _, _, err := conn.ReadFromUDPAddrPort(make([]byte, 100)); return err })
				nothing := func() {}
				benchmarkBurst(b, conn.WriteToUDPAddrPort, nothing, nothing, load.packets, load.size)
			})
		})
	}
}

// drain reads until the socket is closed.
func drain(read func() error) {
	for read() == nil {
	}
}

func benchmarkBurst(b *testing.B, write func([]byte, netip.AddrPort) (int, error), hold, release func(), packets, size int) {
	sockets, to := unwatched(b)
	packet, buffer := media(size), make([]byte, size)
	var took time.Duration
	for b.Loop() {
		began := cpuTime()
		hold()
		for _, to := range to {
			for range packets {
				_, _ = write(packet, to)
			}
		}
		release()
		took += cpuTime() - began
		b.StopTimer()
		for _, d := range sockets {
			for range packets {
				if n := d.read(buffer); n != size {
					b.Fatalf("read %d bytes", n)
				}
			}
		}
		b.StartTimer()
	}
	each := float64(b.N * viewers * packets)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/each, "ns/packet")
	b.ReportMetric(float64(took.Nanoseconds())/each, "cpu-ns/packet")
}

// unwatched are the viewers' sockets.
func unwatched(b *testing.B) (sockets []*descriptor, to []netip.AddrPort) {
	for range viewers {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		to = append(to, conn.LocalAddr().(*net.UDPAddr).AddrPort())
		_ = conn.SetReadBuffer(bufferSize)
		d := &descriptor{}
		if d.file, err = duplicate(conn); err == nil {
			d.use, err = d.file.SyscallConn()
		}
		if err != nil {
			b.Fatal(err)
		}
		_ = conn.Close()
		b.Cleanup(func() { _ = d.Close() })
		sockets = append(sockets, d)
	}
	return sockets, to
}

// read returns the size of a packet that is there.
func (d *descriptor) read(packet []byte) (n int) {
	_ = d.control(func(fd uintptr) { n, _, _ = unix.Recvfrom(int(fd), packet, unix.MSG_DONTWAIT) })
	return n
}

func cpuTime() time.Duration {
	var used unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
