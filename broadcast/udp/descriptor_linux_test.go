//go:build !portable

package udp

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// interests are the events that each epoll instance of this process asks for of a
// file (proc_pid_fdinfo(5)).
func interests(t *testing.T, fd uintptr) (events []uint32) {
	t.Helper()
	infos, err := filepath.Glob("/proc/self/fdinfo/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range infos {
		text, _ := os.ReadFile(name) // some are closed by now
		for line := range strings.Lines(string(text)) {
			var of uintptr
			var asked uint32
			if n, _ := fmt.Sscanf(line, "tfd: %d events: %x", &of, &asked); n == 2 && of == fd {
				events = append(events, asked)
			}
		}
	}
	return events
}

// TestLeavingWakesNobody: nothing waits for room to write.
func TestLeavingWakesNobody(t *testing.T) {
	c := listen(t, "127.0.0.1:0")
	if err := c.batching().control(func(fd uintptr) {
		events := interests(t, fd)
		if len(events) != 1 || events[0]&unix.EPOLLIN == 0 || events[0]&unix.EPOLLOUT != 0 {
			t.Errorf("epoll instances ask for %#x", events)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// TestEveryPacketWakes: whoever waits for the next packet, which comes because the
// last one was read.
func TestEveryPacketWakes(t *testing.T) {
	client, server := listen(t, "127.0.0.1:0"), listen(t, "[::]:0")
	to := netip.AddrPortFrom(client.addr().Addr(), server.port())
	const rounds = 2000
	done := make(chan error)
	go func() {
		b := make([]byte, 100)
		for range rounds {
			n, from, err := server.ReadFromAddrPort(b)
			if err == nil {
				_, err = server.WriteToAddrPort(b[:n], from)
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for i := range rounds {
		write(t, client, pattern(50, i), to)
		expect(t, client, pattern(50, i))
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestFilesAreClosed: a Conn leaves no file open.
func TestFilesAreClosed(t *testing.T) {
	open := func() int {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	listen(t, "127.0.0.1:0") // the first one makes the runtime's poller
	before := open()
	for range 20 {
		if err := listen(t, "127.0.0.1:0").Close(); err != nil {
			t.Fatal(err)
		}
	}
	if after := open(); after != before {
		t.Errorf("%d files are open, %d were", after, before)
	}
}
