//go:build !portable

package wire

import (
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// countsDrops: the kernel's drops are known here.
const countsDrops = true

// TestTimestamps: the kernel's time stamp is the time of sending within 100 µs,
// though the reader sleeps 1 ms. The median, since the machine is shared; that no
// packet comes before it was sent holds for all.
func TestTimestamps(t *testing.T) {
	sink := newCollector(false)
	poller, _, sender := open(t, loopback, sink)
	poller.Calm(true)
	var late []time.Duration
	for i := range 200 {
		media := mediaPacket(uint16(i), 1100)
		sent := time.Now().Round(0)
		write(t, sender, media)
		late = append(late, sink.next(t).arrived.Sub(sent))
	}
	slices.Sort(late)
	t.Logf("stamped after sending: first %v, median %v, 95 %% %v, last %v", late[0], late[100], late[190], late[199])
	if late[0] < 0 || late[100] > 100*time.Microsecond {
		t.Errorf("stamped %v to %v (median %v) after sending", late[0], late[199], late[100])
	}
}

// TestKernelDrops: what a full buffer drops is counted, each packet once, even
// if no packet comes after.
func TestKernelDrops(t *testing.T) {
	const sent = 200
	sink := &collector{packets: make(chan packet)} // blocks the reader
	_, socket, sender := open(t, loopback, sink)
	if got := socket.Stats().Buffer; got < 64<<10 {
		t.Errorf("a buffer of %d bytes", got)
	}
	socket.port.setBuffer(32 << 10)
	for i := range sent {
		write(t, sender, mediaPacket(uint16(i), 1100))
	}
	drops := int(socket.Stats().KernelDrops)
	for range sent - drops {
		sink.next(t)
	}
	check(t, socket.Close())
	if stats := socket.Stats(); drops == 0 || int(stats.KernelDrops) != drops || stats.SlowDrops != 0 {
		t.Errorf("%d drops, then %+v", drops, stats)
	}
}

func control(level, kind int32, stamp unix.Timespec) []byte {
	b := make([]byte, controlSize)
	header := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	header.Level, header.Type = level, kind
	header.SetLen(unix.CmsgLen(int(unsafe.Sizeof(stamp))))
	*(*unix.Timespec)(unsafe.Pointer(&b[unix.CmsgLen(0)])) = stamp
	return b
}

func TestTimestamp(t *testing.T) {
	stamp := unix.Timespec{Sec: 1_700_000_000, Nsec: 999_999_999}
	good := control(unix.SOL_SOCKET, unix.SCM_TIMESTAMPNS, stamp)
	for name, test := range map[string]struct {
		control []byte
		ok      bool
	}{
		"good":          {good, true},
		"none":          {nil, false},
		"cut":           {good[:unix.CmsgLen(0)+1], false},
		"another level": {control(unix.IPPROTO_IP, unix.SCM_TIMESTAMPNS, stamp), false},
		"another type":  {control(unix.SOL_SOCKET, unix.SCM_RIGHTS, stamp), false},
	} {
		got, ok := timestamp(test.control)
		if ok != test.ok || ok && got.UnixNano() != 1_700_000_000_999_999_999 {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
}

// FuzzTimestamp: whatever the kernel says, nothing but a whole message is read.
func FuzzTimestamp(f *testing.F) {
	f.Add(control(unix.SOL_SOCKET, unix.SCM_TIMESTAMPNS, unix.Timespec{Sec: 1}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, control []byte) {
		got, ok := timestamp(control)
		if whole := len(control) >= unix.CmsgLen(int(unsafe.Sizeof(unix.Timespec{}))); ok && !whole || !ok && !got.IsZero() {
			t.Errorf("%x is %v, %v", control, got, ok)
		}
	})
}
