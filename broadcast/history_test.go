package broadcast

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// sent is a packet as a test writes it down.
type sent struct {
	seq     uint16
	ts      uint32
	flags   string // k: starts a key frame, m: marker, p: padding only
	ms      int
	refused bool
	frame   uint64
}

func (s sent) packet() *packet {
	payload := make([]byte, 100)
	p := &packet{}
	for _, flag := range s.flags {
		switch flag {
		case 'k':
			p.keyStart = true
		case 'm':
			p.marker = true
		case 'p':
			payload = nil
		}
	}
	p.seq, p.raw = s.seq, newPacket(s.seq, payload).raw
	p.timestamp, p.arrived = s.ts, instant(s.ms)
	return p
}

// addAll adds packets, and checks what add says and the ordinals.
func addAll(t *testing.T, h *history, all []sent) {
	t.Helper()
	for i, s := range all {
		p := s.packet()
		if ok := h.add(p); ok == s.refused {
			t.Errorf("packet %d (%d): add %v", i, s.seq, ok)
		}
		if s.frame != 0 && p.frame != s.frame {
			t.Errorf("packet %d (%d): frame %d, want %d", i, s.seq, p.frame, s.frame)
		}
	}
}

func newTestHistory() *history {
	return newHistory(bounds{minAge: time.Second, maxAge: 2 * time.Second, bytes: 4 << 20, mostBytes: 8 << 20})
}

func TestHistoryFrames(t *testing.T) {
	for name, packets := range map[string][]sent{
		"in order": {
			{seq: 1, ts: 10, frame: 1}, {seq: 2, ts: 10, frame: 1}, {seq: 3, ts: 20, frame: 2}, {seq: 4, ts: 30, frame: 3},
		},
		"wrapped": {
			{seq: 65534, ts: 1<<32 - 1, frame: 1}, {seq: 65535, ts: 0, frame: 2}, {seq: 0, ts: 0, frame: 2}, {seq: 1, ts: 5, frame: 3},
		},
		"duplicates": {
			{seq: 65535, ts: 10, frame: 1}, {seq: 65535, ts: 10, refused: true},
			{seq: 0, ts: 20, frame: 2}, {seq: 65535, ts: 10, refused: true}, {seq: 0, ts: 20, refused: true},
		},
		"before the first": {{seq: 5, ts: 10, frame: 1}, {seq: 4, ts: 10, refused: true}},
		"late, of the frame below": {
			{seq: 1, ts: 10, frame: 1}, {seq: 3, ts: 20, frame: 3}, {seq: 2, ts: 10, frame: 1},
		},
		"late, of the frame above": {
			{seq: 1, ts: 10, frame: 1}, {seq: 3, ts: 20, frame: 3}, {seq: 2, ts: 20, frame: 3},
		},
		"late, the middle of a frame": {
			{seq: 65535, ts: 10, frame: 1}, {seq: 1, ts: 10, frame: 1}, {seq: 0, ts: 10, frame: 1},
		},
		"late, a frame of its own": {
			{seq: 1, ts: 10, frame: 1}, {seq: 4, ts: 30, frame: 4},
			{seq: 2, ts: 20, frame: 2}, {seq: 3, ts: 20, frame: 2},
		},
		"late, a frame of its own, backwards": {
			{seq: 1, ts: 10, frame: 1}, {seq: 4, ts: 30, frame: 4},
			{seq: 3, ts: 20, frame: 3}, {seq: 2, ts: 20, frame: 3},
		},
		"padding": {
			{seq: 1, ts: 10, frame: 1}, {seq: 2, ts: 99, flags: "p", frame: 1}, {seq: 3, ts: 20, frame: 2}, {seq: 4, ts: 20, flags: "p", frame: 2},
		},
		"padding after a frame that is late": {
			{seq: 1, ts: 10, frame: 1}, {seq: 3, ts: 20, flags: "p", frame: 2}, {seq: 4, ts: 30, frame: 3}, {seq: 2, ts: 20, frame: 2},
		},
		"late padding": {
			{seq: 1, ts: 10, frame: 1}, {seq: 3, ts: 20, frame: 3}, {seq: 2, ts: 20, flags: "p", frame: 1},
		},
		"padding first": {{seq: 1, ts: 10, flags: "p", frame: 1}, {seq: 2, ts: 10, frame: 2}},
		"a jump over the whole ring": {
			{seq: 1, ts: 10, frame: 1}, {seq: 20001, ts: 20, frame: 20001}, {seq: 20000, ts: 20, refused: true}, {seq: 20002, ts: 20, frame: 20001},
		},
	} {
		t.Run(name, func(t *testing.T) { addAll(t, newTestHistory(), packets) })
	}
}

