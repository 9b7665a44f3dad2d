package broadcast

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// health is what a viewer's receiver reports say of its network.
type health struct {
	mu    sync.Mutex // guards what follows
	judge lossJudge
	asks  askBudget
	rtt   time.Duration
	lost  uint8     // the fraction lost, of the newest report
	heard time.Time // when that came; zero: none did

	// for the rate that is needed
	octets uint64
	since  time.Time
	rate   int // bits per second of the last interval
}

// feedback is where Pion puts a viewer's RTCP about a DownTrack. It is served in
// the goroutine that decrypts it: a queue, a goroutine and its buffer for each
// would be 20 kB a viewer, and serving waits for nobody. That goroutine, one a
// session, owns the NACK budget.
type feedback struct {
	*sink
	down   *DownTrack
	budget nackBudget
}

func newFeedback(d *DownTrack) *feedback { return &feedback{sink: newSink(), down: d} }

// Write serves RTCP. What can't be read is nobody's.
func (f *feedback) Write(b []byte) (int, error) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return len(b), nil
	}
	now := time.Now()
	for _, p := range packets {
		f.down.serve(p, &f.budget, now)
	}
	return len(b), nil
}

// serve answers one RTCP packet. A viewer that is sent nothing, since it lacks
// the codec or can't keep up, asks for what would not help it.
func (d *DownTrack) serve(p rtcp.Packet, budget *nackBudget, now time.Time) {
	b := d.binding.Load()
	if b == nil {
		return
	}
	sent := d.playing.Load() && !d.slow.Load()
	switch p := p.(type) {
	case *rtcp.TransportLayerNack:
		if p.MediaSSRC == b.ssrc && sent {
			d.repairs(b, p.Nacks, budget, now)
		}
	case *rtcp.PictureLossIndication:
		d.asked.plis.Add(1)
		d.needKeyFrame(sent, now)
	case *rtcp.FullIntraRequest:
		d.asked.firs.Add(1)
		d.needKeyFrame(sent, now)
	case *rtcp.ReceiverReport:
		d.judge(b, p.Reports, now)
	case *rtcp.SenderReport:
		d.judge(b, p.Reports, now)
	}
}

// needKeyFrame asks for one, if the viewer is sent a picture and may have it.
func (d *DownTrack) needKeyFrame(sent bool, now time.Time) {
	if sent && d.fanout.kind == kindVideo && d.health.mayAsk(now) {
		d.fanout.wantKeyFrame()
	}
}

// maxAsked is how many numbers of one NACK are looked at: no browser asks for more
// than a thousand, and a packet could name six.
const maxAsked = 1024

// repairs answers a NACK from the history, within the budget.
func (d *DownTrack) repairs(b *binding, pairs []rtcp.NackPair, budget *nackBudget, now time.Time) {
	sent, rtt, left := d.sent.Load(), d.health.roundTrip(), maxAsked
	for _, pair := range pairs {
		if left <= 0 {
			d.drops.count(dropBudget)
			return
		}
		pair.Range(func(seq uint16) bool {
			d.asked.packets.Add(1)
			left--
			p := d.fanout.history.get(seq)
			switch {
			case p == nil:
				d.drops.count(dropForgotten)
			case d.isUnsent(seq) || !budget.allow(seq, sent, rtt, now):
				d.drops.count(dropBudget)
			default:
				d.resend(b, p)
			}
			return true
		})
	}
}

func (h *health) roundTrip() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rtt
}

func (h *health) mayAsk(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asks.allow(now)
}

// askLate asks for the key frame that the viewer could not have when it asked.
func (d *DownTrack) askLate(now time.Time) {
	d.health.mu.Lock()
	due := d.health.asks.due(now)
	d.health.mu.Unlock()
	if due {
		d.fanout.wantKeyFrame()
	}
}

// judge stops the video of a viewer that loses too much of it for too long. Its
// sound goes on.
func (d *DownTrack) judge(b *binding, reports []rtcp.ReceptionReport, now time.Time) {
	for _, r := range reports {
		if r.SSRC != b.ssrc {
			continue
		}
		need, stop := d.health.report(&r, d.octets.Load(), d.fanout.kind, now)
		if stop > 0 {
			d.slow.Store(true)
			d.session.setSlow(tooSlow(need, r.FractionLost, stop))
		}
	}
}

// report takes one reception report over. stop is for how long the video has to
// stop; 0: it has not.
func (h *health) report(r *rtcp.ReceptionReport, octets uint64, k kind, now time.Time) (need int, stop time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost, h.heard = r.FractionLost, now
	if rtt := roundTrip(r, now); rtt > 0 {
		h.rtt = rtt
	}
	if elapsed := now.Sub(h.since); elapsed >= time.Second {
		h.rate = int(float64(octets-h.octets) * 8 / elapsed.Seconds())
		h.octets, h.since = octets, now
	}
	if k == kindVideo {
		stop = h.judge.report(r.FractionLost, now)
	}
	return h.rate, stop
}

func tooSlow(need int, fractionLost uint8, stop time.Duration) *Error {
	have := need * (256 - int(fractionLost)) / 256
	e := errorf(CodeRateLimited, "Your network gets %d kbit/s and the picture needs %d. The sound goes on; the picture is tried again in %d s.",
		have/1000, need/1000, int(stop.Seconds()))
	e.Have, e.Need, e.RetryAfter = have, need, stop
	return e
}

// retry starts a stopped video again, at the next key frame.
func (d *DownTrack) retry(now time.Time) {
	if !d.slow.Load() {
		return
	}
	d.health.mu.Lock()
	again := d.health.judge.retry(now)
	d.health.mu.Unlock()
	if again {
		d.slow.Store(false)
		d.session.setSlow(nil)
		d.fanout.wantKeyFrame()
	}
}

// report sends a sender report: the room's RTP time at now, in the relay's clock.
func (d *DownTrack) report(now time.Time, rtp uint32) {
	b := d.binding.Load()
	if b == nil || d.sent.Load() == 0 {
		return
	}
	d.session.writeRTCP(&rtcp.SenderReport{
		SSRC: b.ssrc, NTPTime: toNTP(now), RTPTime: rtp,
		PacketCount: uint32(d.sent.Load()), OctetCount: uint32(d.octets.Load()),
	})
}
