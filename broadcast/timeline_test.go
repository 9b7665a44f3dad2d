package broadcast

import (
	"testing"
	"time"
)

// shifted is one packet through a timeline.
type shifted struct {
	begin bool
	seq   uint16
	ts    uint32
	ms    int

	wantSeq uint16
	wantTS  uint32
	refused bool
}

func TestTimeline(t *testing.T) {
	for name, packets := range map[string][]shifted{
		"the first source keeps its numbers": {
			{seq: 100, ts: 5000, wantSeq: 100, wantTS: 5000},
			{seq: 101, ts: 8000, ms: 33, wantSeq: 101, wantTS: 8000},
		},
		"number and timestamp wrap": {
			{seq: 65535, ts: 1<<32 - 1, wantSeq: 65535, wantTS: 1<<32 - 1},
			{seq: 0, ts: 2999, ms: 33, wantSeq: 0, wantTS: 2999},
		},
		"the next continues, a second later": {
			{begin: true, seq: 65535, ts: 1<<32 - 1, wantSeq: 65535, wantTS: 1<<32 - 1},
			{begin: true, seq: 40000, ts: 123, ms: 1000, wantSeq: 0, wantTS: 90000 - 1},
			{seq: 40001, ts: 3123, ms: 1033, wantSeq: 1, wantTS: 93000 - 1},
		},
		"at least one tick": {
			{begin: true, seq: 1, ts: 10, wantSeq: 1, wantTS: 10},
			{begin: true, seq: 1, ts: 10, wantSeq: 2, wantTS: 11},
		},
		"a clock that went back": {
			{begin: true, seq: 1, ts: 10, ms: 5000, wantSeq: 1, wantTS: 10},
			{begin: true, seq: 1, ts: 10, ms: 0, wantSeq: 2, wantTS: 11},
		},
		"a night's pause is no step back": {
			{begin: true, seq: 1, ts: 10, wantSeq: 1, wantTS: 10},
			{begin: true, seq: 1, ts: 10, ms: 10 * 3600_000, wantSeq: 2, wantTS: 10 + 1<<30},
		},
		"elapsed since the newest timestamp was first seen": {
			{begin: true, seq: 1, ts: 10, wantSeq: 1, wantTS: 10},
			{seq: 2, ts: 10, ms: 50, wantSeq: 2, wantTS: 10},
			{begin: true, seq: 1, ts: 10, ms: 100, wantSeq: 3, wantTS: 9010},
		},
		"gaps, reordering and duplicates keep the shift": {
			{begin: true, seq: 65530, ts: 0, wantSeq: 65530, wantTS: 0},
			{seq: 4, ts: 6000, wantSeq: 4, wantTS: 6000},
			{seq: 65533, ts: 3000, wantSeq: 65533, wantTS: 3000},
			{seq: 65533, ts: 3000, wantSeq: 65533, wantTS: 3000},
			{begin: true, seq: 9, ts: 0, ms: 1000, wantSeq: 5, wantTS: 96000},
		},
		"before the source's first": {
			{begin: true, seq: 10, ts: 0, wantSeq: 10, wantTS: 0},
			{begin: true, seq: 2, ts: 0, ms: 1000, wantSeq: 11, wantTS: 90000},
			{seq: 1, ts: 0, ms: 1001, refused: true},
			{seq: 65535, ts: 0, ms: 1001, refused: true},
			{seq: 3, ts: 0, ms: 1001, wantSeq: 12, wantTS: 90000},
			{seq: 2, ts: 0, ms: 1001, wantSeq: 11, wantTS: 90000},
			{seq: 1, ts: 0, ms: 1001, refused: true},
		},
		"a source that counts anew is another source": {
			{begin: true, seq: 50000, ts: 700, wantSeq: 50000, wantTS: 700},
			{seq: 20000, ts: 0, ms: 900, refused: true},
			{seq: 20001, ts: 0, ms: 1000, wantSeq: 50001, wantTS: 90700},
			{seq: 20002, ts: 3000, ms: 1033, wantSeq: 50002, wantTS: 93700},
		},
		"one stray packet is not": {
			{begin: true, seq: 50000, ts: 0, wantSeq: 50000, wantTS: 0},
			{seq: 20000, ts: 0, refused: true},
			{seq: 50001, ts: 0, wantSeq: 50001, wantTS: 0},
			{seq: 20001, ts: 0, refused: true},
		},
	} {
		t.Run(name, func(t *testing.T) { checkTimeline(t, packets) })
	}
}

func checkTimeline(t *testing.T, packets []shifted) {
	var line timeline
	for i, p := range packets {
		if p.begin {
			line.begin()
		}
		seq, ts, ok := line.shift(p.seq, p.ts, 90000, instant(p.ms))
		if ok == p.refused {
			t.Errorf("packet %d: ok %v", i, ok)
		}
		if seq != p.wantSeq || ts != p.wantTS {
			t.Errorf("packet %d: %d at %d, want %d at %d", i, seq, ts, p.wantSeq, p.wantTS)
		}
	}
}

// TestTimelineLong: a source of more than 65536 packets still takes late ones,
// and the number that was before its first is by then a late one of its own.
func TestTimelineLong(t *testing.T) {
	var line timeline
	for i := range 70000 {
		if seq, _, ok := line.shift(uint16(i+500), uint32(i), 48000, instant(i)); !ok || seq != uint16(i+500) {
			t.Fatalf("packet %d: %d, %v", i, seq, ok)
		}
	}
	if _, _, ok := line.shift(499, 0, 48000, instant(0)); !ok {
		t.Error("a late packet was refused")
	}
}

func TestTimelineReport(t *testing.T) {
	var line timeline
	line.shift(1, 1<<32-500, 48000, instant(0))
	if got := line.timestamp(7); got != 7 {
		t.Errorf("first source: %d", got)
	}
	line.begin()
	line.shift(1, 1000, 48000, instant(0).Add(time.Second))
	if got := line.timestamp(1480); got != 48000-500+480 {
		t.Errorf("second source: %d", got)
	}
}
