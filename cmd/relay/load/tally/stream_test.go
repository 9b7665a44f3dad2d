package tally

import (
	"math/rand/v2"
	"testing"
	"time"
)

const ms = time.Millisecond

// event is something that happens to a stream: a packet, a repair by RTX, a
// NACK, a cut, another SSRC (x), or that RTX was agreed on (t), seq ms of
// silence (s), or a round trip of seq ms (m).
type event struct {
	kind byte
	seq  uint16
}

func packets(seqs ...uint16) (all []event) {
	for _, seq := range seqs {
		all = append(all, event{'p', seq})
	}
	return all
}

func then(parts ...[]event) (all []event) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// play lets the events happen a millisecond apart, and gives the verdicts.
func play(s *Stream, events []event) (verdicts []Verdict) {
	var silence time.Duration
	for i, e := range events {
		now := silence + time.Duration(i)*ms
		switch e.kind {
		case 'p':
			verdicts = append(verdicts, s.Packet(e.seq, now))
		case 'r':
			verdicts = append(verdicts, s.Repair(e.seq, now))
		case 'a':
			s.Asked([]uint16{e.seq}, now)
		case 'c':
			s.Cut(now)
		case 'x':
			s.Restart()
		case 't':
			s.RTX = true
		case 's':
			silence += time.Duration(e.seq) * ms
		case 'm':
			s.RTT = time.Duration(e.seq) * ms
		}
	}
	return verdicts
}

// figures is a Counts without its times.
func figures(c Counts) Counts {
	c.LongestGap, c.LastAt = 0, 0
	return c
}

