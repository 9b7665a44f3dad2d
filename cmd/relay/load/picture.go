package load

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// The picture's measures, in SVG's user units: letters of 20 are to be read on a
// phone, where the picture is 390 pixels wide.
const (
	pictureWidth  = 720
	pictureHeight = 664
	plotLeft      = 76
	plotRight     = 662
	plotHeight    = 190
	delayTop      = 142
	lossTop       = 434
	stripHeight   = 26 // over a plot, for the word joining
	lineHeight    = 24
)

const pictureStyle = `<style>
svg{background:#fff}.paper{fill:#fff}.joining{fill:#e8eaef}.grid{stroke:#ced3dc}text{fill:#22262e}
.p50{color:#2450b8}.p99{color:#a85500}.lost{color:#b52a2a}
path.curve{fill:none;stroke:currentColor;stroke-width:2.5;stroke-linejoin:round}
text.curve,circle.curve{fill:currentColor}
@media (prefers-color-scheme:dark){
svg{background:#16181d}.paper{fill:#16181d}.joining{fill:#2b2f38}.grid{stroke:#454b57}text{fill:#e6e8ec}
.p50{color:#8db1ff}.p99{color:#f3a85c}.lost{color:#ff8f85}
}
</style>
`

// WritePicture draws delay and loss over time, as SVG.
func (r *Report) WritePicture(w io.Writer) error {
	p := newPicture(r)
	p.head(r)
	delay := panel{picture: p, top: delayTop, title: "delay, ms", least: 1, lines: []line{
		{"p50", "8 5", func(s Sample) float64 { return float64(s.DelayP50) }},
		{"p99", "none", func(s Sample) float64 { return float64(s.DelayP99) }},
	}}
	delay.draw(r.whyNoDelay(), "")
	loss := panel{picture: p, top: lossTop, title: "lost before repair, %", least: 0.1, lines: []line{
		{"lost", "none", func(s Sample) float64 { return 100 * float64(s.Lost) }},
	}}
	loss.draw([]string{"loss: not known", "(no packets came)"}, "no loss seen")
	p.put("</svg>")
	_, err := io.WriteString(w, p.text.String())
	return err
}

// headline is what the run came to, in a line or two.
func (r *Report) headline() []string {
	text := fmt.Sprintf("%d viewers", r.Viewers.Connected)
	switch {
	case r.Viewers.Connected < r.Viewers.Asked:
		text = fmt.Sprintf("%d of %d viewers", r.Viewers.Connected, r.Viewers.Asked)
	case r.Viewers.Connected == 1:
		text = "1 viewer"
	}
	switch {
	case r.Viewers.Connected == 0:
		return []string{text, "nobody connected: nothing was measured"}
	case r.Seconds <= 0:
		return []string{text, "ended before all had joined: nothing was measured"}
	}
	text += fmt.Sprintf(", %.1f Mbit/s", r.Media.BitsPerSecond/1e6)
	if r.Media.Delivery.Known() {
		text += ", delivered " + percent(r.Media.Delivery)
	}
	if d := r.Delay; d.Count > 0 && d.P50.Known() && d.P99.Known() {
		return []string{text, fmt.Sprintf("delay p50 %.1f ms, p99 %.1f ms", d.P50, d.P99)}
	}
	return []string{text}
}

// whyNoDelay is what to say if no sample has a delay.
func (r *Report) whyNoDelay() []string {
	if r.Publisher == nil {
		return []string{"delay: not known", "(the publisher is not relay load on this machine)"}
	}
	return []string{"delay: not known", "(no probe got a packet with a clock)"}
}

// picture is SVG in the making, with the axis of time that its panels share.
type picture struct {
	text         strings.Builder
	samples      []Sample
	joined, last float64 // seconds: the joining's end, the axis' end
}

func newPicture(r *Report) *picture {
	p := &picture{samples: r.Samples, joined: r.JoinedAt, last: r.JoinedAt}
	for _, s := range r.Samples {
		p.last = max(p.last, s.At)
	}
	p.last = max(1, math.Ceil(p.last-0.1)) // tickers are late by a little
	if r.Seconds <= 0 && len(r.Samples) > 0 {
		p.joined = p.last
	}
	return p
}

