// Package qrcode draws QR codes (ISO/IEC 18004): as a picture for a page, and in
// letters for a terminal.
package qrcode

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

const (
	// quiet is the width of the empty border, in modules, without which readers
	// do not find the code.
	quiet = 4
	// moduleSize is the SVG's own size in pixels a module, where no style sheet has
	// another: a whole number, so that all modules are alike.
	moduleSize = 3
)

// code is a QR code with its border.
type code struct {
	size int // of a side, in modules
	dark func(x, y int) bool
}

// encode makes the smallest code of text that can lose 15 % (level M).
func encode(text string) (code, error) {
	drawn, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		return code{}, fmt.Errorf("make the QR code of %.80q: %w", text, err)
	}
	inner := drawn.Bounds().Dx()
	dark := func(x, y int) bool {
		x, y = x-quiet, y-quiet
		if x < 0 || y < 0 || x >= inner || y >= inner {
			return false
		}
		r, _, _, _ := drawn.At(x, y).RGBA()
		return r == 0
	}
	return code{inner + 2*quiet, dark}, nil
}

// SVG draws text as an image whose unit is a module.
func SVG(text string) ([]byte, error) {
	c, err := encode(text)
	if err != nil {
		return nil, err
	}
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %[1]d" width="%d" height="%[2]d" shape-rendering="crispEdges">`,
		c.size, c.size*moduleSize)
	fmt.Fprintf(&svg, `<rect width="%d" height="%[1]d" fill="#fff"/><path d="`, c.size)
	for y := range c.size {
		c.drawRow(&svg, y)
	}
	svg.WriteString(`"/></svg>`)
	return svg.Bytes(), nil
}

// drawRow draws each run of dark modules as one rectangle.
func (c code) drawRow(path *bytes.Buffer, y int) {
	for x := 0; x < c.size; x++ {
		start := x
		for c.dark(x, y) {
			x++
		}
		if x > start {
			fmt.Fprintf(path, "M%d %dh%dv1H%dz", start, y, x-start, start)
		}
	}
}

// Text draws text in lines of half blocks, two modules a character. What is drawn
// are the light modules: most terminals are dark, and readers take the code of a
// light one, which is inverted, too.
func Text(text string) (string, error) {
	c, err := encode(text)
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for y := 0; y < c.size; y += 2 {
		for x := range c.size {
			lines.WriteRune(halves(c.light(x, y), c.light(x, y+1)))
		}
		lines.WriteByte('\n')
	}
	return lines.String(), nil
}

// light is false below the last line, where a character's lower half may be.
func (c code) light(x, y int) bool { return y < c.size && !c.dark(x, y) }

// halves is the character of which these halves are filled.
func halves(upper, lower bool) rune {
	switch {
	case upper && lower:
		return '█'
	case upper:
		return '▀'
	case lower:
		return '▄'
	}
	return ' '
}
