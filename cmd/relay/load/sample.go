package load

import (
	"context"
	"time"

	"relay/cmd/relay/load/tally"
)

// Sample is one second of a run, for its picture.
type Sample struct {
	At       float64 `json:"at"`      // seconds since the first viewer was told to join
	Viewers  int     `json:"viewers"` // connected
	Packets  float64 `json:"packetsPerSecond"`
	Sound    float64 `json:"soundPerSecond"` // of Packets: of sound, repairs aside
	Bits     float64 `json:"bitsPerSecond"`
	Lost     Number  `json:"lost"` // share of the expected packets, before repair
	DelayP50 Number  `json:"delayP50"`
	DelayP99 Number  `json:"delayP99"` // milliseconds
}

// Progress is a sample with what the run is about.
type Progress struct {
	Sample
	Phase         string // what the run is doing, in words
	Asked, Failed int    // viewers
}

// total is what all viewers together have counted.
type total struct {
	counts         tally.Counts
	packets, bytes int64
	sound          int64 // packets
	sent           int64 // by the publisher
	delays         tally.Times
}

func (r *run) sample(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	before, beforeAt := total{}, r.now()
	r.samplesBegan = beforeAt
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		at, sum := r.now(), r.total()
		s := between(before, sum, at-beforeAt)
		s.At, s.Viewers = (at - r.samplesBegan).Seconds(), r.up()
		if len(r.viewers()) > 0 && sum.packets == before.packets && sum.sent > before.sent {
			s.Lost = 1
		}
		before, beforeAt = sum, at
		r.samples = append(r.samples, s)
		if r.watch != nil {
			r.watch(r.progress(s))
		}
	}
}

func (r *run) progress(s Sample) Progress {
	p := Progress{Sample: s, Asked: r.options.Viewers, Phase: "joining"}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.failures {
		p.Failed += n
	}
	switch {
	case p.Failed+len(r.joined) >= p.Asked:
		p.Phase = "measuring"
	case r.waiting.Load() > 0:
		p.Phase = "waiting: nobody presents yet"
	}
	return p
}

// up is how many viewers are connected.
func (r *run) up() (n int) {
	for _, v := range r.viewers() {
		if v.isUp() {
			n++
		}
	}
	return n
}

func (r *run) total() (t total) {
	for _, v := range r.viewers() {
		v.mu.Lock()
		for k := range v.media {
			t.counts = t.counts.Add(v.media[k].stream.Counts())
		}
		t.sound += v.media[audio].stream.Counts().Received
		t.packets += v.packets
		t.bytes += v.bytes
		if v.probe != nil {
			t.delays.Merge(&v.probe.second)
			v.probe.second = tally.Times{}
		}
		v.mu.Unlock()
	}
	if p := r.publisher; p != nil {
		t.sent = p.sent[video].Load() + p.sent[audio].Load()
	}
	return t
}

// between is what came from one total to a later one. A viewer's stream that
// begins within makes no loss.
func between(a, b total, took time.Duration) Sample {
	seconds := max(took.Seconds(), 1e-9)
	s := Sample{
		Packets: float64(b.packets-a.packets) / seconds, Sound: float64(b.sound-a.sound) / seconds, Bits: 8 * float64(b.bytes-a.bytes) / seconds,
		Lost: unknown, DelayP50: quantile(&b.delays, 0.5), DelayP99: quantile(&b.delays, 0.99),
	}
	if expected := b.counts.Expected - a.counts.Expected; expected > 0 {
		s.Lost = max(0, Number(b.counts.Lost()-a.counts.Lost())/Number(expected))
	}
	return s
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
