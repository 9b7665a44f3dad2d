package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"relay/cmd/relay/load/resource"
)

const (
	// joinsAtOnce bounds the handshakes in flight: they are the tester's own load.
	joinsAtOnce = 16
	// joinWithin is when a viewer without media has failed to join.
	joinWithin = 15 * time.Second
	// liveWithin is how long a run waits for a server that says that nobody
	// presents yet.
	liveWithin = 10 * time.Second
	// warmUp is how long the publisher sends alone: the server's memory by then is
	// what it takes without viewers.
	warmUp = 2 * time.Second
	// catchUp is how long the last who joined may be behind: a server may send them
	// what they need to begin at a rate that their network takes.
	catchUp = time.Second
	// settle is how long repairs of the window's last packets are waited for.
	settle = time.Second
	// leaveWithin is for all that is said to the server after the run: who presses
	// Ctrl-C waits for it. A POST under way has half of it, and each DELETE too.
	leaveWithin  = 1500 * time.Millisecond
	postOutlasts = leaveWithin / 2
	deleteWithin = leaveWithin / 2
	// rampMore is how long joining may take beyond what --join-rate says.
	rampMore = time.Minute
)

// ErrInterrupted says that a run ended before its time. Its report holds what was
// measured until then.
var ErrInterrupted = errors.New("interrupted")

// Run does what the options say, and reports. It calls watch, if not nil, each
// second, from one goroutine. When ctx ends it stops within two seconds. Errors:
// what can't be of the options; a publisher that could not publish; ErrInterrupted,
// which comes with a report as well.
func Run(ctx context.Context, o Options, watch func(Progress)) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c, err := newCrew(o)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, c.hurry)()
	r := &run{crew: c, watch: watch}
	err = r.measure(ctx)
	r.end()
	c.disband()
	if err != nil && !errors.Is(err, ErrInterrupted) {
		return nil, err
	}
	return r.report(), err
}

// run is one run. Its fields belong to the goroutine that called Run, but for the
// samples, which the sampler owns until end has returned.
type run struct {
	*crew
	watch   func(Progress)
	stop    context.CancelFunc // of the background
	running sync.WaitGroup     // the background

	alone        usage // the server's, with the publisher only
	began, ended mark
	yardstick    [kinds]int64 // packets that every viewer should have got in the window
	samples      []Sample
	samplesBegan time.Duration
}

// mark is what was used by a moment.
type mark struct {
	at          time.Duration
	server, own usage
	packets     int64 // that viewers got
	bytes       int64
	rtx         int64
	nacks, plis int64
	sent        [kinds]int64
}

func (r *run) measure(ctx context.Context) error {
	background, stop := context.WithCancel(context.Background())
	r.stop = stop
	if r.options.PID != 0 {
		if _, err := usageOf(r.options.PID); err != nil {
			return err
		}
	}
	if err := r.publish(ctx); err != nil {
		return interrupted(ctx, err)
	}
	r.running.Go(func() { r.sendFeedback(background) })
	r.running.Go(func() { r.sample(background) })
	if err := r.joinAll(ctx); err != nil || len(r.viewers()) == 0 {
		return interrupted(ctx, err)
	}
	if err := sleep(ctx, catchUp); err != nil {
		return interrupted(ctx, err)
	}
	r.poller.Calm(true)
	r.began = r.open()
	err := sleep(ctx, r.options.Duration)
	r.ended = r.shut()
	if err == nil {
		err = sleep(ctx, settle)
	}
	return interrupted(ctx, err)
}

// interrupted is what to say of an error after which ctx has ended.
func interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ErrInterrupted
	}
	return err
}

