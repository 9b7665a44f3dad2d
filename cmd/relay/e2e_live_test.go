package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
)

// TestViewersSeeAndHear: several browsers watch one tab that moves and sounds.
func TestViewersSeeAndHear(t *testing.T) {
	r := startRelay(t)
	present(t, r, "/push")
	viewers := openViewers(t, r, 3)
	measured := seconds(4, 10)
	viewers[0].pause(3 * time.Second) // the encoder's rate control starts low

	seen := together(viewers, func(v *page) collected {
		return evalf[collected](v, "probe.collect(%d)", measured.Milliseconds())
	})
	var rates []float64
	for _, frames := range seen {
		rates = append(rates, checkCounters(t, frames, measured.Seconds(), length(10, 20)))
	}
	sounds := together(viewers, func(v *page) heard { return eval[heard](v, "probe.listen(440)") })
	for _, sound := range sounds {
		checkLeftOnly(t, sound)
	}
	late := lateness(seen...)
	p50, p95 := percentile(late, 0.5), percentile(late, 0.95)
	if limit := length(300, 150); p50 > float64(limit) {
		t.Errorf("half of all frames are later than %.0f ms, want %d ms", p50, limit)
	}
	figure(t, "spine-2: %d viewers, %.1f new pictures a second or more for %.0f s, none went back; left %.2f, right %.4f; glass to glass p50 %.0f ms, p95 %.0f ms",
		len(viewers), slices.Min(rates), measured.Seconds(), sounds[0].Left, sounds[0].Right, p50, p95)
}

// openViewers opens viewers, for the full length each in a browser process of
// its own.
func openViewers(t *testing.T, r *relay, count int) []*page {
	t.Helper()
	if !full {
		return watch(t, startChromium(t, autoplay), r.url("/pull"), count)
	}
	var viewers []*page
	for range count {
		viewers = append(viewers, watch(t, startChromium(t, autoplay), r.url("/pull"), 1)...)
	}
	return viewers
}

// TestMicrophoneIsMixedIn: the presenter's voice and the tab's sound arrive together.
func TestMicrophoneIsMixedIn(t *testing.T) {
	r := startRelay(t)
	p := openPresenter(t, r, "/push", fakeMicrophone(t)...)
	p.push.permit("microphone", browser.PermissionSettingGranted)
	p.share()
	viewer := watch(t, startChromium(t, autoplay), r.url("/pull"), 1)[0]
	levels := func() []float64 {
		return evalf[heard](viewer, "probe.listen(440, %d)", microphoneFrequency).Levels
	}
	if before := levels(); before[0] < audible || before[1] > audible {
		t.Errorf("with the microphone off, the tab's tone is at %.0f dB and the microphone's at %.0f", before[0], before[1])
	}
	p.push.click("#mic")
	viewer.wait(fmt.Sprintf("probe.listen(%d).then((sound) => sound.levels[0] > %d)", microphoneFrequency, audible))
	after := levels()
	if after[0] < audible || after[1] < audible {
		t.Errorf("with the microphone on, the tab's tone is at %.0f dB and the microphone's at %.0f", after[0], after[1])
	}
	figure(t, "spine-2: microphone on: the tab's tone at %.0f dB, the microphone's at %.0f dB", after[0], after[1])
}

// audible is the level, in dB of full scale, from which a tone counts as heard.
const audible = -45
