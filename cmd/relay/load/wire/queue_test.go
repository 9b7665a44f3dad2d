package wire

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

var peer = netip.MustParseAddrPort("192.0.2.1:5004")

func TestQueueKeepsOrder(t *testing.T) {
	q, buffer := newQueue(), make([]byte, 10)
	q.push([]byte("one"), peer)
	q.push([]byte("a longer one"), peer)
	for _, want := range []string{"one", "a longer o"} {
		n, from, err := q.pop(buffer)
		if string(buffer[:n]) != want || from != peer || err != nil {
			t.Errorf("%q from %v, %v; not %q", buffer[:n], from, err, want)
		}
	}
}

func TestQueueIsBounded(t *testing.T) {
	q := newQueue()
	for i := range queueSize + 3 {
		q.push([]byte{byte(i)}, peer)
	}
	if got := q.drops.Load(); got != 3 {
		t.Errorf("%d drops, not 3", got)
	}
	var first [1]byte
	if _, _, err := q.pop(first[:]); err != nil || first[0] != 0 {
		t.Errorf("the first is %d (%v): not the newest were dropped", first[0], err)
	}
}

// TestQueueDeadline sets deadlines at times after the start, while one pop
// waits from the start on.
func TestQueueDeadline(t *testing.T) {
	const never = -1
	type set struct{ at, deadline time.Duration }
	for name, test := range map[string]struct {
		sets []set
		ends time.Duration
	}{
		"set before":    {[]set{{0, 5}}, 5},
		"in the past":   {[]set{{2, 1}}, 2},
		"moved back":    {[]set{{0, 5}, {1, 9}}, 9},
		"moved forward": {[]set{{0, 9}, {1, 5}}, 5},
		"removed":       {[]set{{0, 5}, {1, never}, {3, 20}}, 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			q, start := newQueue(), time.Now()
			go func() {
				for _, s := range test.sets {
					time.Sleep(time.Until(start.Add(s.at * time.Second)))
					if s.deadline == never {
						q.deadline.set(time.Time{})
						continue
					}
					q.deadline.set(start.Add(s.deadline * time.Second))
				}
			}()
			_, _, err := q.pop(nil)
			if passed := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || passed != test.ends*time.Second {
				t.Errorf("%s: %v after %v", name, err, passed)
			}
		})
	}
}

func TestQueueWorksAfterADeadline(t *testing.T) {
	q, buffer := newQueue(), make([]byte, 10)
	q.push([]byte("one"), peer)
	q.deadline.set(time.Now().Add(-time.Second))
	if _, _, err := q.pop(buffer); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a deadline in the past, and %v", err)
	}
	q.deadline.set(time.Time{})
	if n, _, err := q.pop(buffer); string(buffer[:n]) != "one" {
		t.Errorf("without a deadline %q, %v", buffer[:n], err)
	}
}

func TestQueueCloseEndsPop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		q.deadline.set(time.Now().Add(time.Hour))
		go func() {
			synctest.Wait()
			q.close()
		}()
		if _, _, err := q.pop(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after close: %v", err)
		}
	})
}