func TestStreamCounts(t *testing.T) {
	repair := func(seq uint16) []event { return []event{{'r', seq}} }
	ask := func(seq uint16) []event { return []event{{'a', seq}} }
	restart, rtx := []event{{'x', 0}}, []event{{'t', 0}}
	rtt := func(ms uint16) []event { return []event{{'m', ms}} }
	silence := func(ms uint16) []event { return []event{{'s', ms}} }
	second := make([]uint16, 1000) // one packet a millisecond, up to 65535
	for i := range second {
		second[i] = uint16(65535 - 999 + i)
	}
	for _, tc := range []struct {
		name   string
		events []event
		want   Counts
		last   Verdict
	}{
		{"one", packets(7), Counts{Expected: 1, Received: 1}, New},
		{"wrap", packets(65534, 65535, 0, 1), Counts{Expected: 4, Received: 4}, New},
		{"loss across the wrap", packets(65534, 1), Counts{Expected: 4, Received: 2}, New},
		{"late across the wrap", packets(65535, 1, 0), Counts{Expected: 3, Received: 3, Reordered: 1}, Late},
		{"late from before the wrap", packets(65533, 65534, 1, 65535), Counts{Expected: 5, Received: 4, Reordered: 1}, Late},
		{"copy across the wrap", packets(65535, 0, 65535), Counts{Expected: 2, Received: 2, Duplicates: 1}, Duplicate},
		{"copy of a late one", packets(1, 3, 2, 2), Counts{Expected: 3, Received: 3, Reordered: 1, Duplicates: 1}, Duplicate},
		{"below the first", packets(0, 65535), Counts{Expected: 2, Received: 2, Reordered: 1}, Late},
		{"far below the first", packets(200, 99), Counts{Expected: 1, Received: 1}, Stray},
		{"repaired by RTX across the wrap", then(packets(65535, 1), ask(0), repair(0)), Counts{Expected: 3, Received: 2, Repaired: 1}, Repaired},
		{"repaired twice", then(packets(1, 3), ask(2), repair(2), repair(2)), Counts{Expected: 3, Received: 2, Repaired: 1, Needless: 1}, Duplicate},
		{"repair of what came", then(packets(1, 2), repair(1)), Counts{Expected: 2, Received: 2, Needless: 1}, Duplicate},
		{"repair from before the first", then(packets(10), repair(8)), Counts{Expected: 1, Received: 1, Needless: 1}, Duplicate},
		{"repair ahead of all", then(packets(65535), repair(1)), Counts{Expected: 3, Received: 1, Repaired: 1}, Repaired},
		{"repair before anything", repair(9), Counts{Strays: 1}, Stray},
		{"repaired on its own SSRC", then(packets(1, 3), ask(2), packets(2)), Counts{Expected: 3, Received: 2, Repaired: 1}, Repaired},
		{"repaired twice on its own SSRC", then(packets(1, 3), ask(2), packets(2, 2)), Counts{Expected: 3, Received: 2, Repaired: 1, Needless: 1}, Duplicate},
		{"asked for, but only late", then(packets(1, 3), repair(1), ask(2), packets(2)), Counts{Expected: 3, Received: 3, Needless: 1, Reordered: 1}, Late},
		{"late after its repair", then(packets(1, 3), ask(2), repair(2), packets(2)), Counts{Expected: 3, Received: 3, Needless: 1, Reordered: 1}, Late},
		{"late after the first NACK, with RTX", then(rtx, packets(1, 3), ask(2), packets(2)), Counts{Expected: 3, Received: 3, Reordered: 1}, Late},
		{"too soon for an answer", then(rtt(15), packets(1, 3), ask(2), packets(2)), Counts{Expected: 3, Received: 3, Reordered: 1}, Late},
		{"late enough for an answer", then(rtt(14), packets(1, 3), ask(2), packets(4, 2)), Counts{Expected: 4, Received: 3, Repaired: 1}, Repaired},
		{"asked again, answered the first time", then(rtt(15), packets(1, 3), ask(2), packets(4), ask(2), packets(2)), Counts{Expected: 4, Received: 3, Repaired: 1}, Repaired},
		{"another SSRC close by", then(packets(1), restart, packets(1501)), Counts{Expected: 2, Received: 2, Restarts: 1}, New},
		{"another SSRC a little below", then(packets(1501), restart, packets(1, 2)), Counts{Expected: 3, Received: 3, Restarts: 1}, New},
		{"another SSRC, the same number", then(packets(1), restart, packets(1)), Counts{Expected: 2, Received: 2, Restarts: 1}, New},
		{"another SSRC before the first", then(restart, packets(1)), Counts{Expected: 1, Received: 1}, New},
		{"another SSRC after a stray", then(packets(1, 30000), restart, packets(30001)), Counts{Expected: 2, Received: 2, Strays: 1, Restarts: 1}, New},
		{"a repair of the SSRC before", then(packets(1), restart, repair(2), packets(7)), Counts{Expected: 2, Received: 2, Strays: 1, Restarts: 1}, New},
		{"a repair from before a restart", then(packets(1501), restart, packets(1), repair(1500)), Counts{Expected: 2, Received: 2, Strays: 1, Restarts: 1}, Stray},
		{"an outage", then(packets(second...), silence(10_000), packets(10_000)), Counts{Expected: 11_001, Received: 1001}, New},
		{"an outage, and what was late before it", then(packets(second...), silence(9000), packets(65535), silence(1000), packets(10_000, 10_001)), Counts{Expected: 11_002, Received: 1002, Duplicates: 1}, New},
		{"an outage of the most that can be told", then(packets(second...), silence(30_000), packets(32_766)), Counts{Expected: 33_767, Received: 1001}, New},
		{"an outage of more", then(packets(second...), silence(33_000), packets(32_767, 32_768)), Counts{Expected: 1002, Received: 1002, Restarts: 1}, New},
		{"an outage of half as many", then(packets(second...), silence(10_000), packets(5100)), Counts{Expected: 6101, Received: 1001}, New},
		{"a jump too small for the silence", then(packets(second...), silence(10_000), packets(4000, 4001)), Counts{Expected: 1002, Received: 1002, Restarts: 1}, New},
		{"a jump too great for the silence", then(packets(second...), silence(10_000), packets(21_000, 21_001)), Counts{Expected: 1002, Received: 1002, Restarts: 1}, New},
		{"a jump with too little seen", then(packets(1, 2, 3), silence(10_000), packets(10_000, 10_001)), Counts{Expected: 5, Received: 5, Restarts: 1}, New},
		{"an outage after a burst at the begin", then(packets(64_000), packets(second...), silence(10_000), packets(10_000)), Counts{Expected: 11_537, Received: 1002}, New},
		{"late after an outage", then(packets(second...), silence(10_000), packets(10_000, 9000)), Counts{Expected: 11_001, Received: 1002, Reordered: 1}, Late},
		{"older than what is remembered", then(packets(second...), silence(10_000), packets(10_000, 5000)), Counts{Expected: 11_001, Received: 1001}, Stray},
		{"asked for long ago and far", then(packets(1), ask(5000), packets(2)), Counts{Expected: 2, Received: 2}, New},
		{"3,000 lost is loss", packets(65000, 464+2000), Counts{Expected: 3001, Received: 2}, New},
		{"a stray", packets(1, 30000, 2), Counts{Expected: 2, Received: 2}, New},
		{"two strays", packets(1, 30000, 50000, 2), Counts{Expected: 2, Received: 2, Strays: 1}, New},
		{"a stray twice", packets(1, 30000, 30000, 2), Counts{Expected: 2, Received: 2, Strays: 1}, New},
		{"a new epoch", packets(1, 2, 30000, 30001, 30002), Counts{Expected: 5, Received: 5, Restarts: 1}, New},
		{"a new epoch across the wrap", packets(10000, 65535, 0, 1), Counts{Expected: 4, Received: 4, Restarts: 1}, New},
		{"a new epoch with a loss at once", packets(1, 30000, 30002), Counts{Expected: 4, Received: 3, Restarts: 1}, New},
		{"a copy in a new epoch", packets(1, 30000, 30001, 30000), Counts{Expected: 3, Received: 3, Restarts: 1, Duplicates: 1}, Duplicate},
		{"a new epoch downwards", packets(30000, 30001, 5, 6), Counts{Expected: 4, Received: 4, Restarts: 1}, New},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s Stream
			verdicts := play(&s, tc.events)
			if got := figures(s.Counts()); got != tc.want {
				t.Errorf("counts %+v, want %+v", got, tc.want)
			}
			if got := verdicts[len(verdicts)-1]; got != tc.last {
				t.Errorf("last verdict %d, want %d", got, tc.last)
			}
		})
	}
}

