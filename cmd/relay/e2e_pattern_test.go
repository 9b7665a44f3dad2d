package main

import (
	_ "embed"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
)

//go:embed testdata/pattern.html
var patternPage string

// capturePage shows its own capture, without any relay.
const capturePage = `<!doctype html><title>Capture</title><button>Share</button><video autoplay muted></video><script>
document.querySelector('button').onclick = async () => {
  document.querySelector('video').srcObject = await navigator.mediaDevices.getDisplayMedia({video: true,
    audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 2}})
}
</script>`

// servePattern serves the page that is shared in the tests, at /pattern.
func servePattern(t *testing.T) string {
	t.Helper()
	return servePatternOn(t, "127.0.0.1")
}

// servePatternOn serves it on another of this machine's addresses.
func servePatternOn(t *testing.T, address string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/pattern", servePage(patternPage))
	mux.HandleFunc("/capture", servePage(capturePage))
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	check(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux}}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func servePage(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(text))
	}
}

// captureTab has Chromium's picker choose the tab with this title by itself.
func captureTab(title string) chromedp.ExecAllocatorOption {
	return chromedp.Flag("auto-select-tab-capture-source-by-title", title)
}

// TestPatternIsReadBack shows that a captured tab can be read and heard, so
// that what the other tests find missing is the relay's fault.
func TestPatternIsReadBack(t *testing.T) {
	site := servePattern(t)
	browser := startChromium(t, autoplay, captureTab("Pattern"))
	browser.open(site+"/pattern").resize(1280, 720)
	capture := browser.open(site + "/capture")
	capture.click("button")
	capture.wait("probe.current()")

	seen := eval[collected](capture, "probe.collect(3000)")
	checkCounters(t, seen, 3, length(10, 20))
	heard := eval[heard](capture, "probe.listen(440)")
	checkLeftOnly(t, heard)
}
