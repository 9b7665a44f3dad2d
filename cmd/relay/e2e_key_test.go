package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestKeyInTheBrowser: a key in the link's fragment opens the room and leaves the
// address; without one, or with a wrong one, the page asks; and who presents gives
// viewers a link that opens it.
func TestKeyInTheBrowser(t *testing.T) {
	rooms := filepath.Join(t.TempDir(), "rooms.yaml")
	check(t, os.WriteFile(rooms, []byte("rooms: {math: {title: Mathematics 7b}}\n"), 0o600))
	r := startRelay(t, "--publish-key", "present-sesame", "--view-key", "watch-sesame", "--rooms", rooms)
	proxy := startProxyWithoutWebSockets(t, r)
	p := newPresenter(t, servePattern(t))
	p.push = p.browser.open(r.url("/push/math#key=present-sesame"))
	p.push.waitState("ready")
	p.push.wait("location.hash === '' && document.querySelector('.room').textContent === 'Mathematics 7b'")
	p.share()
	audience := startChromium(t, autoplay)
	keyed := audience.open(r.url("/pull/math#key=watch-sesame"))
	keyed.waitPicture()
	keyed.wait("location.href.endsWith('/pull/math')")
	keyed.navigate(r.url("/pull/math"))
	keyed.waitPicture() // the tab keeps it

	asked := audience.open(r.url("/pull/math"))
	asked.waitState("key")
	asked.enter("#key", "wrong-sesame")
	asked.press("\r")
	asked.wait("document.querySelector('#key-note').hasAttribute('data-wrong')")
	asked.waitState("key")
	asked.enter("#key", "watch-sesame")
	asked.press("\r")
	asked.waitPicture()

	if full {
		otherWaysIn(audience, r, proxy.URL)
		noteWithoutKey(p.browser, startRelay(t, "--view-key", "watch-sesame"))
	}

	p.push.wait("document.querySelector('#link').value.includes('/pull/math#token=')")
	p.push.wait("document.querySelector('#qr-small').naturalWidth > 0 && document.querySelector('#qr-small').src.startsWith('blob:')")
	token := eval[string](p.push, "new URL(document.querySelector('#link').value).hash")
	invited := audience.open(r.url("/pull/math" + token))
	invited.waitPicture()

	stranger := audience.open(r.url("/push/physics"))
	stranger.waitState("key")
	stranger.enter("#key", "present-sesame")
	stranger.press("\r")
	stranger.waitState("ready")
	stranger.waitFocus("#share")
	figure(t, "access-3: a key in the link's fragment, entered by hand after a wrong one, with and without WebSockets, and the presenter's invitation open the room in the browser")
}

// otherWaysIn: another link in the same tab, and no WebSockets.
func otherWaysIn(audience *chromium, r *relay, withoutWebSockets string) {
	audience.t.Helper()
	again := audience.open(r.url("/pull/math"))
	again.waitState("key")
	eval[any](again, "location.hash = '#key=watch-sesame'") // another link, in the same tab
	again.waitPicture()
	again.wait("location.hash === ''")

	byHTTP := audience.open(withoutWebSockets + "/pull/math")
	byHTTP.waitState("key")
	byHTTP.enter("#key", "watch-sesame")
	byHTTP.press("\r")
	byHTTP.waitPicture()
}

// noteWithoutKey: who presents without a key, where watching needs one, has no
// invitation to hand out.
func noteWithoutKey(browser *chromium, r *relay) {
	browser.t.Helper()
	push := browser.open(r.url("/push/math"))
	push.waitState("ready")
	push.wait("document.querySelector('#link-note').textContent.includes('Viewers need the key')")
}
