package broadcast

import (
	"slices"
	"time"
)

// wireOverhead is what a packet takes besides its payload, in bytes: IPv4, UDP,
// RTP, and SRTP's tag.
const wireOverhead = 20 + 8 + 12 + 16

// backlog is what a joiner has not been sent yet. It is freed when the joiner is
// live.
type backlog struct {
	packets []*packet // of the replay; shared by all who came in one pass
	behind  []*packet // what came since, in order of arrival
	frame   uint64    // the newest frame that was begun
	credit  int       // bytes that viewerRate allows
	filled  time.Time // when credit was brought up to date
	owed    int       // bytes that were sent too early; never over 0
}

// unsentSet in DownTrack.reached says that there is a backlog.
const unsentSet = 1 << 16

// prime gives a joiner its replay. Sound is simply live.
func (d *DownTrack) prime(now time.Time) {
	d.phase = phaseWaiting
	if d.fanout.kind == kindAudio {
		d.primed.Store(&squeeze{})
		return
	}
	r := &d.fanout.primer.replay
	squeezed := r.squeezed
	d.primed.Store(&squeezed)
	d.from = r.order
	if !r.ok {
		d.fanout.wanted.Store(true)
		return
	}
	d.backlog = &backlog{packets: r.packets, credit: primeBurst, filled: now}
	d.reached.Store(unsentSet | uint32(r.packets[0].seq-1))
}

// reportPrimed lets the viewer put sound and picture together at once.
func (d *DownTrack) reportPrimed(now time.Time) {
	if r := &d.fanout.primer.replay; r.flowing {
		d.report(now, r.rtp)
	}
}

// catchUp sends a joiner the next slice of its backlog, with the burst behind it.
func (d *DownTrack) catchUp(b *binding, burst []*packet, now time.Time) {
	log := d.backlog
	live := d.fallBehind(burst)
	log.credit, log.filled = refill(log.credit, viewerRate, now.Sub(log.filled)), now
	grant := max(0, min(log.credit, d.fanout.primer.share))
	left := d.slice(b, log.owed+live+grant, now)
	if len(log.packets)+len(log.behind) == 0 {
		d.backlog = nil
		d.reached.Store(0)
		grant -= min(max(left, 0), grant)
	}
	log.owed = left
	log.credit -= grant
	d.fanout.primer.spent.Add(int64(grant))
}

// fallBehind puts the burst behind the backlog, and returns its bytes.
func (d *DownTrack) fallBehind(burst []*packet) (bytes int) {
	for _, p := range burst {
		if p.order <= d.from { // it came with the replay
			continue
		}
		if p.keyStart {
			d.leap(p)
		}
		d.backlog.behind = append(d.backlog.behind, p)
		bytes += wireOverhead + len(p.payload())
	}
	return bytes
}

// leap leaves out what is unsent of the frames before a key frame, which nobody
// needs any more. Their numbers go out as empty packets, since the viewer would
// ask for them. That takes one range of frames: before a second key frame nothing
// is left out.
func (d *DownTrack) leap(key *packet) {
	log, how := d.backlog, d.primed.Load()
	switch {
	case log.frame == 0: // the viewer has seen no number
		log.packets = nil
		log.behind = slices.DeleteFunc(log.behind, func(p *packet) bool { return p.frame < key.frame })
	case how.until == 0 && key.frame > log.frame:
		next := *how
		next.after, next.until = log.frame, key.frame
		d.primed.Store(&next)
	}
}

// slice sends packets of the backlog while budget lasts, and returns what is left
// of it. What is not sent costs nothing.
func (d *DownTrack) slice(b *binding, budget int, now time.Time) int {
	log := d.backlog
	for budget > 0 {
		p := log.take()
		if p == nil {
			break
		}
		log.frame = max(log.frame, p.frame)
		d.pass(b, p)
		if d.phase == phaseLive {
			budget -= wireOverhead + len(d.primed.Load().payload(p))
			d.reached.Store(unsentSet | uint32(d.newest))
		}
	}
	return budget
}

// take is the next packet to send, or nil.
func (log *backlog) take() (p *packet) {
	from := &log.packets
	if len(*from) == 0 {
		from = &log.behind
	}
	if len(*from) == 0 {
		return nil
	}
	p, *from = (*from)[0], (*from)[1:]
	return p
}

// isUnsent reports whether seq lies in the backlog: who asks for it again asks too
// early. It may be called from any goroutine.
func (d *DownTrack) isUnsent(seq uint16) bool {
	reached := d.reached.Load()
	return reached&unsentSet != 0 && int16(seq-uint16(reached)) > 0
}