func TestStreamGap(t *testing.T) {
	for _, tc := range []struct {
		seqs []uint16
		want Span
	}{
		{[]uint16{1}, Span{}},
		{[]uint16{65534, 2}, Span{65535, 3}},
		{[]uint16{1, 3, 2}, Span{}},
		{[]uint16{1, 3, 4}, Span{4, 0}},
		{[]uint16{1, 30000, 30003}, Span{30001, 2}},
	} {
		var s Stream
		play(&s, packets(tc.seqs...))
		if got := s.Gap(); got.Count != tc.want.Count || got.Count > 0 && got != tc.want {
			t.Errorf("after %v: gap %v, want %v", tc.seqs, got, tc.want)
		}
	}
}

// TestStreamNetwork plays a network whose losses, copies and delays are known,
// over many wraps, and wants exactly them.
func TestStreamNetwork(t *testing.T) {
	const n = 300_000
	random := rand.New(rand.NewPCG(1, 2))
	var s Stream
	var want Counts
	lost := int64(0)
	held, holding := uint16(0), 0 // one packet that is overtaken by a few
	s.Packet(65000, 0)
	for i := 1; i < n; i++ {
		seq := uint16(65000 + i)
		now := time.Duration(i) * ms
		if holding--; holding == 0 {
			s.Packet(held, now)
		}
		switch p := random.Float64(); {
		case i == n-1:
			s.Packet(seq, now)
		case p < 0.05:
			want.Repaired += lose(&s, seq, now, random)
			lost++
		case p < 0.07:
			s.Packet(seq, now)
			s.Packet(seq, now)
			want.Duplicates++
		case p < 0.09 && holding < 0 && i < n-50:
			held, holding = seq, 1+random.IntN(20)
			want.Reordered++
		default:
			s.Packet(seq, now)
		}
	}
	want.Expected, want.Received = n, n-lost
	got := figures(s.Counts())
	// What is held and overtaken by nothing but losses is not reordered.
	if diff := want.Reordered - got.Reordered; diff < 0 || diff > want.Reordered/10 {
		t.Errorf("reordered %d of %d", got.Reordered, want.Reordered)
	}
	want.Reordered = got.Reordered
	if got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	if got.Lost() != lost || got.Missing() != lost-want.Repaired {
		t.Errorf("lost %d, missing %d", got.Lost(), got.Missing())
	}
}

// lose repairs half of what is lost, at once and ahead of the next packet.
func lose(s *Stream, seq uint16, now time.Duration, random *rand.Rand) int64 {
	if random.IntN(2) == 0 {
		return 0
	}
	s.Repair(seq, now)
	return 1
}

