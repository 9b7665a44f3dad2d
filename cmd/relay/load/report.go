package load

import (
	"slices"
	"time"

	"relay/cmd/relay/load/tally"
	"relay/cmd/relay/load/verify"
)

// Report is what a run found. Times are in milliseconds, shares 0 to 1. What is
// not of the joins is of the window: from a second after all had joined or failed,
// for Options.Duration.
type Report struct {
	// Verdict is a sentence; Good is whether all viewers connected and stayed, and
	// whether what was verified is what was sent.
	Verdict   string           `json:"verdict"`
	Good      bool             `json:"good"`
	Target    string           `json:"target"`   // of WHEP
	JoinedAt  float64          `json:"joinedAt"` // when the window began, as Sample.At; 0 if it did not
	Seconds   float64          `json:"seconds"`  // of the window; 0 if it did not begin
	Viewers   ViewersReport    `json:"viewers"`
	Media     MediaReport      `json:"media"`          // of all viewers but the slow ones
	Slow      *MediaReport     `json:"slow,omitempty"` // of those that Options.Slow made slow
	Delay     DelayReport      `json:"delay"`
	Verified  *VerifiedReport  `json:"verified,omitempty"` // with Options.Verify
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
	Silent    int            `json:"silent"`  // connected, and got no video or no sound in the window's last second
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
	Loss             Number  `json:"loss"`
	Repaired         int64   `json:"repaired"`
	Missing          int64   `json:"missing"` // never came
	Delivery         Number  `json:"delivery"`
	Reordered        int64   `json:"reordered"`
	Duplicates       int64   `json:"duplicates"`
	Restarts         int64   `json:"restarts"`   // of the numbering
	LongestGap       float64 `json:"longestGap"` // without a packet of one kind at one viewer
}

// DelayReport is about the time from the publisher's sending to a probe's kernel,
// of packets that came by themselves.
type DelayReport struct {
	Quantiles
	Max Number `json:"max"`
	// InTime is the share of all that came, repaired ones too, within 200 ms.
	InTime Number `json:"inTime"`
}

// VerifiedReport is about what probes got in the whole run.
type VerifiedReport struct {
	Probes   int   `json:"probes"`
	Packets  int64 `json:"packets"`  // compared with all others of their SSRC
	Payloads int64 `json:"payloads"` // compared with what was published
	// Duplicates is as in MediaReport.
	Duplicates int64 `json:"duplicates"`
	verify.Faults
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
	Dropped   bool   `json:"dropped"` // its connection failed before the end
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
	PerPacket Number `json:"perPacket"`
	// PerViewer is bytes of resident memory for each viewer: at the window's end,
	// less what it was with the publisher only. It is not known of a server that
	// has kept the memory of an earlier run.
	PerViewer Number `json:"perViewer"`
	Resident  int64  `json:"resident"` // bytes at the window's end
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
	Count int64  `json:"count"`
	P50   Number `json:"p50"`
	P95   Number `json:"p95"`
	P99   Number `json:"p99"`
}

func quantiles(t *tally.Times) Quantiles {
	return Quantiles{Count: t.Count(), P50: quantile(t, 0.5), P95: quantile(t, 0.95), P99: quantile(t, 0.99)}
}

func quantile(t *tally.Times, q float64) Number {
	if t.Count() == 0 {
		return unknown
	}
	return Number(milliseconds(t.Quantile(q)))
}

// report is made when nothing runs any more.
func (r *run) report() *Report {
	out := &Report{
		Target: r.options.WHEP.Redacted(), Samples: r.samples, Undeleted: int(r.undeleted.Load()),
		JoinedAt: max(0, (r.began.at - r.samplesBegan).Seconds()), Seconds: (r.ended.at - r.began.at).Seconds(),
	}
	r.measureYardstick()
	out.Viewers = r.viewersReport()
	out.Media = r.mediaReport(false)
	if r.options.Slow.Viewers > 0 {
		slow := r.mediaReport(true)
		out.Slow = &slow
	}
	out.Delay = r.delayReport()
	out.Verified = r.verifiedReport()
	out.Feedback = FeedbackReport{
		NACKs: r.ended.nacks - r.began.nacks, RTX: r.ended.rtx - r.began.rtx, PLIs: r.ended.plis - r.began.plis,
	}
	out.Publisher = r.publisherReport()
	out.Server = r.serverReport(r.ended.packets - r.began.packets)
	out.Tester = r.testerReport(out.Seconds)
	out.Verdict, out.Good = out.verdict()
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
		if r.isSilent(v, video) || r.isSilent(v, audio) {
			out.Silent++
		}
	}
	out.Join, out.FirstPacket = quantiles(&join), quantiles(&packet)
	out.FirstFrame, out.FirstFrameFromConnected = quantiles(&frame), quantiles(&frameFromConnected)
	return out
}

