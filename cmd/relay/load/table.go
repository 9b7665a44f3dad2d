package load

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
)

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	t := &table{Writer: tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)}
	t.viewers(&r.Viewers)
	if r.Seconds > 0 {
		t.media(r)
		t.processes(r)
	} else if r.Viewers.Connected > 0 {
		t.line("\nEnded before all had joined: nothing was measured of media.")
	}
	if r.Undeleted > 0 {
		t.line("%d DELETEs were not answered: the server drops those sessions by itself, after a while.", r.Undeleted)
	}
	t.line("\n%s", r.Verdict)
	if err := t.Flush(); err != nil {
		return err
	}
	return t.err
}

// reasons are why joins failed, the most frequent first.
func (v *ViewersReport) reasons() []string {
	return slices.SortedFunc(maps.Keys(v.Failed), func(a, b string) int {
		return cmp.Or(cmp.Compare(v.Failed[b], v.Failed[a]), cmp.Compare(a, b))
	})
}

// table writes lines; the first error is kept.
type table struct {
	*tabwriter.Writer
	err error
}

func (t *table) line(format string, args ...any) {
	if _, err := fmt.Fprintf(t.Writer, format+"\n", args...); err != nil && t.err == nil {
		t.err = err
	}
}

// row has its name flush left: the writer aligns cells to the right.
func (t *table) row(name string, cells ...string) {
	text := fmt.Sprintf("%-28s", name)
	for _, cell := range cells {
		text += "\t" + cell
	}
	t.line("%s\t", text)
}

func (t *table) viewers(v *ViewersReport) {
	t.line("%d of %d viewers connected", v.Connected, v.Asked)
	for _, reason := range v.reasons() {
		t.line("%d failed: %s", v.Failed[reason], reason)
	}
	if v.Dropped > 0 {
		t.line("%d lost their connection", v.Dropped)
	}
	if v.Silent > 0 {
		t.line("%d got nothing in the last second", v.Silent)
	}
	t.line("")
	t.row("milliseconds", "p50", "p95", "p99")
	t.quantiles("join", v.Join)
	t.quantiles("first packet", v.FirstPacket)
	t.quantiles("first frame (probes)", v.FirstFrame)
	t.quantiles("  from connected", v.FirstFrameFromConnected)
}

func (t *table) quantiles(name string, q Quantiles) {
	t.row(name, decimal(q.P50), decimal(q.P95), decimal(q.P99))
}

func (t *table) media(r *Report) {
	t.quantiles("delay (probes)", r.Delay.Quantiles)
	t.line("")
	t.packets("", r.Seconds, &r.Media)
	if r.Slow != nil {
		t.packets("the slow: ", r.Seconds, r.Slow)
	}
	if r.Delay.Max.Known() {
		t.line("delay at most %.1f ms; %s of what came was there within 200 ms", r.Delay.Max, percent(r.Delay.InTime))
	}
	if v := r.Verified; v != nil {
		t.line("verified %s packets of %d probes, and %s payloads with what was published: %d altered, %d renumbered, %d mistimed,",
			grouped(v.Packets), v.Probes, grouped(v.Payloads), v.Altered, v.Renumbered, v.Mistimed)
		t.line("  %d numbers used twice, %d repairs unlike what they repeat, %d out of order, %d duplicates", v.Rewritten, v.Contradicted, v.Disordered, v.Duplicates)
	}
	t.line("viewers asked for %s packets (NACK) and %d key frames (PLI), and got %s packets as RTX",
		grouped(r.Feedback.NACKs), r.Feedback.PLIs, grouped(r.Feedback.RTX))
	if p := r.Publisher; p != nil {
		t.line("published %s: %s packets of video, %s of sound; %d key frames; heard %d PLI, %d FIR, NACKs for %d packets",
			p.Codec, grouped(p.Video), grouped(p.Audio), p.KeyFrames, p.PLIs, p.FIRs, p.NACKs)
	}
}

// packets is what became of the packets of all viewers, or of the slow ones.
func (t *table) packets(who string, seconds float64, m *MediaReport) {
	t.line("%s%.0f s: %s packets, %s a second, %.1f Mbit/s", who, seconds, grouped(m.Packets), grouped(int64(m.PacketsPerSecond)), m.BitsPerSecond/1e6)
	if m.Expected == 0 {
		return
	}
	t.line("%sdelivered %s: lost %s (%s), repaired %s, missing %s", who, percent(m.Delivery), grouped(m.Lost), percent(m.Loss), grouped(m.Repaired), grouped(m.Missing))
	t.line("%sreordered %s, duplicates %s, longest gap %.0f ms", who, grouped(m.Reordered), grouped(m.Duplicates), m.LongestGap)
	if m.Restarts > 0 {
		t.line("%snumbering began anew %d times", who, m.Restarts)
	}
}

func (t *table) processes(r *Report) {
	t.line("")
	if s := r.Server; s != nil {
		t.line("server: %.2f of %d cores (%.2f user, %.2f system), %s µs a packet delivered", s.Cores, runtime.NumCPU(), s.UserCores, s.SystemCores, decimal(s.PerPacket))
		if s.PerViewer.Known() {
			t.line("        %.0f kB of memory a viewer, %.0f MB in all", s.PerViewer/1000, float64(s.Resident)/1e6)
		} else {
			t.line("        %.0f MB of memory; how much a viewer takes is known of a server that was just started", float64(s.Resident)/1e6)
		}
	}
	t.line("tester: %.2f of %d cores", r.Tester.Cores, runtime.NumCPU())
	if r.Tester.Drops > 0 {
		t.line("The tester itself lost %s packets, which are in these figures: raise net.core.rmem_max, or leave it more of the processor.", grouped(int64(r.Tester.Drops)))
	}
}

// decimal is a number with as many digits as are worth reading.
func decimal(n Number) string {
	switch {
	case !n.Known():
		return "-"
	case n < 10:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}

func percent(share Number) string {
	if !share.Known() {
		return "-"
	}
	return fmt.Sprintf("%.3f %%", 100*share)
}

// grouped is a number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
