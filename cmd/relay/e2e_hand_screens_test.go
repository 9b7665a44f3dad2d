package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// classNames are those of a class; the rest of it has none.
var classNames = []string{
	"Anna", "Bert", "王小明", "Dr. Elisabeth Hohenstein-Schwarzenberg", "<b>Carl</b>", "Dora", "Emil", "李雷", "Fritz", "Gül",
	"Hannah", "Ida", "José", "Karl-Heinz", "Lea", "مريم", "Nils", "Olga", "Paul", "韩梅梅", "Quirin", "Rosa",
}

// fillRoom lets more watch, until there are so many; some have no name, and some
// have trouble.
func fillRoom(t *testing.T, r *relay, room string, from, to int) []*client {
	t.Helper()
	viewers := make([]*client, to)
	for i := from; i < to; i++ {
		name := ""
		if named := i - i/5; i%5 != 4 && named < len(classNames) {
			name = classNames[named]
		}
		if i%30 == 11 {
			viewers[i] = watchNamed(t, r, room, name, h264)
			continue
		}
		viewers[i] = watchNamed(t, r, room, name)
		viewers[i].sees(i%20 != 7)
	}
	return viewers[from:]
}

// TestHandHasAPicture: the presenter's panel with few viewers and with many, what
// viewers and presenters are told at the door, and hand-over.
func TestHandHasAPicture(t *testing.T) {
	if !full {
		t.Log("in full length only")
		return
	}
	r := startRelay(t)
	a := openAlbum(t)
	p := present(t, r, "/push/math")
	a.takePanels(r, p)
	a.takeHandOver(r, p)
	if length(0, 1) == 1 {
		a.takeDoors(r, p)
		a.takeKeys()
	}
	figure(t, "access-8: %d screenshots in %s, none blank", a.taken, a.folder)
}

// takePanels photographs the panel with 3 viewers and with 60, in both languages, by
// day and by night.
func (a *album) takePanels(r *relay, p *presenter) {
	a.t.Helper()
	for _, count := range []int{3, 60}[:length(1, 2)] {
		viewers := fillRoom(a.t, r, "math", countRows(p), count)
		viewers[len(viewers)/2].reportLoss(0.09)
		p.push.wait(fmt.Sprintf("document.querySelectorAll('.person').length === %d", count))
		p.push.pause(time.Duration(length(0, 6)) * time.Second) // for figures, and reports of a loss
		for _, language := range []string{"en", "zh"}[:length(1, 2)] {
			p.push.switchTo(language)
			a.photographWhole(fmt.Sprintf("panel-%d-%s", count, language), p.push)
		}
		p.push.dim("dark")
		a.photograph(fmt.Sprintf("panel-%d-dark", count), p.push)
		p.push.dim("light")
		p.push.switchTo("en")
	}
}

// takeHandOver photographs both sides of it.
func (a *album) takeHandOver(r *relay, p *presenter) {
	a.t.Helper()
	other := startChromium(a.t, autoplay).open(r.url("/push/math"))
	a.take("push-held", other, "held")
	other.enter("#ask-name", "Dora Müller")
	other.click("#ask-form .primary")
	other.wait("document.querySelector('#ask-told').textContent !== ''")
	a.photograph("push-asking", other)
	p.push.wait("document.querySelector('.request')")
	a.photograph("push-asked", p.push)
	p.push.switchTo("zh")
	a.photograph("push-asked-zh", p.push)
	p.push.switchTo("en")
	p.push.click(named("Hand over to Dora Müller"))
	other.waitState("ready")
	a.photograph("push-granted", other)
	a.photograph("push-promised", p.push)
	other.close()
}

// takeDoors photographs what viewers are told who may not come in, or have to go.
func (a *album) takeDoors(r *relay, p *presenter) {
	a.t.Helper()
	audience := startChromium(a.t, autoplay)
	viewer := watch(a.t, audience, r.url("/pull/math"), 1)[0]
	viewer.click("#me")
	a.photograph("pull-name", viewer)
	viewer.click("#me-cancel")
	viewer.callMe("Zoë")
	p.waitListed("Zoë", "sees the picture")
	p.push.click(named("Block Zoë"))
	a.photograph("push-block", p.push)
	p.push.click("#confirm-yes")
	a.take("pull-blocked", viewer, "blocked")
	p.push.click("#blocked-count")
	a.photographWhole("push-blocked", p.push)
	viewer.becomeAnother()
	second := watch(a.t, audience, r.url("/pull/math"), 1)[0]
	p.waitListed("Zoë", "sees the picture")
	p.push.click(named("Remove Zoë"))
	a.take("pull-removed", second, "removed")
	second.becomeAnother()
	third := watch(a.t, audience, r.url("/pull/math"), 1)[0]
	p.push.click("#lock")
	p.push.wait("document.querySelector('#lock').getAttribute('aria-checked') === 'true'")
	third.becomeAnother()
	second.navigate(r.url("/pull/math"))
	a.take("pull-locked", second, "locked")
	p.push.click("#lock")
	p.push.enter("#limit", "1")
	p.push.press("\r")
	viewer.navigate(r.url("/pull/math"))
	a.take("pull-full", viewer, "full")
	p.push.click("#end")
	a.photograph("push-end", p.push)
	p.push.click("#confirm-yes")
	a.take("pull-ended", third, "ended")
	a.take("push-ended", p.push, "ended")
}

// takeKeys photographs the rooms that need one.
func (a *album) takeKeys() {
	a.t.Helper()
	r := startRelay(a.t, "--publish-key", "present-sesame", "--view-key", "watch-sesame")
	p := newPresenter(a.t, servePattern(a.t))
	p.push = p.browser.open(r.url("/push/math"))
	a.take("push-key", p.push, "key")
	viewer := startChromium(a.t, autoplay).open(r.url("/pull/math"))
	a.take("pull-key", viewer, "key")
	viewer.enter("#key", "not the key")
	viewer.press("\r")
	viewer.wait("document.querySelector('#key-note').hasAttribute('data-wrong')")
	viewer.click("#key-show")
	a.photograph("pull-key-wrong", viewer)
	viewer.switchTo("zh")
	a.photograph("pull-key-wrong-zh", viewer)
	viewer.navigate(r.url("/embed/math"))
	a.take("embed-key", viewer, "key")
	p.push.enter("#key", "present-sesame")
	p.push.press("\r")
	p.push.waitState("ready")
	p.share()
	p.push.wait("document.querySelector('#link').value.includes('#token=')")
	a.photographWhole("push-invite", p.push)
	p.push.click("#qr")
	a.photograph("push-invite-code", p.push)
}

// dim has the page drawn for a light or a dark system.
func (p *page) dim(scheme string) {
	p.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, params)
	check(p.t, err)
}

// countRows is how many viewers the panel lists.
func countRows(p *presenter) int {
	return eval[int](p.push, "document.querySelectorAll('.person').length")
}

// switchTo presses the language switch where it is needed.
func (p *page) switchTo(language string) {
	p.t.Helper()
	if eval[string](p, "document.documentElement.lang.slice(0, 2)") != language {
		eval[any](p, "document.querySelector('#lang').click()")
	}
}
