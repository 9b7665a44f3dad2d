package broadcast

import (
	"slices"
	"testing"
	"time"
)

// answered is a publisher that is live since 0 and whose key frame came at 0.
func answered() *governor {
	g := &governor{}
	g.begin(instant(0))
	g.packet(instant(0), 1000, true, true)
	return g
}

// request is one answer of due.
type request struct {
	ms   int
	kind ask
}

// requests lets a governor ask whenever it wants to, up to end.
func requests(g *governor, end int) (all []request) {
	for next := g.next(); !next.IsZero() && !next.After(instant(end)); next = g.next() {
		all = append(all, request{int(next.Sub(instant(0)).Milliseconds()), g.due(next)})
	}
	return all
}

func checkRequests(t *testing.T, got []request, want ...request) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
}

func TestGovernorNobodyLive(t *testing.T) {
	var g governor
	g.want(instant(0))
	checkRequests(t, requests(&g, 60_000))
	g.begin(instant(0))
	g.want(instant(1))
	g.stop()
	g.want(instant(2))
	checkRequests(t, requests(&g, 60_000))
}

// TestGovernorRepeats: until a key frame is seen, FIR after two PLIs, slower
// after ten requests.
func TestGovernorRepeats(t *testing.T) {
	var g governor
	g.begin(instant(0))
	checkRequests(t, requests(&g, 9000),
		request{100, askPLI}, request{600, askPLI}, request{1100, askFIR}, request{1600, askPLI}, request{2100, askFIR},
		request{2600, askPLI}, request{3100, askFIR}, request{3600, askPLI}, request{4100, askFIR}, request{4600, askPLI},
		request{6600, askFIR}, request{8600, askPLI})
	g.packet(instant(9000), 1000, true, true)
	checkRequests(t, requests(&g, 60_000))
	g.want(instant(60_000))
	checkRequests(t, requests(&g, 61_000), request{60_000, askPLI}, request{60_500, askPLI}, request{61_000, askFIR})
}

func TestGovernorNotBeforeDue(t *testing.T) {
	g := answered()
	g.want(instant(5000))
	if got := g.due(instant(4999)); got != askNone {
		t.Errorf("asked %d before it was wanted", got)
	}
	if got := g.due(instant(5000)); got != askPLI {
		t.Errorf("asked %d", got)
	}
	if got := g.due(instant(5499)); got != askNone {
		t.Errorf("asked %d again within 500 ms", got)
	}
}

// TestGovernorCoalesces: 300 wishes in 3 s are one request in 500 ms.
func TestGovernorCoalesces(t *testing.T) {
	g := answered()
	var all []request
	for ms := 1000; ms < 4000; ms += 10 {
		g.want(instant(ms))
		all = append(all, requests(g, ms)...)
	}
	if len(all) != 6 {
		t.Errorf("asked %v", all)
	}
}

func TestGovernorWantAroundKeyFrame(t *testing.T) {
	for _, test := range []struct {
		name        string
		wanted, key int
		want        []request
	}{
		{"before the key frame", 1000, 1040, nil},
		{"just after it", 1100, 1000, []request{{1500, askPLI}}},
		{"long after it", 1600, 1000, []request{{1600, askPLI}}},
	} {
		g := answered()
		if test.wanted < test.key {
			g.want(instant(test.wanted))
		}
		g.packet(instant(test.key), 1000, true, true)
		if test.wanted > test.key {
			g.want(instant(test.wanted))
		}
		if got := requests(g, 1999); !slices.Equal(got, test.want) {
			t.Errorf("%s: asked %v, want %v", test.name, got, test.want)
		}
	}
}

// TestGovernorTakeOver: another publisher owes nothing of the one before.
func TestGovernorTakeOver(t *testing.T) {
	var g governor
	g.begin(instant(0))
	requests(&g, 20_000)
	g.begin(instant(20_000))
	checkRequests(t, requests(&g, 21_000), request{20_100, askPLI}, request{20_600, askPLI})
}

// move sends frames each 33 ms, and returns when the last one came.
func move(g *governor, ms, frames, size int) int {
	for range frames {
		ms += 33
		g.packet(instant(ms), size/2, true, false)
		g.packet(instant(ms), size/2, false, false)
	}
	return ms
}

