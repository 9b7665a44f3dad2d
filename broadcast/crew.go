package broadcast

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// fewPackets is how many are sent sooner than another processor is woken.
const fewPackets = 32

// crew is goroutines, one less than the socket has lanes, that help the fan-outs
// of all rooms with their bursts.
type crew struct {
	// Static after newCrew.
	socket holder
	calls  chan *shares // who could use help
}

func newCrew(socket holder) *crew {
	return &crew{socket: socket, calls: make(chan *shares, socket.Lanes())}
}

// start runs the crew until ctx ends.
func (c *crew) start(ctx context.Context, work *sync.WaitGroup) {
	for range c.socket.Lanes() - 1 {
		work.Go(func() { c.run(ctx) })
	}
}

func (c *crew) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-c.calls:
			s.work()
		}
	}
}

// call asks for helpers. If all are busy, nobody comes.
func (c *crew) call(s *shares, helpers int) {
	for range helpers {
		select {
		case c.calls <- s:
		default:
			return
		}
	}
}

// shares is a burst on its way to the audience: a share for each lane. The
// fan-out and whoever of the crew comes take one after the other, so that nobody
// waits for a helper that did not come.
type shares struct {
	fanout *fanout
	parts  []share
	left   sync.WaitGroup // of parts that are not done

	// Set while no part is open.
	burst []*packet
	now   time.Time
	turn  int
}

// share is a lane's viewers.
type share struct {
	open  atomic.Bool // whoever closes it has to do it
	downs []*DownTrack
}

func (s *shares) init(f *fanout) { s.fanout, s.parts = f, make([]share, f.crew.socket.Lanes()) }

// forward sends a burst to an audience, and returns when that is done.
func (s *shares) forward(burst []*packet, to audience, now time.Time) {
	s.burst, s.now = burst, now
	s.turn++
	opened := 0
	for lane, downs := range to {
		if len(downs) > 0 {
			opened++
			s.left.Add(1)
			s.parts[lane].downs = downs
			s.parts[lane].open.Store(true)
		}
	}
	if opened > 1 && len(burst)*to.size() >= fewPackets {
		s.fanout.crew.call(s, opened-1)
	}
	s.work()
	s.left.Wait()
	s.burst = nil // or it would keep what leaves until the next one
	for lane := range s.parts {
		s.parts[lane].downs = nil
	}
}

// work does what nobody has begun. It may come late, or even in a later burst.
func (s *shares) work() {
	for lane := range s.parts {
		if part := &s.parts[lane]; part.open.CompareAndSwap(true, false) {
			s.serve(lane, part.downs)
			s.left.Done()
		}
	}
}

// serve sends the burst to one viewer after the other, so that one viewer's
// packets lie together and leave as one message of the kernel's. It begins with
// another one each time: none is always the last.
func (s *shares) serve(lane int, downs []*DownTrack) {
	socket := s.fanout.crew.socket
	socket.Hold(lane)
	defer socket.Release(lane)
	first := s.turn % len(downs)
	for i := range downs {
		downs[(first+i)%len(downs)].forward(s.burst, s.now)
	}
}