// TestHistoryOrdinals loses, delays and doubles packets at random: frames keep
// their order, and no two share an ordinal.
func TestHistoryOrdinals(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		h := newTestHistory()
		h.add(sent{seq: 65000}.packet())
		for _, s := range shuffled(random) {
			h.add(s.packet())
		}
		checkOrdinals(t, h, seed)
	}
}

// shuffled is 1000 frames of one to five packets each, some followed by padding,
// some packets missing, some late.
func shuffled(random *rand.Rand) (all []sent) {
	seq := uint16(65001)
	for frame := range uint32(1000) {
		for range 1 + random.IntN(5) {
			all = append(all, sent{seq: seq, ts: (frame + 1) * 3000})
			seq++
		}
		for range random.IntN(20) / 18 * 2 {
			all = append(all, sent{seq: seq, ts: (frame + 1) * 3000, flags: "p"})
			seq++
		}
	}
	for i := range all {
		if j := i + random.IntN(40); random.IntN(4) == 0 && j < len(all) {
			all[i], all[j] = all[j], all[i]
		}
	}
	return slices.DeleteFunc(all, func(sent) bool { return random.IntN(10) == 0 })
}

func checkOrdinals(t *testing.T, h *history, seed uint64) {
	t.Helper()
	var before *packet
	for number := h.low; number <= h.high; number++ {
		p := h.at(number)
		if p == nil || p.padding() {
			continue
		}
		if before != nil && (p.frame < before.frame || (p.frame == before.frame) != (p.timestamp == before.timestamp)) {
			t.Fatalf("seed %d: frame %d at %d after frame %d at %d", seed, p.frame, p.timestamp, before.frame, before.timestamp)
		}
		before = p
	}
}

func TestHistoryGet(t *testing.T) {
	h := newTestHistory()
	if h.get(0) != nil || h.newest() != nil {
		t.Error("an empty ring has a packet")
	}
	for i := range 20_000 { // more than once around the ring
		h.add(sent{seq: uint16(60_000 + i), ts: uint32(i)}.packet())
	}
	newest := uint16((60_000 + 19_999) % (1 << 16))
	if p := h.newest(); p == nil || p.seq != newest {
		t.Errorf("newest %v", p)
	}
	for _, test := range []struct {
		seq  uint16
		want bool
	}{
		{newest, true}, {newest - maxSlots + 1, true}, {newest - maxSlots, false}, {newest + 1, false}, {newest + 30_000, false},
	} {
		p := h.get(test.seq)
		if (p != nil) != test.want || p != nil && p.seq != test.seq {
			t.Errorf("packet %d: %v", test.seq, p)
		}
	}
	if h.add(sent{seq: newest - maxSlots}.packet()) {
		t.Error("a packet too old for the ring was stored")
	}
}

