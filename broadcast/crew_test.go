package broadcast

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// lanes is a socket that counts who holds; a destination's lane is its port's.
type lanes struct{ held []atomic.Int32 }

func newLanes(n int) *lanes                 { return &lanes{make([]atomic.Int32, n)} }
func (l *lanes) Lanes() int                 { return len(l.held) }
func (l *lanes) Lane(to netip.AddrPort) int { return int(to.Port()) % len(l.held) }
func (l *lanes) Hold(lane int)              { l.held[lane].Add(1) }
func (l *lanes) Release(lane int)           { l.held[lane].Add(-1) }
func (l *lanes) to(lane int) netip.AddrPort { return netip.AddrPortFrom(loopback, uint16(lane)) }
func (l *lanes) holds() (held bool) {
	for i := range l.held {
		held = held || l.held[i].Load() > 0
	}
	return held
}

// transcript is a viewer's transport. It notes what is written to it.
type transcript struct {
	socket  *lanes
	busy    atomic.Bool
	misused atomic.Bool // by two at a time, or while nobody holds
	numbers []uint16
}

func (r *transcript) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	if r.busy.Swap(true) || !r.socket.holds() {
		r.misused.Store(true)
	}
	r.numbers = append(r.numbers, h.SequenceNumber)
	r.busy.Store(false)
	return len(payload), nil
}

func (r *transcript) Write([]byte) (int, error) { return 0, errors.New("not used") }

// recorded makes a live DownTrack of a fan-out's.
func recorded(f *fanout, socket *lanes) (*DownTrack, *transcript) {
	r := &transcript{socket: socket}
	d := &DownTrack{session: &Session{}, fanout: f, phase: phaseLive}
	d.primed.Store(&squeeze{})
	d.binding.Store(&binding{ssrc: 1, write: r, types: []payloadType{{format: *testVP8, media: 96}}})
	return d, r
}

// TestShares: with a crew that comes early, late or not at all, each viewer is
// sent each burst once and in order, by one at a time, whatever its path.
func TestShares(t *testing.T) {
	const viewers, bursts = 50, 300
	for _, lanes := range []int{1, 2, 5} {
		socket := newLanes(lanes)
		crew := newCrew(socket)
		f := newFanout(kindVideo, crew, func() {})
		ctx, stop := context.WithCancel(context.Background())
		var work sync.WaitGroup
		crew.start(ctx, &work)
		crew.start(ctx, &work) // more than there are parts
		var downs []*DownTrack
		var records []*transcript
		for range viewers {
			d, r := recorded(f, socket)
			downs, records = append(downs, d), append(records, r)
			f.join(d)
		}
		work.Go(func() { // paths change all the time
			for i := 0; ctx.Err() == nil; i++ {
				f.reroute(downs[i%viewers], socket.to(i/7))
			}
		})
		var want []uint16
		for i := range uint16(bursts) {
			burst := testBurst(10 * i)
			for _, p := range burst {
				want = append(want, p.seq)
			}
			_, to := f.collect()
			f.shares.forward(burst, to, time.Now())
		}
		stop()
		work.Wait()
		if f.audience.size() != viewers || socket.holds() {
			t.Fatalf("%d lanes: %d viewers are left; held: %v", lanes, f.audience.size(), socket.holds())
		}
		for i, r := range records {
			if !slices.Equal(r.numbers, want) || r.misused.Load() {
				t.Fatalf("%d lanes: viewer %d was sent %d packets of %d in order: %v; misused: %v",
					lanes, i, len(r.numbers), len(want), slices.IsSorted(r.numbers), r.misused.Load())
			}
		}
	}
}

// TestAudience: an audience is what joined and did not leave, each in one lane.
func TestAudience(t *testing.T) {
	socket := newLanes(3)
	f := newFanout(kindVideo, newCrew(socket), func() {})
	first, _ := recorded(f, socket)
	second, _ := recorded(f, socket)
	f.reroute(second, socket.to(2)) // not there yet
	f.join(first)
	f.join(second)
	before := f.audience
	f.reroute(first, socket.to(1))
	if in := f.audience; len(in[0]) != 0 || !slices.Equal(in[1], []*DownTrack{first}) || !slices.Equal(in[2], []*DownTrack{second}) {
		t.Errorf("the audience is %v", in)
	}
	if !slices.Equal(slices.Collect(before.all()), []*DownTrack{first, second}) {
		t.Error("an audience that somebody may still read was changed")
	}
	f.leave(first)
	f.leave(first)
	f.reroute(first, socket.to(0)) // gone: that is no way back
	if !slices.Equal(slices.Collect(f.audience.all()), []*DownTrack{second}) {
		t.Errorf("after one left the audience is %v", f.audience)
	}
}

// TestLastIsNotAlwaysTheSame: who stands first in a burst changes.
func TestLastIsNotAlwaysTheSame(t *testing.T) {
	socket := newLanes(1)
	f := newFanout(kindVideo, newCrew(socket), func() {})
	var order []*DownTrack
	for range 3 {
		d, _ := recorded(f, socket)
		f.join(d)
	}
	firsts := map[*DownTrack]int{}
	for i := range uint16(9) {
		order = order[:0]
		for _, d := range f.audience[0] {
			w := d.binding.Load()
			d.binding.Store(&binding{ssrc: 1, types: w.types, write: writerFunc(func() {
				if !slices.Contains(order, d) {
					order = append(order, d)
				}
			})})
		}
		f.shares.forward(testBurst(10*i), f.audience, time.Now())
		firsts[order[0]]++
	}
	for _, n := range firsts {
		if n != 3 {
			t.Errorf("of 9 bursts, %d began with one of 3 viewers", n)
		}
	}
}

type writerFunc func()

func (w writerFunc) WriteRTP(_ *rtp.Header, payload []byte) (int, error) {
	w()
	return len(payload), nil
}

func (w writerFunc) Write([]byte) (int, error) { return 0, errors.New("not used") }
