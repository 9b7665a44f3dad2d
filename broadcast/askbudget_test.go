package broadcast

import (
	"testing"
	"time"
)

// heeded counts what is heeded of a request each interval for a time.
func heeded(b *askBudget, from, during, interval time.Duration) (n int) {
	for at := from; at < from+during; at += interval {
		if b.allow(instant(int(at.Milliseconds()))) {
			n++
		}
	}
	return n
}

func TestAskBudget(t *testing.T) {
	var b askBudget
	if got := heeded(&b, 0, 20*time.Second, 10*time.Millisecond); got < 14 || got > 15 {
		t.Errorf("%d of a flood of 20 s are heeded, want 5 and one each 2 s", got)
	}
	b = askBudget{}
	if got := heeded(&b, 0, 60*time.Second, 3*time.Second); got != 20 {
		t.Errorf("%d of 20 are heeded that come each 3 s", got)
	}
	b = askBudget{}
	if got := heeded(&b, 0, 150*time.Millisecond, 10*time.Millisecond); got != 1 {
		t.Errorf("one that is repeated until it is answered counts as %d", got)
	}
}

// What is not heeded at once is when its time has come, and only then.
func TestAskWaits(t *testing.T) {
	var b askBudget
	heeded(&b, 0, 2*time.Second, 250*time.Millisecond)
	if b.allow(instant(1900)) || b.due(instant(1950)) {
		t.Fatal("it is heeded too soon")
	}
	if !b.due(instant(4500)) {
		t.Error("it is forgotten")
	}
	if b.due(instant(60_000)) {
		t.Error("it is heeded twice")
	}
}