func TestGovernorAtRest(t *testing.T) {
	for _, test := range []struct {
		name   string
		frames int
		size   int
		asks   bool
	}{
		{"a short GOP", 59, 1000, false},
		{"60 frames", 60, 1000, true},
		{"less than 256 kB", 15, 17_000, false},
		{"256 kB", 16, 16_000, true},
	} {
		g := answered()
		last := move(g, 0, test.frames, test.size)
		var want []request
		if test.asks {
			want = []request{{last + 500, askPLI}}
		}
		if got := requests(g, 60_000); !slices.Equal(got, want) {
			t.Errorf("%s: asked %v, want %v", test.name, got, want)
		}
	}
}

// TestGovernorKeyFrameItself: a large key frame is no reason for another one.
func TestGovernorKeyFrameItself(t *testing.T) {
	g := answered()
	for range 400 {
		g.packet(instant(50), 1000, false, false)
	}
	checkRequests(t, requests(g, 60_000))
}

// TestGovernorStill: after the request at rest the picture stands still: the
// encoder sharpens it, sends a frame a second and padding. Nothing is asked for
// minutes, until those frames have become a long GOP.
func TestGovernorStill(t *testing.T) {
	g := answered()
	ms := move(g, 0, 100, 1000) + 500
	if got := g.due(instant(ms)); got != askPLI {
		t.Fatalf("asked %d at rest", got)
	}
	g.packet(instant(ms+50), 1000, true, true)
	ms = move(g, ms+50, 30, 1000)
	var asked []int
	frames := 30
	for i := range 600 {
		ms += 1000
		frames++
		g.packet(instant(ms), 1000, true, false)
		if i%2 == 0 {
			g.packet(instant(ms+700), 0, false, false)
		}
		for _, r := range requests(g, ms+999) {
			asked = append(asked, frames)
			g.packet(instant(r.ms+50), 1000, true, true)
			frames = 0
		}
	}
	if want := []int{restLong, restLong, restLong}; !slices.Equal(asked, want) {
		t.Errorf("asked after %v frames, want %v", asked, want)
	}
}

// TestGovernorRestThenWanted: the request at rest counts as one in 500 ms.
func TestGovernorRestThenWanted(t *testing.T) {
	g := answered()
	ms := move(g, 0, 60, 1000) + 500
	checkRequests(t, requests(g, ms), request{ms, askPLI})
	g.want(instant(ms + 10))
	checkRequests(t, requests(g, ms+999), request{ms + 500, askPLI})
}

// TestGovernorRestAgain: not before movement, and not before 10 s.
func TestGovernorRestAgain(t *testing.T) {
	g := answered()
	ms := move(g, 0, 60, 1000) + 500
	if got := g.due(instant(ms)); got != askPLI {
		t.Fatalf("asked %d at rest", got)
	}
	asked := ms
	g.packet(instant(ms), 1000, true, true)
	move(g, ms+3000, 60, 1000)
	checkRequests(t, requests(g, 60_000), request{asked + 10_000, askPLI})
	checkRequests(t, requests(g, 600_000))
}

// TestGovernorRestWanted: what a viewer wants comes before the request at rest,
// and is repeated.
func TestGovernorRestWanted(t *testing.T) {
	g := answered()
	ms := move(g, 0, 60, 1000)
	g.want(instant(ms))
	checkRequests(t, requests(g, ms+500), request{ms, askPLI}, request{ms + 500, askPLI})
}

func BenchmarkGovernor(b *testing.B) {
	g := answered()
	now := instant(1000)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Millisecond)
		g.packet(now, 1000, true, false)
		g.due(now)
	}
}

func TestGovernorTries(t *testing.T) {
	var g governor
	if got := g.try(instant(0)); got != askNone {
		t.Errorf("asked %d, and nobody is live", got)
	}
	g = *answered()
	for _, test := range []struct {
		ms   int
		want ask
	}{{499, askNone}, {500, askPLI}, {999, askNone}, {1000, askPLI}} {
		if got := g.try(instant(test.ms)); got != test.want {
			t.Errorf("at %d ms: asked %d", test.ms, got)
		}
	}
	checkRequests(t, requests(&g, 60_000)) // nobody waits for an answer
}
