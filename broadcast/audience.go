package broadcast

import (
	"iter"
	"net/netip"
	"slices"
)

// audience is the viewers of one kind, parted by the lane of the socket that
// their packets leave through. It is never changed, only replaced.
type audience [][]*DownTrack

func (a audience) all() iter.Seq[*DownTrack] {
	return func(yield func(*DownTrack) bool) {
		for _, downs := range a {
			for _, d := range downs {
				if !yield(d) {
					return
				}
			}
		}
	}
}

func (a audience) size() (n int) {
	for _, downs := range a {
		n += len(downs)
	}
	return n
}

func (a audience) with(d *DownTrack, lane int) audience {
	next := slices.Clone(a)
	next[lane] = append(slices.Clip(next[lane]), d)
	return next
}

// without leaves a DownTrack out, and reports whether it was there.
func (a audience) without(d *DownTrack) (next audience, was bool) {
	for lane, downs := range a {
		if i := slices.Index(downs, d); i >= 0 {
			next := slices.Clone(a)
			next[lane] = slices.Delete(slices.Clone(downs), i, i+1)
			return next, true
		}
	}
	return a, false
}

// join adds a viewer's DownTrack; the next pass primes it.
func (f *fanout) join(d *DownTrack) {
	f.mu.Lock()
	f.audience = f.audience.with(d, d.lane)
	f.mu.Unlock()
	f.joined.Store(true)
	f.signal()
}

func (f *fanout) leave(d *DownTrack) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.audience, _ = f.audience.without(d)
}

// reroute notes where a viewer's packets go now: ICE may change the path at any
// time. Until the next burst they leave through the former lane, which does no harm.
func (f *fanout) reroute(d *DownTrack, to netip.AddrPort) {
	lane := f.crew.socket.Lane(to)
	f.mu.Lock()
	defer f.mu.Unlock()
	if lane == d.lane {
		return
	}
	d.lane = lane
	if rest, was := f.audience.without(d); was {
		f.audience = rest.with(d, lane)
	}
}
