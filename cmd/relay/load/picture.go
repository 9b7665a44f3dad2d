package load

import (
	"fmt"
	"io"
	"strings"
)

// The picture's measures, in SVG's user units.
const (
	pictureWidth  = 960
	panelHeight   = 200
	pictureMargin = 64
	panelGap      = 56
)

// WritePicture draws delay and loss over time, as SVG 1.1.
func (r *Report) WritePicture(w io.Writer) error {
	var b strings.Builder
	height := 2*panelHeight + panelGap + 2*pictureMargin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" fill="#22262e">`+"\n", pictureWidth, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", pictureWidth, height)
	fmt.Fprintf(&b, `<text x="%d" y="32" font-size="17" font-weight="bold">%d viewers: %.1f Mbit/s, delivered %.3f %%, delay p50 %.1f ms, p99 %.1f ms</text>`+"\n",
		pictureMargin, r.Viewers.Connected, r.Media.BitsPerSecond/1e6, 100*r.Media.Delivery, r.Delay.P50, r.Delay.P99)
	delay := panel{top: pictureMargin, title: "delay, ms", unit: 1, samples: r.Samples}
	delay.draw(&b,
		line{"p99", "#d9822b", func(s Sample) float64 { return s.DelayP99 }},
		line{"p50", "#2f5fd0", func(s Sample) float64 { return s.DelayP50 }})
	loss := panel{top: pictureMargin + panelHeight + panelGap, title: "lost before repair, %", unit: 0.1, samples: r.Samples}
	loss.draw(&b, line{"", "#c23b3b", func(s Sample) float64 { return 100 * s.Lost }})
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// panel is one diagram, over the seconds of the run.
type panel struct {
	top     int
	title   string
	unit    float64 // the least that the axis goes up to
	samples []Sample
}

// line is a curve of a panel.
type line struct {
	name, color string
	value       func(Sample) float64
}

func (p *panel) draw(b *strings.Builder, lines ...line) {
	most, last := p.unit, 1.0
	for _, s := range p.samples {
		last = max(last, s.At)
		for _, l := range lines {
			most = max(most, l.value(s))
		}
	}
	most = roundUp(most)
	p.axes(b, most, last)
	for i, l := range lines {
		p.curve(b, l, most, last)
		fmt.Fprintf(b, `<text x="%d" y="%d" fill="%s" text-anchor="end">%s</text>`+"\n", pictureWidth-pictureMargin-60*i, p.top-8, l.color, l.name)
	}
}

func (p *panel) axes(b *strings.Builder, most, last float64) {
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", pictureMargin, p.top-8, p.title)
	for i := range 5 {
		y := p.top + panelHeight - i*panelHeight/4
		fmt.Fprintf(b, `<path d="M%d %dH%d" stroke="#dde1e8"/><text x="%d" y="%d" text-anchor="end">%.3g</text>`+"\n",
			pictureMargin, y, pictureWidth-pictureMargin, pictureMargin-8, y+4, most*float64(i)/4)
		x := pictureMargin + i*(pictureWidth-2*pictureMargin)/4
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%.0f s</text>`+"\n", x, p.top+panelHeight+20, last*float64(i)/4)
	}
}

func (p *panel) curve(b *strings.Builder, l line, most, last float64) {
	fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round" points="`, l.color)
	for _, s := range p.samples {
		x := pictureMargin + s.At/last*(pictureWidth-2*pictureMargin)
		y := float64(p.top) + panelHeight*(1-l.value(s)/most)
		fmt.Fprintf(b, "%.1f,%.1f ", x, y)
	}
	b.WriteString(`"/>` + "\n")
}

// roundUp is the next 1, 2, 4 or 8 times a power of ten: quarters of it are short.
func roundUp(n float64) float64 {
	step := 1e-6
	for {
		for _, digit := range []float64{1, 2, 4, 8} {
			if digit*step >= n {
				return digit * step
			}
		}
		step *= 10
	}
}
