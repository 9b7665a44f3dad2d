package broadcast

import (
	"slices"
	"testing"
	"time"
)

func TestHistoryBounds(t *testing.T) {
	for _, test := range []struct {
		name     string
		maxBytes int
		packets  []sent
		kept     []uint16
	}{
		{"by age", 1000, []sent{{seq: 1}, {seq: 2, ms: 1}, {seq: 3, ms: 2001}}, []uint16{2, 3}},
		{"by bytes", 250, []sent{{seq: 65534}, {seq: 65535}, {seq: 0}}, []uint16{65535, 0}},
		{"never the newest", 10, []sent{{seq: 1}, {seq: 2}}, []uint16{2}},
		{"the running GOP by age", 1000, []sent{{seq: 1}, {seq: 2, flags: "k"}, {seq: 3, ms: 9000}}, []uint16{2, 3}},
		{"the GOP before by age", 1000, []sent{{seq: 1, flags: "k"}, {seq: 2}, {seq: 3, ts: 1, flags: "k", ms: 9000}}, []uint16{3}},
		{"the running GOP by bytes", 250, []sent{{seq: 1, flags: "k"}, {seq: 2}, {seq: 3}}, []uint16{2, 3}},
		{"without its start by age", 250, []sent{{seq: 1, flags: "k"}, {seq: 2}, {seq: 3}, {seq: 5, ms: 9000}}, []uint16{5}},
		{"with holes", 1000, []sent{{seq: 1}, {seq: 4}, {seq: 7, ms: 3000}}, []uint16{7}},
	} {
		h := newHistory(bounds{minAge: -1, maxAge: 2 * time.Second, bytes: test.maxBytes, mostBytes: 2 * test.maxBytes})
		addAll(t, h, test.packets)
		var kept []uint16
		bytes := 0
		for number := h.low; number <= h.high; number++ {
			if p := h.at(number); p != nil {
				kept = append(kept, p.seq)
				bytes += len(p.raw)
			}
		}
		if !slices.Equal(kept, test.kept) || bytes != h.held {
			t.Errorf("%s: kept %v, %d bytes counted as %d", test.name, kept, bytes, h.held)
		}
	}
}

// The ring has the slots that its packets need, and those of an idle room are few.
func TestHistorySlots(t *testing.T) {
	h := newTestHistory()
	for _, test := range []struct {
		packets int
		want    int
	}{{1, minSlots}, {minSlots - 1, minSlots}, {1, 2 * minSlots}, {1000, 2048}, {20_000, maxSlots}} {
		for range test.packets {
			seq := uint16(h.high + 1)
			h.add(sent{seq: seq, ts: uint32(seq)}.packet())
		}
		if got := len(h.slots); got != test.want {
			t.Errorf("up to number %d: %d slots, want %d", h.high, got, test.want)
		}
	}
	for number := h.high - maxSlots + 1; number <= h.high; number++ {
		if p := h.get(uint16(number)); p == nil || p.seq != uint16(number) {
			t.Fatalf("number %d: %v", number, p)
		}
	}
	jump := newTestHistory()
	jump.add(sent{seq: 1}.packet())
	jump.add(sent{seq: 1 + maxSlots}.packet())
	if len(jump.slots) != minSlots {
		t.Errorf("%d slots for two packets far apart", len(jump.slots))
	}
	newest := h.newest()
	h.trim()
	if h.low != h.high || h.newest() != newest || h.held != len(newest.raw) || len(h.slots) != minSlots {
		t.Errorf("trimmed to %d to %d, %d bytes, %d slots", h.low, h.high, h.held, len(h.slots))
	}
	if !h.add(sent{seq: newest.seq + 2}.packet()) || h.get(newest.seq+2) == nil {
		t.Error("nothing can be added after that")
	}
}

// At every rate up to 60 Mbit/s the last two seconds are there, and what is held is
// bounded beyond it.
func TestHistoryFollowsTheRate(t *testing.T) {
	const size = 1200
	for _, test := range []struct {
		mbits int
		least time.Duration
	}{
		{1, 3 * time.Second}, {8, 3 * time.Second}, {20, 3 * time.Second}, {30, 2 * time.Second}, {50, 2 * time.Second}, {60, 2 * time.Second}, {400, 300 * time.Millisecond},
	} {
		h := newHistory(videoBounds)
		raw := newPacket(0, make([]byte, size)).raw
		step := time.Duration(size*8*1000/test.mbits) * time.Nanosecond
		now, start := instant(0), instant(0)
		for i := 0; now.Sub(start) < 6*time.Second; i++ {
			h.add(&packet{seq: uint16(i), timestamp: uint32(i), raw: raw, arrived: now})
			now = now.Add(step)
		}
		if held := h.newest().arrived.Sub(h.at(h.low).arrived); held < test.least-2*step || held > videoBounds.maxAge {
			t.Errorf("%d Mbit/s: %v are held, want %v", test.mbits, held, test.least)
		}
		if h.held > videoBounds.mostBytes {
			t.Errorf("%d Mbit/s: %d bytes", test.mbits, h.held)
		}
	}
}
