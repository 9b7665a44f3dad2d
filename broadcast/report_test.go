package broadcast

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestNTP(t *testing.T) {
	now := time.Unix(1_800_000_000, 123_456_789)
	if back := fromNTP(toNTP(now)); back.Sub(now).Abs() > time.Nanosecond {
		t.Errorf("%v came back as %v", now, back)
	}
	if toNTP(time.Unix(0, 0))>>32 != 2208988800 {
		t.Error("1970 is not 70 years after 1900")
	}
}

func TestRoundTrip(t *testing.T) {
	sent := time.Unix(1_800_000_000, 999_000_000)
	for _, test := range []struct {
		sr    uint32
		delay uint32
		after time.Duration
		want  time.Duration
	}{
		{middleNTP(sent), 0, 50 * time.Millisecond, 50 * time.Millisecond},
		{middleNTP(sent), 65536 / 2, 540 * time.Millisecond, 40 * time.Millisecond},
		{0, 0, time.Second, 0},                                           // answers none of ours
		{middleNTP(sent), 65536, 500 * time.Millisecond, 0},              // says more than is possible
		{middleNTP(sent), 0, 18 * time.Hour, 18 * time.Hour % (1 << 62)}, // wraps: checked below
	} {
		got := roundTrip(&rtcp.ReceptionReport{LastSenderReport: test.sr, Delay: test.delay}, sent.Add(test.after))
		if test.after > time.Hour {
			if got < 0 {
				t.Errorf("after %v: %v", test.after, got)
			}
			continue
		}
		if (got - test.want).Abs() > time.Millisecond {
			t.Errorf("after %v: %v, not %v", test.after, got, test.want)
		}
	}
}

func TestTicks(t *testing.T) {
	if got := ticks(-time.Second, 90000); got != ^uint32(90000)+1 {
		t.Errorf("a second ago is %d", got)
	}
	if got := ticks(36*time.Hour, 90000); got != uint32(36*3600*90000%(1<<32)) {
		t.Errorf("36 hours are %d", got)
	}
}

// The publisher's two kinds share one offset, fixed by the first report.
func TestSenderClock(t *testing.T) {
	var c senderClock
	now := time.Unix(1_800_000_000, 0)
	theirs := now.Add(-5 * time.Hour)
	if got := c.relayTime(theirs, now); !got.Equal(now) {
		t.Errorf("the first report is at %v", got)
	}
	late := now.Add(1300 * time.Millisecond) // 300 ms on the way
	if got := c.relayTime(theirs.Add(time.Second), late); !got.Equal(now.Add(time.Second)) {
		t.Errorf("a delayed report moves the clock to %v", got)
	}
}