func TestWindowsAreExact(t *testing.T) {
	cut := []event{{'c', 0}}
	var s Stream
	play(&s, then(
		cut, // before anything came
		packets(65533, 65534, 0), cut,
		packets(65535), // late: belongs to the window before
		packets(1, 2, 5, 65534), cut,
		[]event{{'r', 4}}, // a repair, and a loss, of the window before
		packets(6)))
	want := []Counts{
		{},
		{Expected: 4, Received: 4, Reordered: 1, Duplicates: 1},
		{Expected: 5, Received: 3, Repaired: 1},
		{Expected: 1, Received: 1},
		{},
	}
	var sum Counts
	for i, w := range want {
		if got := figures(s.Window(i)); got != w {
			t.Errorf("window %d: %+v, want %+v", i, got, w)
		}
		sum = sum.Add(w)
	}
	if got := figures(s.Counts()); got != sum {
		t.Errorf("all: %+v, want %+v", got, sum)
	}
	if s.Window(-1) != (Counts{}) {
		t.Error("there is a window before the first")
	}
}

func TestLongestGap(t *testing.T) {
	var s Stream
	s.Packet(1, 100*ms)
	s.Packet(2, 150*ms)
	s.Packet(2, 190*ms) // a copy brings nothing
	s.Cut(200 * ms)
	s.Packet(3, 230*ms)
	s.Packet(5, 231*ms)
	s.Packet(4, 229*ms) // a time stamp may step back
	s.Cut(1200 * ms)
	s.Packet(6, 1201*ms)
	for i, want := range []time.Duration{50 * ms, 969 * ms, 1 * ms} {
		if got := s.Window(i).LongestGap; got != want {
			t.Errorf("window %d: %v, want %v", i, got, want)
		}
	}
	if c := s.Counts(); c.LongestGap != 970*ms || c.LastAt != 1201*ms {
		t.Errorf("all: longest gap %v, last at %v", c.LongestGap, c.LastAt)
	}
}

func TestShares(t *testing.T) {
	c := Counts{Expected: 200, Received: 190, Repaired: 8}
	if c.Loss() != 0.05 || c.Delivery() != 0.99 || c.Lost() != 10 || c.Missing() != 2 {
		t.Errorf("loss %v, delivery %v, lost %d, missing %d", c.Loss(), c.Delivery(), c.Lost(), c.Missing())
	}
	if (Counts{}).Loss() != 0 || (Counts{}).Delivery() != 0 {
		t.Error("nothing expected has a share")
	}
}

func TestStreamAllocatesNothing(t *testing.T) {
	var s Stream
	seq := uint16(0)
	allocs := testing.AllocsPerRun(10, func() {
		for range 10_000 {
			s.Packet(seq, 0)
			seq += 1 + seq&1
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// FuzzStream plays anything, and wants figures that add up.
func FuzzStream(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 0, 2, 1, 0, 3, 2, 0, 2, 3, 0, 0})
	f.Add([]byte{0, 0, 1, 4, 0, 0, 0, 0, 5, 0, 0, 4, 7, 0, 9, 2, 0, 3, 0, 0, 3, 5, 0, 0, 2, 0, 2, 0, 0, 2, 6, 9, 9, 0, 40, 0})
	f.Add([]byte{0, 255, 255, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 128, 0, 0, 128, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Stream
		var events []event
		for ; len(data) >= 3; data = data[3:] {
			events = append(events, event{"pracxtsm"[data[0]%8], uint16(data[1])<<8 | uint16(data[2])})
		}
		play(&s, events)
		var sum Counts
		for i := 0; i <= len(events); i++ {
			w := s.Window(i)
			check(t, w)
			sum = sum.Add(w)
		}
		check(t, s.Counts())
		if figures(sum) != figures(s.Counts()) {
			t.Errorf("windows %+v, all %+v", sum, s.Counts())
		}
	})
}

func check(t *testing.T, c Counts) {
	t.Helper()
	least := min(c.Received, c.Repaired, c.Duplicates, c.Needless, c.Reordered, c.Strays, c.Restarts, c.Missing())
	if least < 0 || c.Reordered > c.Received || c.LongestGap < 0 {
		t.Errorf("figures do not add up: %+v", c)
	}
}

func BenchmarkStream(b *testing.B) {
	var s Stream
	for i := 0; b.Loop(); i++ {
		s.Packet(uint16(i), time.Duration(i))
	}
}
