package signaling

import (
	"testing"
	"time"

	"relay/broadcast"
)

func TestReturnsAreSpread(t *testing.T) {
	for _, all := range []int{1, 50, 100, 375, 500, 5000} {
		var r returns
		for range all {
			defer r.enter(broadcast.RoleViewer)()
		}
		r.begin()
		seconds := map[int]int{}
		for range all {
			at := r.next(broadcast.RoleViewer)
			if at < returnFirst || at > returnLast {
				t.Fatalf("of %d one comes back after %v", all, at)
			}
			seconds[int(at/time.Second)]++
		}
		for second, n := range seconds {
			if most := max(returnRate, all/7+1); n > most {
				t.Errorf("of %d, %d come back in second %d", all, n, second)
			}
		}
	}
	var r returns
	leave := r.enter(broadcast.RoleViewer)
	r.enter(broadcast.RolePublisher)()
	leave()
	if r.viewers.Load() != 0 || r.next(broadcast.RolePublisher) != returnFirst {
		t.Error("presenters come first")
	}
}
