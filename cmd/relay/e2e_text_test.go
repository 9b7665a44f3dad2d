package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
	"time"
)

// TestTextIsSharp: a page of small text can be read 2 s after it was turned.
func TestTextIsSharp(t *testing.T) {
	const width, height = 1920, 1080
	r := startRelay(t)
	p := present(t, r, "/push")
	p.pattern.resize(width, height)
	viewer := watch(t, startChromium(t, autoplay), r.url("/pull"), 1)[0]

	viewer.wait(fmt.Sprintf("document.querySelector('video').videoHeight === %d", height))

	viewer.waitCounter(eval[int](p.pattern, "pattern.flip()"))
	p.push.pause(5 * time.Second) // a new size starts over at a low quality

	worst := math.Inf(1)
	flips := length(2, 6)
	for i := range flips {
		if i%2 == 1 { // from movement, when the encoder budgets for many frames
			eval[any](p.pattern, "pattern.move()")
			p.push.pause(5 * time.Second)
			eval[any](p.pattern, "pattern.still()")
			p.push.pause(time.Second)
		}
		worst = min(worst, flip(p, viewer, image.Rect(0, 0, width, height)))
	}
	if worst < 35 {
		t.Errorf("12-pixel text at %.1f dB, want 35 dB", worst)
	}
	figure(t, "spine-3: 12-pixel text at %d x %d, 2 s after each of %d flips, every other from movement: PSNR %.1f dB or more", width, height, flips, worst)
}

// flip turns the page and returns how much alike its source and what the viewer
// shows are 2 s later.
func flip(p *presenter, viewer *page, size image.Rectangle) float64 {
	p.push.t.Helper()
	page := eval[int](p.pattern, "pattern.flip()")
	p.pattern.pause(2 * time.Second)
	shown, source := picture(viewer, "probe.picture()"), picture(p.pattern, "pattern.picture()")
	if shown.Bounds() != size {
		p.push.t.Fatalf("the viewer shows %v, want %v", shown.Bounds(), size)
	}
	quality := psnr(source, shown)
	p.push.t.Logf("page %d: %.1f dB", page, quality)
	return quality
}

// picture is a data: URL as an image.
func picture(p *page, expression string) image.Image {
	p.t.Helper()
	_, encoded, _ := strings.Cut(eval[string](p, expression), "base64,")
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		p.t.Fatal(err)
	}
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	return decoded
}

// psnr compares the luminance of two pictures of one size, in dB.
func psnr(a, b image.Image) float64 {
	var sum float64
	size := a.Bounds()
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			difference := luminance(a.At(x, y)) - luminance(b.At(x, y))
			sum += difference * difference
		}
	}
	mean := sum / float64(size.Dx()*size.Dy())
	return 10 * math.Log10(255*255/mean)
}

func luminance(c color.Color) float64 {
	return float64(color.GrayModel.Convert(c).(color.Gray).Y)
}
