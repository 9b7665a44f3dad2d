package load

import (
	"time"

	"relay/cmd/relay/load/tally"
)

// Report is what a run found. Times are in milliseconds, shares 0 to 1. What is
// not of the joins is of the window: from when all viewers had joined or failed,
// for Options.Duration.
type Report struct {
	Seconds   float64          `json:"seconds"` // of the window; 0 if it did not begin
	Viewers   ViewersReport    `json:"viewers"`
	Media     MediaReport      `json:"media"`
	Delay     DelayReport      `json:"delay"`
	Feedback  FeedbackReport   `json:"feedback"`
	Publisher *PublisherReport `json:"publisher,omitempty"`
	Server    *ServerReport    `json:"server,omitempty"` // with Options.PID
	Tester    TesterReport     `json:"tester"`
	Samples   []Sample         `json:"samples"`
	// Undeleted is how many sessions the server may still have.
	Undeleted int `json:"undeleted"`
}

// ViewersReport is about joining.
type ViewersReport struct {
	Asked     int            `json:"asked"`
	Connected int            `json:"connected"`
	Failed    map[string]int `json:"failed"`  // by reason
	Dropped   int            `json:"dropped"` // connected, and then lost
	Silent    int            `json:"silent"`  // connected, and got nothing in the window's last second
	// From the POST.
	Join        Quantiles `json:"join"`
	FirstPacket Quantiles `json:"firstPacket"`
	// First frame that can be decoded, of probes.
	FirstFrame              Quantiles `json:"firstFrame"`
	FirstFrameFromConnected Quantiles `json:"firstFrameFromConnected"`
}

// MediaReport is about all viewers' packets.
type MediaReport struct {
	Packets          int64   `json:"packets"` // delivered, repairs included
	PacketsPerSecond float64 `json:"packetsPerSecond"`
	BitsPerSecond    float64 `json:"bitsPerSecond"` // of UDP payload
	Expected         int64   `json:"expected"`
	Lost             int64   `json:"lost"` // before repair
	Loss             float64 `json:"loss"`
	Repaired         int64   `json:"repaired"`
	Missing          int64   `json:"missing"` // never came
	Delivery         float64 `json:"delivery"`
	Reordered        int64   `json:"reordered"`
	Duplicates       int64   `json:"duplicates"`
	Restarts         int64   `json:"restarts"`   // of the numbering
	LongestGap       float64 `json:"longestGap"` // without a packet of one kind at one viewer
}

// DelayReport is about the time from the publisher's sending to a probe's kernel,
// of packets that came by themselves.
type DelayReport struct {
	Quantiles
	Max float64 `json:"max"`
	// InTime is the share of all that came, repaired ones too, within 200 ms.
	InTime float64 `json:"inTime"`
}

// FeedbackReport is what viewers asked for, and RTX packets that they got.
type FeedbackReport struct {
	NACKs int64 `json:"nacks"` // numbers, not packets
	RTX   int64 `json:"rtx"`
	PLIs  int64 `json:"plis"`
}

// PublisherReport is about the synthetic publisher, over the whole run but for
// the packets sent, which are the window's.
type PublisherReport struct {
	Codec     string `json:"codec"`
	Video     int64  `json:"video"` // packets
	Audio     int64  `json:"audio"`
	KeyFrames int64  `json:"keyFrames"`
	PLIs      int64  `json:"plis"` // that the server sent
	FIRs      int64  `json:"firs"`
	NACKs     int64  `json:"nacks"`
}

// ServerReport is about the server's process.
type ServerReport struct {
	Cores       float64 `json:"cores"`
	UserCores   float64 `json:"userCores"`
	SystemCores float64 `json:"systemCores"`
	// PerPacket is CPU time for each packet delivered, in microseconds.
	PerPacket float64 `json:"perPacket"`
	// PerViewer is bytes of resident memory for each viewer: at the window's end,
	// less what it was with the publisher only.
	PerViewer float64 `json:"perViewer"`
	Resident  int64   `json:"resident"`
}

// TesterReport is about this process.
type TesterReport struct {
	Cores float64 `json:"cores"`
	// Drops is packets that the tester itself lost: figures are wrong by them.
	Drops  uint64 `json:"drops"`
	Buffer int    `json:"buffer"` // bytes for a viewer, as the kernel granted
}

// Quantiles of durations in milliseconds; Count is of how many.
type Quantiles struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
}

func quantiles(t *tally.Times) Quantiles {
	return Quantiles{
		Count: t.Count(), P50: milliseconds(t.Quantile(0.5)),
		P95: milliseconds(t.Quantile(0.95)), P99: milliseconds(t.Quantile(0.99)),
	}
}

// report is made when nothing runs any more.
func (r *run) report(undeleted int) *Report {
	out := &Report{Undeleted: undeleted, Samples: r.samples, Seconds: (r.ended.at - r.began.at).Seconds()}
	out.Viewers = r.viewersReport()
	out.Media = r.mediaReport(out.Seconds)
	out.Delay = r.delayReport()
	out.Feedback = FeedbackReport{
		NACKs: r.ended.nacks - r.began.nacks, RTX: r.ended.rtx - r.began.rtx, PLIs: r.ended.plis - r.began.plis,
	}
	out.Publisher = r.publisherReport()
	out.Server = r.serverReport(out.Media.Packets)
	out.Tester = r.testerReport(out.Seconds)
	return out
}