// A GOP that is too long for any joiner is kept while a joiner may still ask for
// parts of it, and then goes by age; the next one is kept again.
func TestHistoryLetsLongGOPsGo(t *testing.T) {
	h := newTestHistory()
	frame := func(i int, flags string) {
		h.add(sent{seq: uint16(i), ts: uint32(i), flags: flags, ms: 100 * i}.packet())
	}
	oldest := func() int { return int(uint16(h.low)) }
	frame(1, "km")
	for i := 2; i <= maxEncoderFrames+21; i++ { // 2 s more than may be replayed
		if frame(i, "m"); oldest() != 1 {
			t.Fatalf("at frame %d the oldest is %d", i, oldest())
		}
	}
	next := maxEncoderFrames + 22
	if frame(next, "m"); oldest() != next-20 {
		t.Errorf("the oldest is %d, want %d", oldest(), next-20)
	}
	frame(next+1, "km")
	for i := next + 2; i < next+100; i++ {
		frame(i, "m")
	}
	if oldest() != next+1 {
		t.Errorf("of the next GOP the oldest is %d, want %d", oldest(), next+1)
	}
}

func TestHistoryGOP(t *testing.T) {
	key := []sent{{seq: 65534, ts: 10, flags: "k"}, {seq: 65535, ts: 10, flags: "m"}}
	for _, test := range []struct {
		name    string
		packets []sent
		want    []uint16 // none: not ok
		last    uint64
		edge    uint32
	}{
		{name: "empty"},
		{name: "no key frame", packets: []sent{{seq: 1, ts: 10, flags: "m"}}},
		{"key frame in flight", key[:1], []uint16{65534}, 0, 0},
		{"a key frame", key, []uint16{65534, 65535}, 1, 10},
		{
			"a frame in flight",
			append(key, sent{seq: 0, ts: 20, flags: "m"}, sent{seq: 1, ts: 30}),
			[]uint16{65534, 65535, 0, 1}, 2, 20,
		},
		{
			"only the newest GOP",
			append([]sent{{seq: 65532, ts: 1, flags: "km"}, {seq: 65533, ts: 2, flags: "m"}}, key...),
			[]uint16{65534, 65535}, 3, 10,
		},
		{
			"a hole that may be filled",
			append(key, sent{seq: 1, ts: 30, flags: "m", ms: 500}, sent{seq: 2, ts: 40, flags: "m", ms: 1500}),
			[]uint16{65534, 65535, 1, 2}, 4, 40,
		},
		{
			name:    "a hole that nobody fills",
			packets: append(key, sent{seq: 1, ts: 30, flags: "m", ms: 500}, sent{seq: 2, ts: 40, flags: "m", ms: 1501}),
		},
		{
			"a hole in the key frame",
			[]sent{{seq: 1, ts: 10, flags: "k"}, {seq: 3, ts: 10, flags: "m"}, {seq: 4, ts: 20, flags: "m"}},
			[]uint16{1, 3, 4}, 2, 20,
		},
		{
			"a hole in the key frame, filled",
			[]sent{{seq: 1, ts: 10, flags: "k"}, {seq: 3, ts: 10, flags: "m"}, {seq: 2, ts: 10}},
			[]uint16{1, 2, 3}, 1, 10,
		},
		{"the key frame's end is missing", []sent{{seq: 1, ts: 10, flags: "k"}, {seq: 3, ts: 20, flags: "m"}}, []uint16{1, 3}, 3, 20},
		{
			"padding", append(key, sent{seq: 0, ts: 10, flags: "pm"}, sent{seq: 1, ts: 20, flags: "m"}),
			[]uint16{65534, 65535, 0, 1}, 2, 20,
		},
		{
			"a key frame starts late, at its parameters",
			[]sent{{seq: 1, ts: 1}, {seq: 3, ts: 10, flags: "km"}, {seq: 2, ts: 10, flags: "k"}},
			[]uint16{2, 3}, 3, 10,
		},
		{
			"an older key frame comes late",
			[]sent{{seq: 1, ts: 1}, {seq: 3, ts: 10, flags: "km"}, {seq: 2, ts: 5, flags: "km"}},
			[]uint16{3}, 3, 10,
		},
		{
			"two starts in one key frame",
			[]sent{{seq: 1, ts: 10, flags: "k"}, {seq: 2, ts: 10, flags: "km"}},
			[]uint16{1, 2}, 1, 10,
		},
	} {
		h := newTestHistory()
		addAll(t, h, test.packets)
		packets, last, edge, ok := h.gop(100, 1000, newestArrival(h))
		var got []uint16
		for _, p := range packets {
			got = append(got, p.seq)
		}
		if !slices.Equal(got, test.want) || last != test.last || edge != test.edge || ok != (test.want != nil) {
			t.Errorf("%s: %v, last %d, edge %d, %v", test.name, got, last, edge, ok)
		}
	}
}