// isSilent is true for a viewer that got nothing of a kind in the window's last
// second, though it was sent.
func (r *run) isSilent(v *viewer, k kind) bool {
	return r.ended.at != 0 && r.yardstick[k] > 0 && r.lastOf(k)-v.media[k].stream.Counts().LastAt > time.Second
}

// lastOf is when the newest packet of the window was sent, of a kind: by our
// publisher, or, of another, when some viewer got one. A screen that stands still
// has one a second; when nobody gets any for longer, it is not the screen.
func (r *run) lastOf(k kind) time.Duration {
	if r.publisher != nil {
		return min(time.Duration(r.publisher.lastSent[k].Load()), r.ended.at)
	}
	last := r.ended.at - stillest
	for _, v := range r.viewers() {
		last = max(last, v.media[k].stream.Counts().LastAt)
	}
	return min(last, r.ended.at)
}

// stillest is how long a room is without a packet at most.
const stillest = 5 * time.Second

// measureYardstick says how many packets of each kind every viewer should have got
// in the window: what our publisher sent; of another publisher, what most viewers
// were sent. A viewer that falls silent can't tell by its own numbers.
func (r *run) measureYardstick() {
	for k := range kinds {
		r.yardstick[k] = r.ended.sent[k] - r.began.sent[k]
		if r.publisher != nil {
			continue
		}
		var expected []int64
		for _, v := range r.viewers() {
			expected = append(expected, v.media[k].stream.Window(1).Expected)
		}
		if slices.Sort(expected); len(expected) > 0 {
			r.yardstick[k] = expected[len(expected)/2]
		}
	}
}

// window is a viewer's counts of the window: the second of its streams' windows.
func (r *run) window(v *viewer) (sum tally.Counts) {
	for k := range kinds {
		counts := v.media[k].stream.Window(1)
		if r.isSilent(v, k) {
			counts.Expected = max(counts.Expected, r.yardstick[k])
		}
		sum = sum.Add(counts)
	}
	return sum
}

// mediaReport is about the viewers that are slow, or those that are not.
func (r *run) mediaReport(slow bool) MediaReport {
	var sum tally.Counts
	var packets, bytes int64
	for _, v := range r.viewers() {
		if v.slow != slow || r.began.at == 0 {
			continue
		}
		sum = sum.Add(r.window(v))
		packets += v.cuts[1].packets - v.cuts[0].packets
		bytes += v.cuts[1].bytes - v.cuts[0].bytes
	}
	seconds := (r.ended.at - r.began.at).Seconds()
	out := MediaReport{
		Packets: packets, PacketsPerSecond: perSecond(packets, seconds), BitsPerSecond: 8 * perSecond(bytes, seconds),
		Expected: sum.Expected, Lost: sum.Lost(), Loss: unknown,
		Repaired: sum.Repaired, Missing: sum.Missing(), Delivery: unknown,
		Reordered: sum.Reordered, Duplicates: sum.Duplicates, Restarts: sum.Restarts,
		LongestGap: milliseconds(sum.LongestGap),
	}
	if sum.Expected > 0 {
		out.Loss, out.Delivery = Number(sum.Loss()), Number(sum.Delivery())
	}
	return out
}

func perSecond(n int64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
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
	out := DelayReport{Quantiles: quantiles(&all), Max: quantile(&all, 1), InTime: unknown}
	if came > 0 {
		out.InTime = Number(1 - float64(late)/float64(came))
	}
	return out
}

func (r *run) verifiedReport() *VerifiedReport {
	if !r.options.Verify {
		return nil
	}
	out := &VerifiedReport{}
	for _, v := range r.viewers() {
		if v.probe == nil {
			continue
		}
		out.Probes++
		v.addVerified(out)
	}
	return out
}

func (v *viewer) addVerified(out *VerifiedReport) {
	v.mu.Lock() // Pion may still be decrypting a last packet
	defer v.mu.Unlock()
	check := v.probe.check
	out.Packets += check.Packets
	out.Payloads += check.Payloads
	out.Faults = out.Faults.Add(check.Faults)
	for k := range kinds {
		out.Duplicates += v.media[k].stream.Counts().Duplicates
	}
}

func (r *run) publisherReport() *PublisherReport {
	p := r.publisher
	if p == nil {
		return nil
	}
	return &PublisherReport{
		Dropped: p.dropped,
		Codec:   r.options.Source.Codec.String(),
		Video:   r.ended.sent[video] - r.began.sent[video], Audio: r.ended.sent[audio] - r.began.sent[audio],
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
		PerPacket: unknown, PerViewer: unknown,
	}
	if packets > 0 {
		out.PerPacket = Number(used.cpu().Seconds() * 1e6 / float64(packets))
	}
	if n, grown := len(r.viewers()), r.ended.server.resident-r.alone.resident; n > 0 && r.alone.known && grown > 0 {
		out.PerViewer = Number(grown) / Number(n)
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
