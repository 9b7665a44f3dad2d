package main

import (
	"image"
	"image/draw"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// TestTrustAndCodeHaveAPicture: what a presenter is told about the certificate,
// and the code that viewers scan, from the page and from the terminal.
func TestTrustAndCodeHaveAPicture(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	a := openAlbum(t)
	link := r.viewersAddress()
	scanned := []image.Image{r.terminal()}

	push := startChromium(t).open(r.url("/push"))
	push.waitState("ready")
	push.wait("document.querySelector('#qr-small').checkVisibility() && document.querySelector('#qr-small').naturalWidth > 0")
	scanned = append(scanned, a.photographWhole("push-code", push)...)
	push.click("#qr")
	push.wait("document.querySelector('#qr-large').checkVisibility()")
	scanned = append(scanned, a.photograph("push-code-large", push)...)
	for i, picture := range scanned {
		if said := scan(picture); said != link {
			t.Errorf("code %d says %q, want %q", i, said, link)
		}
	}
	guides := a.photographGuides(r, startChromium(t).open(strings.TrimSuffix(link, "/pull")+"/trust"))
	figure(t, "https-5: %d screenshots in %s, none blank; the code in the terminal, and the small and the large one on the push page in both sizes, are read back as the viewers' address; /trust in %d languages for %s, with the terminal's fingerprint",
		a.taken, a.folder, len(languages), strings.Join(guides, ", "))
}

// languages are those of the pages, in the order in which a button changes them.
var languages = []string{"en", "zh-Hans"}

// photographGuides takes /trust for each system in each language, and returns
// the systems.
func (a *album) photographGuides(r *relay, trust *page) []string {
	a.t.Helper()
	trust.waitState("ready")
	if shown := eval[string](trust, "document.querySelector('#fingerprint').textContent"); shown != r.fingerprint() {
		a.t.Errorf("the page shows the fingerprint %s, the terminal %s", shown, r.fingerprint())
	}
	guides := eval[[]string](trust, "Array.from(document.querySelectorAll('#systems [role=tab]'), (tab) => tab.id)")
	for _, language := range languages {
		trust.wait("document.documentElement.lang === '" + language + "'")
		for _, guide := range guides {
			trust.click("#" + guide)
			a.photographWhole("trust-"+guide+"-"+language, trust)
		}
		if !full {
			break // the other language takes as long again
		}
		trust.click("#lang")
	}
	return guides
}

// viewersAddress is the first that the terminal tells viewers of.
func (r *relay) viewersAddress() string {
	r.t.Helper()
	_, text, _ := strings.Cut(r.said.String(), "Watch, on this network:")
	address, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return address
}

// scan is what a code in a picture says, or why it cannot be read.
func scan(picture image.Image) string {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		return err.Error()
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		return err.Error()
	}
	return found.GetText()
}

// modules are the two that a character of the terminal shows, the upper one
// first: what is drawn is light.
var modules = map[rune][2]bool{'█': {true, true}, '▀': {true, false}, '▄': {false, true}}

// terminal is the code as a dark terminal shows it.
func (r *relay) terminal() image.Image {
	r.t.Helper()
	const side = 4
	var lines [][]rune
	for line := range strings.Lines(r.said.String()) {
		if strings.ContainsAny(line, "█▀▄") {
			lines = append(lines, []rune(line))
		}
	}
	if len(lines) == 0 {
		r.t.Fatalf("no code in the terminal:\n%s", r.said)
	}
	shown := image.NewGray(image.Rect(0, 0, side*len(lines[0]), 2*side*len(lines)))
	for y, line := range lines {
		for x, char := range line {
			for half, light := range modules[char] {
				if light {
					module := image.Rect(x, 2*y+half, x+1, 2*y+half+1)
					draw.Draw(shown, image.Rectangle{module.Min.Mul(side), module.Max.Mul(side)}, image.White, image.Point{}, draw.Src)
				}
			}
		}
	}
	return shown
}
