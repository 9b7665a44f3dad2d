package qrcode

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	reader "github.com/makiuchi-d/gozxing/qrcode"
)

var addresses = []string{
	"http://192.168.1.20:8080/pull",
	"http://10.0.0.7/pull/math",
	"http://[fd12:3456:789a:1::20]:8080/pull/" + strings.Repeat("Room_-9", 9),
	"https://relay.school.example/pull/A",
	"http://box.local:8080/pull/" + strings.Repeat("x", 480),
	"HTTP://UPPER/PULL",
	"0123456789",
	"ü and 漢字",
}

// scale is how many pixels a module has in the pictures of these tests.
const scale = 4

// newPicture is of one colour.
func newPicture(modules int, c color.Color) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, modules*scale, modules*scale))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	return picture
}

// fill paints modules.
func fill(picture draw.Image, modules image.Rectangle, c color.Color) {
	area := image.Rectangle{modules.Min.Mul(scale), modules.Max.Mul(scale)}
	draw.Draw(picture, area, image.NewUniform(c), image.Point{}, draw.Src)
}

// read is what a reader makes of a picture.
func read(t testing.TB, picture image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	// The picture is exact: nothing has to be looked for in it.
	exact := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true}
	result, err := reader.NewQRCodeReader().Decode(bitmap, exact)
	if err != nil {
		t.Fatal(err)
	}
	return result.GetText()
}

// drawSVG paints what an SVG's elements say.
func drawSVG(t testing.TB, svg []byte) *image.Gray {
	t.Helper()
	var parsed struct {
		ViewBox string `xml:"viewBox,attr"`
		Rect    struct {
			Width int    `xml:"width,attr"`
			Fill  string `xml:"fill,attr"`
		} `xml:"rect"`
		Path struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(svg, &parsed); err != nil {
		t.Fatal(err)
	}
	size := parsed.Rect.Width
	if want := fmt.Sprintf("0 0 %d %d", size, size); parsed.ViewBox != want || parsed.Rect.Fill != "#fff" {
		t.Fatalf("%.200s", svg)
	}
	picture := newPicture(size, color.White)
	for run := range strings.SplitAfterSeq(parsed.Path.D, "z") {
		var x, y, width, back int
		if run == "" {
			continue
		}
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1H%dz", &x, &y, &width, &back); err != nil || back != x {
			t.Fatalf("%q: %v", run, err)
		}
		fill(picture, image.Rect(x, y, x+width, y+1), color.Black)
	}
	return picture
}

// drawText is how a dark terminal shows it.
func drawText(t testing.TB, text string) *image.Gray {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	picture := newPicture(len([]rune(lines[0])), color.Black)
	for row, line := range lines {
		for x, char := range []rune(line) {
			fill(picture, halvesOf(x, 2*row, char), color.White)
		}
	}
	return picture
}

// halvesOf is the part of a character's two modules that is drawn.
func halvesOf(x, y int, char rune) image.Rectangle {
	switch char {
	case '█':
		return image.Rect(x, y, x+1, y+2)
	case '▀':
		return image.Rect(x, y, x+1, y+1)
	case '▄':
		return image.Rect(x, y+1, x+1, y+2)
	}
	return image.Rectangle{}
}

func TestReadersReadIt(t *testing.T) {
	for _, address := range addresses {
		svg, err := SVG(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, drawSVG(t, svg)); got != address {
			t.Errorf("SVG of %q is %q", address, got)
		}
		text, err := Text(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, drawText(t, text)); got != address {
			t.Errorf("text of %q is %q\n%s", address, got, text)
		}
	}
}

func TestBorder(t *testing.T) {
	text, err := Text(addresses[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text, "\n")
	for _, line := range lines[:quiet/2] {
		if strings.Trim(line, "█") != "" {
			t.Errorf("a module in the border: %q", line)
		}
	}
	for _, line := range lines[:len(lines)-2] {
		if !strings.HasPrefix(line, "████") || !strings.HasSuffix(line, "████") {
			t.Errorf("no border: %q", line)
		}
	}
	if last := lines[len(lines)-2:]; strings.Trim(last[0], "▀") != "" || last[1] != "" {
		t.Errorf("it ends with %q", last)
	}
}

func TestTooLong(t *testing.T) {
	long := strings.Repeat("x", 3000)
	if _, err := SVG(long); err == nil || len(err.Error()) > 300 {
		t.Errorf("SVG: %v", err)
	}
	if _, err := Text(long); err == nil {
		t.Error("3,000 letters became a code")
	}
}

func FuzzText(f *testing.F) {
	for _, address := range addresses {
		f.Add(address)
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		text = text[:min(len(text), 300)]
		svg, err := SVG(text)
		if err != nil {
			return
		}
		lines, err := Text(text)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(drawSVG(t, svg).Pix, drawText(t, lines).Pix) {
			t.Fatalf("%q: SVG and text differ", text)
		}
	})
}

func BenchmarkSVG(b *testing.B) {
	for b.Loop() {
		if _, err := SVG(addresses[2]); err != nil {
			b.Fatal(err)
		}
	}
}
