package main

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// album keeps screenshots in a folder, for a person to look at.
type album struct {
	t      *testing.T
	folder string
	taken  int
}

// sizes are a laptop's and a phone's.
var sizes = []struct {
	name          string
	width, height int64
	options       []chromedp.EmulateViewportOption
}{
	{"laptop", 1440, 900, nil},
	{"phone", 390, 844, []chromedp.EmulateViewportOption{chromedp.EmulateMobile}},
}

// openAlbum uses the folder that RELAY_PICTURES names, or one that ends with
// the test.
func openAlbum(t *testing.T) *album {
	folder := os.Getenv("RELAY_PICTURES")
	if folder == "" {
		folder = t.TempDir()
	}
	return &album{t: t, folder: folder}
}

// resting is true when nothing fades in or out any more.
const resting = "document.getAnimations().every((a) => a.effect.getComputedTiming().endTime === Infinity)"

// take photographs a page in each size, once it is in the state.
func (a *album) take(name string, p *page, state string) {
	a.t.Helper()
	p.waitState(state)
	a.photograph(name, p)
}

// photograph takes what is on the screen.
func (a *album) photograph(name string, p *page) []image.Image {
	a.t.Helper()
	return a.shoot(name, p, chromedp.CaptureScreenshot())
}

// photographWhole takes the page, however long it is.
func (a *album) photographWhole(name string, p *page) []image.Image {
	a.t.Helper()
	return a.shoot(name, p, chromedp.FullScreenshot(100))
}

func (a *album) shoot(name string, p *page, shutter chromedp.Action[[]byte]) []image.Image {
	a.t.Helper()
	p.wait(resting)
	var shots []image.Image
	for _, size := range sizes {
		do(p, chromedp.EmulateViewport(size.width, size.height, size.options...))
		if wide := eval[int64](p, "document.documentElement.scrollWidth"); wide > size.width {
			a.t.Errorf("%s is %d pixels wide on a %s", name, wide, size.name)
		}
		shots = append(shots, a.keep(name+"-"+size.name, do(p, shutter)))
	}
	do(p, chromedp.ResetViewport())
	return shots
}

// takeFirefox does so in Firefox.
func (a *album) takeFirefox(name string, f *firefox, state string) {
	a.t.Helper()
	f.wait("document.documentElement.dataset.state === '" + state + "'")
	f.wait(resting)
	for _, size := range sizes {
		f.call("browsingContext.setViewport", map[string]any{
			"context": f.context, "viewport": map[string]any{"width": size.width, "height": size.height},
		}, nil)
		var shot struct{ Data string }
		f.call("browsingContext.captureScreenshot", map[string]any{"context": f.context}, &shot)
		data, err := base64.StdEncoding.DecodeString(shot.Data)
		check(a.t, err)
		a.keep(name+"-"+size.name, data)
	}
}

// keep writes one picture, which must not be blank.
func (a *album) keep(name string, data []byte) image.Image {
	a.t.Helper()
	shot, err := png.Decode(bytes.NewReader(data))
	check(a.t, err)
	if shades := countShades(shot); shades < 8 {
		a.t.Errorf("%s has %d shades: it is blank", name, shades)
	}
	check(a.t, os.WriteFile(filepath.Join(a.folder, name+".png"), data, 0o644))
	a.taken++
	return shot
}

// countShades is how many luminances a picture has.
func countShades(shot image.Image) int {
	seen := map[int]bool{}
	size := shot.Bounds()
	for y := size.Min.Y; y < size.Max.Y; y += 2 {
		for x := size.Min.X; x < size.Max.X; x += 2 {
			seen[int(luminance(shot.At(x, y)))] = true
		}
	}
	return len(seen)
}

// TestEveryStateHasAPicture goes through what the pages can show.
func TestEveryStateHasAPicture(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	a := openAlbum(t)
	audience := startChromium(t, autoplay, chromedp.Flag("host-resolver-rules", "MAP relay.local 127.0.0.1"))
	home := audience.open(r.url("/"))
	home.wait("document.querySelector('h1, h2')")
	a.photograph("home", home)
	viewer := audience.open(r.url("/pull"))
	a.take("pull-waiting", viewer, "waiting")
	p := openPresenter(t, r, "/push")
	a.take("push-ready", p.push, "ready")
	p.share()
	viewer.waitPicture()
	a.take("pull-live", viewer, "live")
	a.take("push-live", p.push, "live")
	a.take("push-held", audience.open(r.url("/push")), "held")
	// Not localhost and not HTTPS: the browser lends its screen to no such page.
	plain := startRelay(t, "--no-tls")
	a.take("push-failed", audience.open("http://relay.local:"+plain.port+"/push"), "failed")

	p.push.navigate(r.url("/push?codec=h264"))
	a.take("pull-away", viewer, "away")
	p.share()
	firefox := startFirefox(t)
	firefox.navigate(r.url("/pull"))
	a.takeFirefox("pull-unplayable", firefox, "unplayable")
	p.push.click("#stop")
	a.take("pull-idle", viewer, "waiting")
	r.kill()
	a.take("pull-reconnecting", viewer, "reconnecting")
	figure(t, "spine-9: %d screenshots in %s, none blank", a.taken, a.folder)
}
