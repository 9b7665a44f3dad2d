package main

import (
	_ "embed"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

//go:embed testdata/whip.js
var whipScript string

// playerPage is a page of somebody else's, with room for a picture.
const playerPage = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Player</title><video autoplay muted playsinline></video>`

// serveSite is a website that has these pages: another origin than the relay's,
// and than any other site's.
func serveSite(t *testing.T, pages map[string]string) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, text := range pages {
		mux.HandleFunc(path, servePage(text))
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// foreignSite has the pattern, to be published, and a page to watch it on.
func foreignSite(t *testing.T) string {
	t.Helper()
	return serveSite(t, map[string]string{"/pattern": patternPage, "/player": playerPage})
}

// openWith opens a page with a script that is not its own.
func (c *chromium) openWith(script, url string) *page {
	c.t.Helper()
	p := c.blank()
	p.inject(script)
	p.navigate(url)
	return p
}

// TestBothDoors: what comes in by WHIP is watched on the relay's page, what is
// shared on the relay's page is watched by WHEP, in each codec.
func TestBothDoors(t *testing.T) {
	site := foreignSite(t)
	r := startRelay(t, "--allow-origin", site)
	viewers := startChromium(t, autoplay)
	var in, out []string
	for _, codec := range []string{"VP8", "VP9", "H264", "AV1"} {
		in = append(in, whipToPull(t, r, viewers, site, codec))
	}
	p := newPresenter(t, site)
	p.push = p.browser.blank()
	for _, codec := range []string{"VP8", "VP9", "H264", "AV1"} {
		out = append(out, pushToWHEP(t, r, p, viewers, codec))
	}
	figure(t, "whip-5: new pictures a second, from WHIP to /pull: %s; from /push to WHEP: %s", in, out)
}

// whipToPull returns how many new pictures a second there were.
func whipToPull(t *testing.T, r *relay, viewers *chromium, site, codec string) string {
	t.Helper()
	publisher := viewers.openWith(whipScript, site+"/pattern?silent")
	defer publisher.close()
	publisher.resize(640, 360)
	evalf[string](publisher, "whip.publish(%q, document.querySelector('canvas').captureStream(30), 'video/%s')",
		r.url("/whip/in-"+codec), codec)
	viewer := watch(t, viewers, r.url("/pull/in-"+codec), 1)[0]
	defer viewer.close()
	return viewer.countPictures(codec)
}

// pushToWHEP returns how many new pictures a second there were.
func pushToWHEP(t *testing.T, r *relay, p *presenter, viewers *chromium, codec string) string {
	t.Helper()
	p.push.navigate(r.url("/push/out-" + codec + "?codec=" + codec))
	p.push.waitState("ready")
	p.share()
	viewer := viewers.openWith(whipScript, p.site+"/player")
	defer viewer.close()
	evalf[string](viewer, "whip.play(%q)", r.url("/whep/out-"+codec))
	return viewer.countPictures(codec)
}

// countPictures wants the page to show new pictures, in this codec.
func (p *page) countPictures(codec string) string {
	p.t.Helper()
	p.waitPicture()
	rate := checkCounters(p.t, eval[collected](p, "probe.collect(3000)"), 3, length(5, 10))
	if got := eval[string](p, "probe.codec()"); got != "video/"+codec {
		p.t.Errorf("a viewer gets %s, want video/%s", got, codec)
	}
	return fmt.Sprintf("%s %.1f", codec, rate)
}
