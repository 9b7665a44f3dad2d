package load

import (
	"cmp"
	"fmt"
	"io"
	"maps"
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
	} else {
		t.line("Ended before all had joined: nothing was measured of media.")
	}
	if r.Undeleted > 0 {
		t.line("%d sessions could not be deleted; the server may have them for a while.", r.Undeleted)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return t.err
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
	for _, reason := range slices.SortedFunc(maps.Keys(v.Failed), func(a, b string) int { return cmp.Compare(v.Failed[b], v.Failed[a]) }) {
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
	if q.Count == 0 {
		t.row(name, "-", "-", "-")
		return
	}
	t.row(name, decimal(q.P50), decimal(q.P95), decimal(q.P99))
}

func (t *table) media(r *Report) {
	t.quantiles("delay (probes)", r.Delay.Quantiles)
	t.line("")
	m := &r.Media
	t.line("%.0f s: %s packets, %s a second, %.1f Mbit/s", r.Seconds, grouped(m.Packets), grouped(int64(m.PacketsPerSecond)), m.BitsPerSecond/1e6)
	t.line("delivered %s: lost %s (%s), repaired %s, missing %s", percent(m.Delivery), grouped(m.Lost), percent(m.Loss), grouped(m.Repaired), grouped(m.Missing))
	t.line("reordered %s, duplicates %s, longest gap %.0f ms", grouped(m.Reordered), grouped(m.Duplicates), m.LongestGap)
	if r.Delay.Count > 0 {
		t.line("delay at most %.1f ms, within 200 ms %s", r.Delay.Max, percent(r.Delay.InTime))
	}
	if m.Restarts > 0 {
		t.line("numbering began anew %d times", m.Restarts)
	}
	t.line("viewers asked for %s packets and %d key frames, and got %s by RTX", grouped(r.Feedback.NACKs), r.Feedback.PLIs, grouped(r.Feedback.RTX))
	if p := r.Publisher; p != nil {
		t.line("published %s: %s packets of video, %s of sound; %d key frames; heard %d PLI, %d FIR, %d packets asked for",
			p.Codec, grouped(p.Video), grouped(p.Audio), p.KeyFrames, p.PLIs, p.FIRs, p.NACKs)
	}
}

func (t *table) processes(r *Report) {
	t.line("")
	if s := r.Server; s != nil {
		t.line("server: %.2f cores (%.2f user, %.2f system), %.2f µs a packet delivered, %.0f kB a viewer", s.Cores, s.UserCores, s.SystemCores, s.PerPacket, s.PerViewer/1000)
	}
	t.line("tester: %.2f cores", r.Tester.Cores)
	if r.Tester.Drops > 0 {
		t.line("The tester itself lost %s packets: the figures are too bad by them. See \"limits\" in the README.", grouped(int64(r.Tester.Drops)))
	}
}

// decimal is milliseconds with as many digits as are worth reading.
func decimal(ms float64) string {
	if ms < 10 {
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

func percent(share float64) string { return fmt.Sprintf("%.3f %%", 100*share) }

// grouped is a number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
