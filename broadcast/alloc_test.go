//go:build !race

package broadcast

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// Not with the race detector: it makes sync.Pool, which Pion's SRTP uses, forget.
func TestForwardAllocatesNothing(t *testing.T) {
	relay := newTestRelay(t)
	const viewers, bursts = 20, 100
	downs := deafViewers(t, relay, viewers)
	f := newFanout(kindVideo, relay.crew, func() {}) // the test runs it
	for _, d := range downs {
		d.fanout.leave(d)
		d.phase = phaseWaiting
		d.primed.Store(&squeeze{})
		f.join(d)
	}
	var counts []uint64
	for i := range bursts {
		burst := testBurst(uint16(10 * i))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f.shares.forward(burst, f.audience, time.Now())
		runtime.ReadMemStats(&after)
		counts = append(counts, after.Mallocs-before.Mallocs)
	}
	for i, d := range downs {
		if sent := d.sent.Load(); sent != 10*bursts {
			t.Fatalf("viewer %d was sent %d packets", i, sent)
		}
	}
	// Keep-alives of 40 agents fall into some of the bursts, never into half of them.
	slices.Sort(counts)
	if median := counts[bursts/2]; median != 0 {
		t.Errorf("%d allocations for a burst of 10 packets to %d viewers", median, viewers)
	}
	nothing, _ := slices.BinarySearch(counts, 1)
	t.Logf("engine-4: of %d bursts of 10 packets to %d viewers, %d allocated nothing at all; median %d, most %d (keep-alives of the viewers)",
		bursts, viewers, nothing, counts[bursts/2], counts[bursts-1])
}

// What a viewer asks for again goes out of the ring without a copy.
func TestRepairingAllocatesNothing(t *testing.T) {
	relay := newTestRelay(t)
	d := deafViewers(t, relay, 1)[0]
	d.fanout.leave(d) // the test is the fan-out
	d.primed.Store(&squeeze{})
	for first := uint16(0); first < 1000; first += 10 {
		for _, p := range testBurst(first) {
			d.fanout.history.add(p)
		}
	}
	b, pairs := d.binding.Load(), rtcp.NackPairsFromSequenceNumbers(numbers(500, 100))
	now := time.Now()
	var budget nackBudget
	var counts []uint64
	for range 100 {
		var before, after runtime.MemStats
		now = now.Add(10 * time.Second) // for its credit
		runtime.ReadMemStats(&before)
		d.repairs(b, pairs, &budget, now)
		runtime.ReadMemStats(&after)
		counts = append(counts, after.Mallocs-before.Mallocs)
	}
	if n := d.repeated.Load(); n != 100*100 {
		t.Fatalf("%d packets were sent again", n)
	}
	slices.Sort(counts) // as above
	if median := counts[len(counts)/2]; median != 0 {
		t.Errorf("%d allocations for 100 packets sent again", median)
	}
}

func TestHistoryAllocatesNothing(t *testing.T) {
	h := newTestHistory()
	packets := make([]packet, 1<<16)
	raw := newPacket(0, make([]byte, 1100)).raw
	i := 0
	add := func() {
		p := &packets[i&0xffff]
		*p = packet{seq: uint16(i), timestamp: uint32(i / 10), marker: i%10 == 9, keyStart: i%1000 == 0, raw: raw, arrived: instant(i)}
		h.add(p)
		h.get(p.seq - 5)
		i++
	}
	for range 20_000 { // until the ring has its size
		add()
	}
	if n := testing.AllocsPerRun(10, func() {
		for range 1000 {
			add()
		}
	}); n != 0 {
		t.Errorf("%.0f allocations for 1000 packets stored and read", n)
	}
	if n := testing.AllocsPerRun(10, func() { h.gop(1<<20, 1<<30, newestArrival(h)) }); n > 1 {
		t.Errorf("%.0f allocations to collect a GOP, for one list", n)
	}
}

func TestMeasuringAllocatesNothing(t *testing.T) {
	f := newFanout(kindVideo, newCrew(unheld{}), func() {})
	f.encoder.watched = true
	header := rtp.Header{}
	packets := []*packet{newPacket(0, interlaced()), newPacket(1, testPPS), newPacket(2, testIDR), newPacket(3, testP), newPacket(4, testB)}
	const rounds = 200
	if n := testing.AllocsPerRun(10, func() {
		for range rounds {
			for _, p := range packets {
				header.SequenceNumber++
				header.Timestamp += 3000
				p.format, p.timestamp, p.arrived = testH264, header.Timestamp, time.Unix(0, 0)
				var part keyPart
				part, p.keyStart = f.keys.start(CodecH264, p.timestamp, p.payload())
				f.measure(&header, p, part)
			}
		}
	}); n != 0 {
		t.Errorf("%.0f allocations for %d packets", n, rounds*len(packets))
	}
}
