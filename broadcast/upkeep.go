package broadcast

import (
	"slices"
	"time"
)

// serve asks the publisher for what is missing, repeats the last packet of a
// silent picture, and returns how long there is nothing to do.
func (f *fanout) serve(to audience, now time.Time) time.Duration {
	ask := f.ask(now)
	source, nacks, nextNACK := f.missing(now)
	if source != nil && ask != askNone {
		source.askKeyFrame(ask)
	}
	if source != nil && len(nacks) > 0 {
		source.nack(nacks)
	}
	next := soonest(now, f.governor.next(), nextNACK, f.repeatTail(to, now), f.primer.next)
	return max(next.Sub(now), burstTime)
}

// ask is how the source is to be asked for a key frame now.
func (f *fanout) ask(now time.Time) ask {
	f.want(now)
	how := f.governor.due(now)
	f.mu.Lock()
	defer f.mu.Unlock()
	if how == askNone && f.encoder.curious() {
		how = f.governor.try(now)
	}
	if how != askNone {
		f.encoder.request(now)
	}
	return how
}

// missing is what the source is to be asked for again.
func (f *fanout) missing(now time.Time) (source *Track, nacks []uint16, next time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	nacks = slices.Clone(f.gaps.due(now))
	f.meter.lost(f.gaps.lost, now)
	return f.source, nacks, f.gaps.next()
}

// repeatTail repeats the last packet of a picture that fell silent, and returns
// when that is due.
func (f *fanout) repeatTail(to audience, now time.Time) time.Time {
	if f.last == nil || f.kind != kindVideo {
		return time.Time{}
	}
	due := f.last.arrived.Add(tailTime)
	if now.Before(due) {
		return due
	}
	for d := range to.all() {
		d.repeatTail(f.last)
	}
	f.last = nil
	return time.Time{}
}

// soonest is the first of times that are set; an hour from now if none is.
func soonest(now time.Time, times ...time.Time) time.Time {
	first := now.Add(time.Hour)
	for _, t := range times {
		if !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}

// keep does what is due once a second: sender reports, slow viewers' retries, their
// requests that had to wait, the end of a sound that stopped, the memory of a presentation that is over, and
// warnings of the publisher's encoder.
func (f *fanout) keep(now time.Time) {
	f.mu.Lock()
	to := f.audience
	source, fresh := f.source, f.encoder.fresh(now)
	rtp, flowing := f.instant(now)
	silent := f.kind == kindAudio && now.Sub(f.heard) > soundTime
	if f.source == nil && f.floor == f.order && now.Sub(f.heard) > f.history.maxAge {
		f.history.trim()
	}
	f.mu.Unlock()
	for d := range to.all() {
		if flowing {
			d.report(now, rtp)
		}
		d.retry(now)
		d.pace.note(d.octets.Load(), now)
		d.askLate(now)
	}
	if silent {
		f.flows(CodecNone)
	}
	for _, w := range fresh {
		source.session.log.Warn("encoder is set badly", "code", w.Code, "advice", w.Sentence)
	}
}

// instant is the room's RTP time at now. The caller holds f.mu.
func (f *fanout) instant(now time.Time) (rtp uint32, ok bool) {
	if f.source == nil {
		return 0, false
	}
	if source, ok := f.source.instant(now); ok {
		return f.timeline.timestamp(source), true
	}
	p := f.history.newest() // no report of the publisher's yet
	if p == nil {
		return 0, false
	}
	return p.timestamp + ticks(now.Sub(p.arrived), p.format.codec.clockRate()), true
}