// end closes what was left open by whoever interrupted.
func (r *run) end() {
	if r.began.at != 0 && r.ended.at == 0 {
		r.ended = r.shut()
	}
	if r.stop != nil {
		r.stop()
	}
	r.running.Wait()
	for _, v := range r.viewers() {
		v.dropped = !v.isUp()
	}
	if p := r.publisher; p != nil {
		p.dropped = !p.isUp()
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// publish starts the publisher, and waits until the server has taken it in.
func (r *run) publish(ctx context.Context) error {
	if r.options.WHIP != nil {
		if r.watch != nil {
			r.watch(Progress{Phase: "publishing", Asked: r.options.Viewers, Sample: Sample{Lost: unknown, DelayP50: unknown, DelayP99: unknown}})
		}
		p, err := r.newPublisher()
		if err != nil {
			return err
		}
		r.publisher = p
		ctx, cancel := context.WithTimeout(ctx, joinWithin)
		defer cancel()
		if err := p.start(ctx, r.client(r.options.WHIP)); err != nil {
			return fmt.Errorf("publish to %s: %s", r.options.WHIP.Redacted(), reason(err))
		}
		if err := sleep(ctx, warmUp); err != nil {
			return err
		}
	}
	if r.options.PID == 0 {
		return nil
	}
	var err error
	r.alone, err = usageOf(r.options.PID)
	return err
}

// joinAll lets all viewers join, and returns once each has or has failed.
func (r *run) joinAll(ctx context.Context) error {
	ramp, cancel := context.WithTimeout(ctx, r.options.ramp()+rampMore)
	defer cancel()
	var joining sync.WaitGroup
	slots := make(chan struct{}, joinsAtOnce)
	began := time.Now()
	for n := range r.options.Viewers {
		due := began.Add(time.Duration(float64(n) / r.options.JoinRate * float64(time.Second)))
		if sleep(ramp, time.Until(due)) != nil {
			break
		}
		slots <- struct{}{}
		joining.Go(func() {
			defer func() { <-slots }()
			if err := r.joinLive(ramp, n); err != nil && ctx.Err() == nil {
				r.failed(err)
			}
		})
	}
	joining.Wait()
	return ctx.Err()
}

// joinLive joins, again for a while when the server says that nobody presents yet.
func (r *run) joinLive(ctx context.Context, number int) error {
	for began := time.Now(); ; {
		err := r.join(ctx, number)
		var refused *resource.Refused
		if !errors.As(err, &refused) || refused.RetryAfter == 0 || time.Since(began)+refused.RetryAfter > liveWithin {
			return err
		}
		r.waiting.Add(1)
		err = sleep(ctx, refused.RetryAfter)
		r.waiting.Add(-1)
		if err != nil {
			return err
		}
	}
}

// open begins the window that is measured.
func (r *run) open() mark {
	m := r.mark()
	for _, v := range r.viewers() {
		v.cut(m.at, true)
	}
	return m
}

// shut ends it.
func (r *run) shut() mark {
	m := r.mark()
	for _, v := range r.viewers() {
		v.cut(m.at, false)
	}
	return m
}

func (r *run) mark() mark {
	m := mark{at: r.now(), own: ownUsage()}
	if r.options.PID != 0 {
		m.server, _ = usageOf(r.options.PID) // one that has ended has used nothing we know of
	}
	for _, v := range r.viewers() {
		v.addTo(&m)
	}
	if p := r.publisher; p != nil {
		for k := range kinds {
			m.sent[k] = p.sent[k].Load()
		}
	}
	return m
}

// cut ends a window of the viewer's streams, and begins the next.
func (v *viewer) cut(now time.Duration, measures bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for k := range v.media {
		v.media[k].stream.Cut(now)
	}
	v.cuts = append(v.cuts, cut{v.packets, v.bytes})
	if v.probe != nil {
		v.probe.measures = measures
	}
}

func (v *viewer) addTo(m *mark) {
	v.mu.Lock()
	defer v.mu.Unlock()
	m.packets += v.packets
	m.bytes += v.bytes
	m.rtx += v.rtx
	m.nacks += v.nacks
	m.plis += v.plis
}
