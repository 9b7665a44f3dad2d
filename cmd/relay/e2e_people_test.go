package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// presenter shares the pattern at /push, with a browser of its own.
type presenter struct {
	browser *chromium
	pattern *page
	push    *page
	site    string // where the pattern is served
}

// openPresenter opens the pattern and the push page, which is ready to share.
func openPresenter(t *testing.T, r *relay, path string, options ...chromedp.ExecAllocatorOption) *presenter {
	t.Helper()
	p := newPresenter(t, servePattern(t), options...)
	p.push = p.browser.open(r.url(path))
	p.push.waitState("ready")
	return p
}

// newPresenter opens the pattern, and no push page yet.
func newPresenter(t *testing.T, site string, options ...chromedp.ExecAllocatorOption) *presenter {
	t.Helper()
	p := &presenter{site: site, browser: startChromium(t, append(options, autoplay, captureTab("Pattern"))...)}
	p.openPattern()
	return p
}

// openPattern opens the tab that is to be shared.
func (p *presenter) openPattern() { p.pattern = p.browser.open(p.site + "/pattern") }

// share presses "Share screen"; the picker chooses the pattern by itself. The
// bar that the browser then shows takes some of the tab's height.
func (p *presenter) share() {
	p.push.t.Helper()
	p.push.click("#share")
	p.push.waitState("live")
	p.pattern.resize(1280, 720)
}

// present is a presenter who shares already.
func present(t *testing.T, r *relay, path string, options ...chromedp.ExecAllocatorOption) *presenter {
	t.Helper()
	p := openPresenter(t, r, path, options...)
	p.share()
	return p
}

// keyFrameRequests is how often the presenter's browser was asked for a key
// frame.
func (p *presenter) keyFrameRequests() int {
	p.push.t.Helper()
	return eval[int](p.push, "probe.stats('outbound-rtp', 'video').then((s) => (s.pliCount ?? 0) + (s.firCount ?? 0))")
}

// watch opens /pull pages in one browser and returns once each shows the
// pattern.
func watch(t *testing.T, c *chromium, url string, count int) []*page {
	t.Helper()
	viewers := make([]*page, count)
	for i := range viewers {
		viewers[i] = c.open(url)
	}
	for _, viewer := range viewers {
		viewer.waitPicture()
	}
	return viewers
}

// waitPicture returns when the viewer shows the pattern.
func (p *page) waitPicture() {
	p.t.Helper()
	p.wait("probe.current()")
}

// waitCounter returns when the viewer shows this picture or a later one.
func (p *page) waitCounter(counter int) {
	p.t.Helper()
	p.wait(fmt.Sprintf("probe.current()?.counter >= %d", counter))
}

// together runs f for each viewer at the same time and returns what they
// return, in order. A viewer that fails ends its own goroutine only.
func together[T, V any](viewers []V, f func(V) T) []T {
	results := make([]T, len(viewers))
	done := make(chan struct{})
	for i, viewer := range viewers {
		go func() {
			defer func() { done <- struct{}{} }()
			results[i] = f(viewer)
		}()
	}
	for range viewers {
		<-done
	}
	return results
}
