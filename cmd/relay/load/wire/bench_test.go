//go:build unix

package wire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	benchSockets = 200
	benchRate    = 70_000 // packets a second, to all sockets together
	benchFrame   = 10     // packets to one socket, one after the other
	benchTime    = 5 * time.Second
	sendTo       = "WIRE_SEND_TO" // ports on 127.0.0.1 that TestSender sends to
	sendAtOnce   = "WIRE_SEND_AT_ONCE"
)

// counting is a cheap viewer: it looks at the header and hands nothing up.
type counting struct {
	packets int
	bytes   int
	highest uint16
}

func (c *counting) RTP(packet []byte, _ time.Time) bool {
	c.packets++
	c.bytes += len(packet)
	c.highest = max(c.highest, binary.BigEndian.Uint16(packet[2:]))
	return false
}

// BenchmarkPoller measures this process while another sends, one sendto a
// packet, what 200 viewers get: every viewer's frame at once, or one frame after
// the other evenly over time. It ignores b.N: its figures are rates.
func BenchmarkPoller(b *testing.B) {
	for _, calm := range []bool{true, false} {
		for _, atOnce := range []int{benchSockets, 1} {
			name := fmt.Sprintf("calm=%v/frames_at_once=%d", calm, atOnce)
			b.Run(name, func(b *testing.B) { benchmarkPoller(b, calm, atOnce) })
		}
	}
}

func benchmarkPoller(b *testing.B, calm bool, atOnce int) {
	poller, err := NewPoller()
	check(b, err)
	defer poller.Close()
	poller.Calm(calm)
	sinks := make([]counting, benchSockets)
	var sockets []*Socket
	var ports []string
	for i := range sinks {
		socket, err := poller.Socket(loopback, &sinks[i])
		check(b, err)
		sockets = append(sockets, socket)
		ports = append(ports, strconv.Itoa(int(addrOf(socket).Port())))
	}
	before := processorTime(b)
	start := time.Now()
	runSender(b, ports, atOnce)
	spent, lasted := processorTime(b)-before, time.Since(start)
	check(b, poller.Close())
	packets, drops := 0, 0
	for i := range sinks {
		packets += sinks[i].packets
		drops += int(sockets[i].Stats().KernelDrops)
	}
	b.ReportMetric(float64(packets)/lasted.Seconds(), "packets/s")
	b.ReportMetric(spent.Seconds()/lasted.Seconds(), "cores")
	b.ReportMetric(spent.Seconds()*1e6/float64(packets), "µs/packet")
	b.ReportMetric(float64(drops), "drops")
	b.ReportMetric(0, "ns/op")
}

// runSender is this test's program again, as TestSender.
func runSender(b *testing.B, ports []string, atOnce int) {
	sender := exec.Command(os.Args[0], "-test.run=^TestSender$", "-test.v")
	sender.Env = append(os.Environ(), sendTo+"="+strings.Join(ports, ","), fmt.Sprintf("%s=%d", sendAtOnce, atOnce))
	output, err := sender.StdoutPipe()
	check(b, err)
	check(b, sender.Start())
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if strings.Contains(lines.Text(), "sent ") {
			b.Log(lines.Text())
		}
	}
	check(b, sender.Wait())
}

// TestSender is the other process of BenchmarkPoller.
func TestSender(t *testing.T) {
	list := os.Getenv(sendTo)
	if list == "" {
		t.Skip("the benchmark's other process")
	}
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	check(t, err)
	defer syscall.Close(socket)
	var peers []syscall.Sockaddr
	for text := range strings.SplitSeq(list, ",") {
		port, err := strconv.Atoi(text)
		check(t, err)
		peers = append(peers, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	atOnce, err := strconv.Atoi(os.Getenv(sendAtOnce))
	check(t, err)
	sent := sendFrames(t, socket, peers, atOnce)
	t.Logf("sent %d packets with %v of processor time", sent, processorTime(t))
}

// sendFrames sends a frame to each of some peers, then waits for the time to send
// to the next ones.
func sendFrames(t *testing.T, socket int, peers []syscall.Sockaddr, atOnce int) (sent int) {
	media := mediaPacket(1, 1100)
	interval := time.Duration(atOnce*benchFrame) * time.Second / benchRate
	start := time.Now()
	for next, frames := start, 0; next.Sub(start) < benchTime; next = next.Add(interval) {
		time.Sleep(time.Until(next))
		for range atOnce {
			for range benchFrame {
				check(t, syscall.Sendto(socket, media, 0, peers[frames%len(peers)]))
			}
			frames++
		}
		sent = frames * benchFrame
	}
	return sent
}

func processorTime(t testing.TB) time.Duration {
	var usage syscall.Rusage
	check(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
