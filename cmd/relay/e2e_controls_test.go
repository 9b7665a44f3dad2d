package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// TestSoundNeedsATap: where the browser lets nothing sound without a click, the
// picture plays at once and a button brings the sound.
func TestSoundNeedsATap(t *testing.T) {
	r := startRelay(t)
	p := openPresenter(t, r, "/push")
	p.share()
	viewer := watch(t, startChromium(t), r.url("/pull"), 1)[0]
	const muted = "document.querySelector('video').muted"
	viewer.wait(muted)
	viewer.click("#sound")
	viewer.wait("!" + muted + " && !document.querySelector('#sound').checkVisibility()")
	viewer.wait(fmt.Sprintf("probe.listen(440).then((sound) => sound.levels[0] > %d)", audible))
}

// TestSwitchingTheSource: from a silent tab to one that sounds and back, with
// nobody reconnecting.
func TestSwitchingTheSource(t *testing.T) {
	r := startRelay(t)
	p := openPresenter(t, r, "/push")
	p.pattern.navigate(p.site + "/pattern?silent")
	p.share()
	viewer := watch(t, startChromium(t), r.url("/pull"), 1)[0]
	silent := p.pattern
	eval[any](silent, "document.title = 'Silent'")
	p.openPattern()
	p.push.click("#switch")
	viewer.click("#sound")
	const level = "probe.listen(440).then((sound) => sound.levels[0] %s %d)"
	viewer.wait(fmt.Sprintf(level, ">", audible))

	eval[any](p.pattern, "document.title = 'Sounding'")
	eval[any](silent, "document.title = 'Pattern'")
	p.push.click("#switch")
	viewer.wait(fmt.Sprintf(level, "<", audible))
	viewer.waitCounter(eval[int](silent, "pattern.counter()"))
	checkNeverLeftConnected(t, []*page{viewer})
}

// TestStopFreesTheRoom: viewers wait for the next presenter, and who was kept
// out may present.
func TestStopFreesTheRoom(t *testing.T) {
	r := startRelay(t)
	p := present(t, r, "/push/math")
	audience := startChromium(t, autoplay)
	viewer := watch(t, audience, r.url("/pull/math"), 1)[0]
	other := audience.open(r.url("/push/math"))
	other.waitState("held")
	p.push.click("#stop")
	viewer.waitState("waiting")
	other.waitState("ready")
	p.share()
	viewer.waitState("live")
	other.waitState("held")
}

// TestMicrophoneIsDenied: a sentence says so, and the picture goes on.
func TestMicrophoneIsDenied(t *testing.T) {
	r := startRelay(t)
	p := openPresenter(t, r, "/push", fakeMicrophone(t)...)
	p.push.permit("microphone", browser.PermissionSettingDenied)
	p.share()
	viewer := watch(t, startChromium(t, autoplay), r.url("/pull"), 1)[0]
	p.push.click("#mic")
	p.push.wait("document.querySelector('#message').textContent !== ''")
	p.push.wait("document.querySelector('#mic').getAttribute('aria-checked') === 'false'")
	viewer.waitCounter(eval[int](p.pattern, "pattern.counter()"))
}

// TestCamera: where no screen is shared, the camera is; and nobody is offered a
// sound that it does not have.
func TestCamera(t *testing.T) {
	r := startRelay(t)
	camera := startChromium(t, chromedp.Flag("use-fake-device-for-media-stream", true)).open(r.url("/push"))
	camera.permit("camera", browser.PermissionSettingGranted)
	camera.click("#camera")
	camera.waitState("live")
	viewer := startChromium(t).open(r.url("/pull"))
	viewer.waitState("live")
	viewer.wait("document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 30")
	if eval[bool](viewer, "document.querySelector('#sound').checkVisibility()") {
		t.Error("the viewer is offered a sound that nobody shares")
	}
}