func (p *picture) put(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

func (p *picture) head(r *Report) {
	lines := r.headline()
	p.put(`<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="20">`, pictureWidth, pictureHeight)
	p.put("<title>relay load: %s</title>", strings.Join(lines, ", "))
	p.put(`%s<rect class="paper" width="%d" height="%d"/>`, pictureStyle, pictureWidth, pictureHeight)
	for i, text := range lines {
		weight := []string{"bold", "normal"}[i]
		p.put(`<text x="20" y="%d" font-weight="%s">%s</text>`, 36+i*28, weight, text)
	}
}

func (p *picture) x(at float64) float64 {
	return plotLeft + min(1, at/p.last)*(plotRight-plotLeft)
}

// panel is one diagram.
type panel struct {
	*picture
	top   int
	title string
	least float64 // that the axis goes up to, if anything is above 0
	lines []line  // upper ones later
	most  float64 // that the axis goes up to; 0 for an axis without a scale
}

// line is a curve, named as its class in pictureStyle.
type line struct {
	name, dashes string
	value        func(Sample) float64 // NaN if not known
}

// draw says unknown where there is nothing to draw, and zero, if it is not empty,
// where all is 0.
func (p *panel) draw(unknown []string, zero string) {
	most := p.greatest()
	var notes []string
	switch {
	case len(p.samples) == 0:
		notes = []string{"nothing to draw:", "the run ended within its first second"}
	case math.IsInf(most, -1):
		notes = unknown
	case most == 0 && zero != "":
		notes = []string{zero}
	default:
		p.most = roundUp(max(p.least, most))
	}
	p.joining()
	p.timeAxis()
	p.valueAxis()
	p.curves()
	p.note(notes)
}

// greatest is what the curves go up to, and -Inf if nothing is known.
func (p *panel) greatest() float64 {
	most := math.Inf(-1)
	for _, s := range p.samples {
		for _, l := range p.lines {
			if value := l.value(s); isKnown(value) {
				most = max(most, value)
			}
		}
	}
	return most
}

// joining marks the time until all had joined or failed.
func (p *panel) joining() {
	if p.joined <= 0 {
		return
	}
	const wordWidth = 80
	width := p.x(p.joined) - plotLeft
	p.put(`<rect class="joining" x="%d" y="%d" width="%.1f" height="%d"/>`, plotLeft, p.top-stripHeight, width, plotHeight+stripHeight)
	x, word := float64(plotLeft+6), "joining"
	if width < wordWidth {
		x, word = plotLeft+width+6, "← joining"
	}
	p.put(`<text x="%.1f" y="%d">%s</text>`, x, p.top-8, word)
}

func (p *panel) timeAxis() {
	step, bottom := timeStep(p.last), p.top+plotHeight
	p.put(`<path class="grid" d="M%d %dH%d"/>`, plotLeft, bottom, plotRight)
	for at := 0.0; at <= p.last; at += step {
		x := p.x(at)
		p.put(`<path class="grid" d="M%.1f %dv6"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x, bottom, x, bottom+lineHeight+2, timeLabel(at, step))
	}
}

func (p *panel) valueAxis() {
	p.put(`<text x="20" y="%d">%s</text>`, p.top-stripHeight-10, p.title)
	for i := range 5 {
		y := p.top + plotHeight - i*plotHeight/4
		p.put(`<text x="%d" y="%d" text-anchor="end">%s</text>`, plotLeft-10, y+7, shortest(p.most*float64(i)/4))
		if p.most == 0 {
			return
		}
		p.put(`<path class="grid" d="M%d %dH%d"/>`, plotLeft, y, plotRight)
	}
}

// note writes lines into the middle of an empty plot.
func (p *panel) note(lines []string) {
	for i, text := range lines {
		p.put(`<text x="%d" y="%d" text-anchor="middle">%s</text>`, (plotLeft+plotRight)/2, p.top+plotHeight/2-6+i*lineHeight, text)
	}
}

// curves draws each line and its name at its end: one that lies over another's is
// moved up.
func (p *panel) curves() {
	lowest := float64(p.top + plotHeight - 6)
	for _, l := range p.lines {
		var end point
		for _, run := range p.runs(l) {
			p.curve(l, run)
			end = run[len(run)-1]
		}
		if end != (point{}) && len(p.lines) > 1 {
			y := min(end.y, lowest)
			p.put(`<text class="curve %s" x="%.1f" y="%.1f">%s</text>`, l.name, end.x+8, y+7, l.name)
			lowest = y - lineHeight
		}
	}
}

func (p *panel) curve(l line, run []point) {
	if len(run) == 1 {
		p.put(`<circle class="curve %s" cx="%.1f" cy="%.1f" r="4"/>`, l.name, run[0].x, run[0].y)
		return
	}
	var path strings.Builder
	for i, at := range run {
		fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], at.x, at.y)
	}
	p.put(`<path class="curve %s" stroke-dasharray="%s" d="%s"/>`, l.name, l.dashes, path.String())
}

type point struct{ x, y float64 }

// runs are the pieces of a curve: it is broken where a sample has no value.
func (p *panel) runs(l line) (runs [][]point) {
	broken := true
	for _, s := range p.samples {
		value := l.value(s)
		if !isKnown(value) {
			broken = true
			continue
		}
		if broken {
			runs = append(runs, nil)
		}
		last := len(runs) - 1
		runs[last] = append(runs[last], point{p.x(s.At), p.y(value)})
		broken = false
	}
	return runs
}

func (p *panel) y(value float64) float64 {
	if p.most == 0 {
		value = 0
	} else {
		value = max(0, value/p.most)
	}
	return float64(p.top) + plotHeight*(1-value)
}

func isKnown(n float64) bool { return !math.IsNaN(n) && !math.IsInf(n, 0) }

// timeStep is the least round time, in seconds, of which 7 reach the axis' end.
func timeStep(last float64) float64 {
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200} {
		if last <= 7*step {
			return step
		}
	}
	const day = 86400
	return day * math.Ceil(last/7/day)
}

// timeLabel is a time in the unit that suits the step between such.
func timeLabel(at, step float64) string {
	switch {
	case step >= 3600:
		return fmt.Sprintf("%g h", at/3600)
	case step >= 60:
		return fmt.Sprintf("%g min", at/60)
	}
	return fmt.Sprintf("%g s", at)
}

func shortest(n float64) string {
	return strconv.FormatFloat(math.Round(n*1e4)/1e4, 'f', -1, 64)
}

// roundUp is the next 1, 2, 4 or 8 times a power of ten: quarters of it are short.
func roundUp(n float64) float64 {
	for power := -6; ; power++ {
		for _, digit := range []float64{1, 2, 4, 8} {
			if most := digit * math.Pow10(power); most >= n {
				return most
			}
		}
	}
}
