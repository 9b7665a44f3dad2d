package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/probe.js
var probeScript string

// patience is how long anything may take that no promise is about: a browser
// that starts on a busy machine, a page that loads.
const patience = 30 * time.Second

// chromium is one browser process with a profile of its own.
type chromium struct {
	t    *testing.T
	ctx  context.Context // of its first, empty tab: as long as it lives, so does the process
	stop func()
}

// chromiumFlags keep the browser off the internet. Sound is not muted: a muted
// browser captures silence. Every window counts as visible. A tab is captured
// in no more than the screen's size.
func chromiumFlags() []chromedp.ExecAllocatorOption {
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(browserPath("CHROMIUM", "chromium", "google-chrome-stable", "google-chrome", "chromium-browser")),
		chromedp.Flag("headless", "new"),
		chromedp.Flag("window-size", "960,600"),
		chromedp.Flag("screen-info", "{2000x1300}"),
	}
	for _, name := range []string{
		"no-first-run", "no-default-browser-check", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-quic", "disable-gpu", "disable-dev-shm-usage",
		"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	return options
}

// browserPath is what the environment names, or else the first that is there.
func browserPath(variable string, names ...string) string {
	if path := os.Getenv(variable); path != "" {
		return path
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return names[0]
}

// autoplay lets a page sound without a click.
var autoplay = chromedp.Flag("autoplay-policy", "no-user-gesture-required")

// startChromium starts a browser, which ends with the test.
func startChromium(t *testing.T, options ...chromedp.ExecAllocatorOption) *chromium {
	t.Helper()
	flags := append(chromiumFlags(), chromedp.ModifyCmdFunc(ownGroup))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(flags, options...)...)
	ctx, cancel := chromedp.NewContext(allocator)
	c := &chromium{t: t, ctx: ctx, stop: func() { cancel(); stop() }}
	t.Cleanup(c.stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return c
}

// ownGroup has the kernel end the browser with the test, however that ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// kill ends the browser's processes at once, as a crash would.
func (c *chromium) kill() {
	c.t.Helper()
	process := chromedp.FromContext(c.ctx).Browser.Process()
	if err := syscall.Kill(-process.Pid, syscall.SIGKILL); err != nil {
		c.t.Fatalf("killing Chromium: %v", err)
	}
}

// page is one window of a browser.
type page struct {
	t     *testing.T
	ctx   context.Context
	close func()
}

// open loads url in a window of its own.
func (c *chromium) open(url string) *page {
	c.t.Helper()
	p := c.blank()
	p.navigate(url)
	return p
}

// blank is an empty window, with the probe in whatever it will load.
func (c *chromium) blank() *page {
	c.t.Helper()
	ctx, cancel := chromedp.NewContext(c.ctx)
	p := &page{t: c.t, ctx: ctx, close: cancel}
	p.acceptDialogs()
	p.inject(probeScript)
	return p
}

// acceptDialogs answers yes to "Leave this page?", which a live push page asks.
func (p *page) acceptDialogs() {
	p.t.Helper()
	err := chromedp.Listen(p.ctx, func(event any) {
		if _, ok := event.(*cdppage.EventJavascriptDialogOpening); !ok {
			return
		}
		go func() { // the listener must not wait for the answer's answer
			_, _ = chromedp.Call(p.ctx, cdppage.HandleJavaScriptDialog, cdppage.HandleJavaScriptDialogParams{Accept: true})
		}()
	})
	if err != nil {
		p.t.Fatalf("listening to the page: %v", err)
	}
}

// inject runs a script in each document of the page before its own.
func (p *page) inject(script string) {
	p.t.Helper()
	params := cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script}
	if _, err := chromedp.Call(p.ctx, cdppage.AddScriptToEvaluateOnNewDocument, params); err != nil {
		p.t.Fatalf("adding a script: %v", err)
	}
}

func (p *page) navigate(url string) {
	p.t.Helper()
	do(p, chromedp.Navigate(url))
}

// click presses the mouse where the element is, as a person does once it is
// there to be pressed.
func (p *page) click(selector string) {
	p.t.Helper()
	element := fmt.Sprintf("document.querySelector(%q)", selector)
	p.wait(element + "?.checkVisibility() && !" + element + ".disabled")
	at := evalf[struct{ X, Y float64 }](p, `(() => {
		const element = %s
		element.scrollIntoView({block: 'center', behavior: 'instant'})
		const box = element.getBoundingClientRect()
		return {X: box.x + box.width / 2, Y: box.y + box.height / 2}
	})()`, element)
	do(p, chromedp.MouseClickXY(at.X, at.Y))
}

// resize gives the page's viewport, not its window, this size.
func (p *page) resize(width, height int64) {
	p.t.Helper()
	window, err := chromedp.Call(p.ctx, browser.GetWindowForTarget, browser.GetWindowForTargetParams{})
	if err != nil {
		p.t.Fatalf("finding the window: %v", err)
	}
	size := browser.SetContentsSizeParams{WindowID: window.WindowID, Width: width, Height: height}
	if _, err := chromedp.Call(p.ctx, browser.SetContentsSize, size); err != nil {
		p.t.Fatalf("resizing the window: %v", err)
	}
	p.wait(fmt.Sprintf("innerWidth === %d && innerHeight === %d", width, height))
}

// wait returns when the JavaScript expression is true, and fails the test when
// that takes too long.
func (p *page) wait(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	script := chromedp.Evaluate[bool](waitScript(expression), chromedp.EvalAwaitPromise)
	happened, err := chromedp.Run(ctx, script)
	for wasNavigated(err) && ctx.Err() == nil {
		happened, err = chromedp.Run(ctx, script)
	}
	if err != nil || !happened {
		p.t.Fatalf("waited in vain for %s (%v)\n%s", expression, err, p.describe())
	}
}

// wasNavigated is true where the document went away while a script ran in it. A page
// loads itself again when the browser gave up one of its files, as Chromium does
// when an address of the machine comes or goes.
func wasNavigated(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Inspected target navigated or closed")
}

// waitScript is JavaScript that is true once the expression, which may be a
// promise, is; and false when that takes longer than patience.
func waitScript(expression string) string {
	return fmt.Sprintf(`(async () => {
		for (const end = Date.now() + %d; Date.now() < end; await new Promise((go) => setTimeout(go, 20))) {
			if (!document.documentElement) continue
			if (await (%s)) return true
		}
		return false
	})()`, patience.Milliseconds(), expression)
}

// pause lets so much time pass in the page.
func (p *page) pause(d time.Duration) {
	p.t.Helper()
	evalf[any](p, "probe.pause(%d)", d.Milliseconds())
}

// waitState waits for what the page says of itself.
func (p *page) waitState(state string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("document.documentElement.dataset.state === %q", state))
}

// describe says where a page is, for the report of a failure.
func (p *page) describe() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		"`${location.href} is ${document.documentElement.dataset.state}: ${document.body.innerText}`"))
	if err != nil {
		return err.Error()
	}
	return text
}

// do runs one action in the page.
func do[T any](p *page, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.describe())
	}
	return value
}

// eval is the value of a JavaScript expression; a promise is waited for.
func eval[T any](p *page, expression string) T {
	p.t.Helper()
	return do(p, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// evalf is eval of a formatted expression.
func evalf[T any](p *page, format string, args ...any) T {
	p.t.Helper()
	return eval[T](p, fmt.Sprintf(format, args...))
}