func TestHistoryGOPBounds(t *testing.T) {
	h := newTestHistory()
	h.add(sent{seq: 1, ts: 0, flags: "km"}.packet())
	for i := range uint16(9) {
		h.add(sent{seq: 2 + i, ts: 10 * uint32(i+1), flags: "m"}.packet())
	}
	for _, test := range []struct {
		frames, bytes int
		want          bool
	}{{10, 1000, true}, {9, 1000, false}, {10, 999, false}} {
		if _, _, _, ok := h.gop(test.frames, test.bytes, newestArrival(h)); ok != test.want {
			t.Errorf("%d frames, %d bytes: %v", test.frames, test.bytes, ok)
		}
	}
}

// TestHistoryGOPEvicted: a GOP longer than the ring cannot be replayed.
func TestHistoryGOPEvicted(t *testing.T) {
	h := newTestHistory()
	h.add(sent{seq: 0, flags: "km"}.packet())
	for i := range uint16(maxSlots - 1) {
		h.add(sent{seq: 1 + i, ts: 1 + uint32(i), flags: "m"}.packet())
	}
	if packets, _, _, ok := h.gop(1<<20, 1<<30, newestArrival(h)); !ok || len(packets) != maxSlots {
		t.Errorf("a GOP as long as the ring: %d packets, %v", len(packets), ok)
	}
	h.add(sent{seq: maxSlots, ts: maxSlots}.packet())
	if _, _, _, ok := h.gop(1<<20, 1<<30, newestArrival(h)); ok {
		t.Error("a GOP without its start")
	}
}

// TestHistoryReaders: viewers read while the track writes (for the race
// detector), and get what they asked for.
func TestHistoryReaders(t *testing.T) {
	h := newTestHistory()
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for seq := range uint16(5000) {
				if p := h.get(seq); p != nil && p.seq != seq {
					t.Errorf("asked for %d, got %d", seq, p.seq)
				}
				h.newest()
			}
			h.gop(1<<20, 1<<30, newestArrival(h))
		})
	}
	for seq := range uint16(5000) {
		h.add(sent{seq: seq, ts: uint32(seq), flags: "km"}.packet())
	}
	readers.Wait()
}

func BenchmarkHistoryAdd(b *testing.B) {
	h := newTestHistory()
	packets := make([]packet, 1<<16)
	raw := newPacket(0, make([]byte, 1100)).raw
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		p := &packets[i&0xffff]
		*p = packet{seq: uint16(i), timestamp: uint32(i / 10), marker: i%10 == 9, raw: raw, arrived: instant(i)}
		h.add(p)
		i++
	}
}

func BenchmarkHistoryGet(b *testing.B) {
	h := newTestHistory()
	for seq := range uint16(1000) {
		h.add(sent{seq: seq}.packet())
	}
	b.ReportAllocs()
	for b.Loop() {
		h.get(500)
	}
}

func BenchmarkHistoryGOP(b *testing.B) {
	h := newTestHistory()
	for seq := range uint16(500) {
		s := sent{seq: seq, ts: uint32(seq), flags: "m"}
		if seq == 0 {
			s.flags = "km"
		}
		h.add(s.packet())
	}
	b.ReportAllocs()
	for b.Loop() {
		h.gop(1<<20, 1<<30, newestArrival(h))
	}
}

// newestArrival is the time of a joiner who comes with the newest packet.
func newestArrival(h *history) time.Time {
	if p := h.newest(); p != nil {
		return p.arrived
	}
	return time.Time{}
}