func (r *run) viewersReport() ViewersReport {
	out := ViewersReport{Asked: r.options.Viewers, Failed: r.failures}
	var join, packet, frame, frameFromConnected tally.Times
	for _, v := range r.viewers() {
		m := v.moments
		out.Connected++
		join.Add(m.connected - m.posted)
		if m.first != 0 {
			packet.Add(m.first - m.posted)
		}
		if m.decodable != 0 {
			frame.Add(m.decodable - m.posted)
			frameFromConnected.Add(m.decodable - m.connected)
		}
		if v.dropped {
			out.Dropped++
		}
		if r.isSilent(v) {
			out.Silent++
		}
	}
	out.Join, out.FirstPacket = quantiles(&join), quantiles(&packet)
	out.FirstFrame, out.FirstFrameFromConnected = quantiles(&frame), quantiles(&frameFromConnected)
	return out
}

// isSilent is true for a viewer that had got nothing for a second when the window
// ended, or at all.
func (r *run) isSilent(v *viewer) bool {
	last := max(v.media[video].stream.Counts().LastAt, v.media[audio].stream.Counts().LastAt)
	return r.ended.at != 0 && r.ended.at-last > time.Second
}

// window is a viewer's counts of the window: the second of its streams' windows.
func (v *viewer) window() (sum tally.Counts) {
	for k := range v.media {
		sum = sum.Add(v.media[k].stream.Window(1))
	}
	return sum
}

func (r *run) mediaReport(seconds float64) MediaReport {
	var sum tally.Counts
	if r.began.at == 0 {
		return MediaReport{}
	}
	for _, v := range r.viewers() {
		counts := v.window()
		if unsent := r.unsent(v, counts); unsent > 0 {
			counts.Expected += unsent
		}
		sum = sum.Add(counts)
	}
	return MediaReport{
		Packets:          r.ended.packets - r.began.packets,
		PacketsPerSecond: float64(r.ended.packets-r.began.packets) / seconds,
		BitsPerSecond:    8 * float64(r.ended.bytes-r.began.bytes) / seconds,
		Expected:         sum.Expected, Lost: sum.Lost(), Loss: sum.Loss(),
		Repaired: sum.Repaired, Missing: sum.Missing(), Delivery: sum.Delivery(),
		Reordered: sum.Reordered, Duplicates: sum.Duplicates, Restarts: sum.Restarts,
		LongestGap: milliseconds(sum.LongestGap),
	}
}

// unsent is what a viewer that fell silent should have got after its last packet:
// its own numbers can't tell. What the publisher sent meanwhile is known if it is
// ours.
func (r *run) unsent(v *viewer, counts tally.Counts) int64 {
	if r.publisher == nil || !r.isSilent(v) {
		return 0
	}
	window := r.ended.at - r.began.at
	silent := min(window, r.ended.at-max(counts.LastAt, r.began.at))
	sent := r.ended.sent[video] - r.began.sent[video] + r.ended.sent[audio] - r.began.sent[audio]
	return int64(float64(sent) * silent.Seconds() / window.Seconds())
}

func (r *run) delayReport() DelayReport {
	var all tally.Times
	var came, late int64
	for _, v := range r.viewers() {
		if v.probe != nil {
			all.Merge(&v.probe.window)
			came += v.probe.came
			late += v.probe.late
		}
	}
	out := DelayReport{Quantiles: quantiles(&all), Max: milliseconds(all.Max())}
	if came > 0 {
		out.InTime = 1 - float64(late)/float64(came)
	}
	return out
}

func (r *run) publisherReport() *PublisherReport {
	p := r.publisher
	if p == nil {
		return nil
	}
	return &PublisherReport{
		Codec: r.options.Source.Codec.String(),
		Video: r.ended.sent[video] - r.began.sent[video], Audio: r.ended.sent[audio] - r.began.sent[audio],
		KeyFrames: p.keyFrames.Load(), PLIs: p.plis.Load(), FIRs: p.firs.Load(), NACKs: p.nacks.Load(),
	}
}

func (r *run) serverReport(packets int64) *ServerReport {
	used := r.ended.server.sub(r.began.server)
	window := (r.ended.at - r.began.at).Seconds()
	if !used.known || window <= 0 {
		return nil
	}
	out := &ServerReport{
		Cores: used.cpu().Seconds() / window, UserCores: used.user.Seconds() / window,
		SystemCores: used.system.Seconds() / window, Resident: r.ended.server.resident,
	}
	if packets > 0 {
		out.PerPacket = float64(used.cpu()/time.Nanosecond) / 1000 / float64(packets)
	}
	if n := len(r.viewers()); n > 0 && r.alone.known {
		out.PerViewer = float64(r.ended.server.resident-r.alone.resident) / float64(n)
	}
	return out
}

func (r *run) testerReport(window float64) TesterReport {
	var out TesterReport
	if used := r.ended.own.sub(r.began.own); used.known && window > 0 {
		out.Cores = used.cpu().Seconds() / window
	}
	for _, v := range r.viewers() {
		stats := v.socket.Stats()
		out.Drops += stats.KernelDrops + stats.QueueDrops + stats.Oversize
		out.Buffer = stats.Buffer
	}
	return out
}
