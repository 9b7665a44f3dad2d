package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// callMe gives the viewer a name, by its page's dialog.
func (p *page) callMe(name string) {
	p.t.Helper()
	p.click("#me")
	p.enter("#me-name", name)
	p.click("#me-form .primary")
}

// enter puts text into a field, as if it had been typed.
func (p *page) enter(selector, text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("document.querySelector(%q)?.checkVisibility()", selector))
	evalf[any](p, `(() => {
		const field = document.querySelector(%q)
		field.focus()
		field.select()
		document.execCommand('insertText', false, %q)
	})()`, selector, text)
}

// press types one key.
func (p *page) press(key string) {
	p.t.Helper()
	do(p, chromedp.KeyEvent(key))
}

// waitFocus waits until keys go to the element: who uses no mouse is not to look for it
// in the whole page.
func (p *page) waitFocus(selector string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("document.activeElement === document.querySelector(%q)", selector))
}

// movePointerAway points at nothing.
func (p *page) movePointerAway() {
	p.t.Helper()
	do(p, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 1, 1))
}

// waitListed waits until the presenter's panel says this of somebody.
func (p *presenter) waitListed(name, said string) {
	p.push.t.Helper()
	p.push.wait(fmt.Sprintf(`[...document.querySelectorAll('.person')].some((row) => row.querySelector('.title').textContent === %q && row.textContent.replaceAll('\u00a0', ' ').includes(%q))`, name, said))
}

// focusStays puts the focus on a button of the list, and wants it there after the
// list was read again.
func (p *presenter) focusStays(selector string) {
	p.push.t.Helper()
	evalf[any](p.push, "document.querySelector(%q).focus({focusVisible: true})", selector)
	p.push.pause(2500 * time.Millisecond)
	if !evalf[bool](p.push, "document.activeElement === document.querySelector(%q)", selector) {
		p.push.t.Error("the list took the focus away")
	}
}

// waitUnlisted waits until the panel does not list somebody any more.
func (p *presenter) waitUnlisted(name string) {
	p.push.t.Helper()
	eval[any](p.push, "document.activeElement?.blur()")
	p.push.movePointerAway()
	p.push.wait(fmt.Sprintf(`[...document.querySelectorAll('.person .title')].every((title) => title.textContent !== %q)`, name))
}

// TestPresenterRemovesAViewer: the viewer's page says so, and does not come back by
// itself or when it is loaded again; a blocked one not before it is unblocked; and
// the others notice nothing of it.
func TestPresenterRemovesAViewer(t *testing.T) {
	r := startRelay(t)
	p := present(t, r, "/push/math")
	others := []*client{watchNamed(t, r, "math", "Bert"), watchNamed(t, r, "math", "")}
	const name = "<b>Anna</b> 安娜"
	audience := startChromium(t, autoplay)
	anna := watch(t, audience, r.url("/pull/math"), 1)[0]
	anna.callMe(name)
	p.waitListed(name, "sees the picture")
	p.waitListed("Bert", "Chrome on Windows")

	p.focusStays(named("Remove " + name))
	p.push.press("\r")
	anna.waitState("removed")
	anna.pause(time.Duration(length(1, 12)) * time.Second)
	anna.waitState("removed")
	anna.navigate(r.url("/pull/math"))
	anna.waitState("removed")
	anna.wait("/come back in \\d+ seconds/.test(document.querySelector('#countdown').textContent) && document.querySelector('#again').disabled")
	p.waitListed(name, "has left") // for as long as the focus is there
	p.waitUnlisted(name)

	anna.becomeAnother()
	carla := watch(t, audience, r.url("/pull/math"), 1)[0]
	carla.callMe("Carla")
	p.waitListed("Carla", "Chrome on Linux")
	p.push.click(named("Block Carla"))
	p.push.wait("document.querySelector('#confirm[open]')?.innerText.includes('private window')")
	p.push.click("#confirm-yes")
	carla.waitState("blocked")
	carla.navigate(r.url("/pull/math"))
	carla.waitState("blocked")
	p.push.click("#blocked-count")
	p.push.click(named("Unblock Carla"))
	p.push.wait("document.querySelector('#blocked').hidden")
	carla.navigate(r.url("/pull/math"))
	carla.waitPicture()

	for _, other := range others {
		other.stillPlays()
	}
	figure(t, "access-3: removed in the browser: the page says so and stays away, also when it is loaded again; blocked: until unblocked; %d others went on", len(others))
}

// becomeAnother makes the browser another one for the relay, as a private window is.
func (p *page) becomeAnother() {
	p.t.Helper()
	eval[any](p, "localStorage.removeItem('relay.device')")
}

// stillPlays wants the client to be connected, and to get media.
func (c *client) stillPlays() {
	c.t.Helper()
	before := c.packets.Load()
	for end := time.Now().Add(patience); c.packets.Load() < before+10; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("a viewer gets nothing any more; it is %v", c.peer.ConnectionState())
		}
	}
	if state := c.peer.ConnectionState().String(); state != "connected" {
		c.t.Errorf("a viewer is %s", state)
	}
}

// TestLockAndLimitInTheBrowser: they hold for pages and for other players, say what
// they are, and let pages in by themselves when they end.
func TestLockAndLimitInTheBrowser(t *testing.T) {
	if !full {
		t.Log("in full length only")
		return
	}
	r := startRelay(t)
	p := present(t, r, "/push/math")
	in := watchNamed(t, r, "math", "Bert")
	p.waitListed("Bert", "VP8")
	p.push.enter("#limit", "few")
	eval[any](p.push, "document.activeElement.blur()")
	p.push.pause(2500 * time.Millisecond) // the list was read again
	if got := eval[string](p.push, "document.querySelector('#limit').value + ', ' + document.querySelector('#hand-note').textContent"); !strings.HasPrefix(got, "few, Enter a whole number") {
		t.Errorf("of a limit that is none the page says %q", got)
	}
	p.push.enter("#limit", "1")
	eval[any](p.push, "document.activeElement.blur()")
	p.push.wait("document.querySelector('#hand-note').textContent === ''")
	audience := startChromium(t, autoplay)
	page := audience.open(r.url("/pull/math"))
	page.waitState("full")
	page.wait("/Next try in \\d/.test(document.querySelector('#countdown').textContent)")
	if status, reason, again := knockAsPlayer(t, r, "math"); status != http.StatusServiceUnavailable || again == "" {
		t.Errorf("a player at a full room: %d %q, again after %q", status, reason, again)
	}
	p.push.enter("#limit", " ")
	eval[any](p.push, "document.activeElement.blur()")
	raised := time.Now()
	page.waitPicture()
	cameIn := time.Since(raised)

	p.push.click("#lock")
	p.push.wait("document.querySelector('#lock').getAttribute('aria-checked') === 'true'")
	page.navigate(r.url("/pull/math"))
	page.waitPicture() // it was in the room
	page.becomeAnother()
	late := audience.open(r.url("/pull/math"))
	late.waitState("locked")
	if status, reason, _ := knockAsPlayer(t, r, "math"); status != http.StatusForbidden || reason != "locked" {
		t.Errorf("a player at a locked room: %d %q", status, reason)
	}
	if length(0, 1) == 1 {
		p.push.click("#lock")
		late.waitPicture()
	}
	in.stillPlays()
	eval[any](p.push, "document.querySelector('#end').focus()")
	p.push.press("\r")
	p.push.wait("document.querySelector('#confirm[open]')?.contains(document.activeElement)")
	p.push.press("\t")
	p.push.waitFocus("#confirm-yes")
	p.push.press("\r")
	p.push.waitState("ended")
	p.push.waitFocus("#share")
	figure(t, "access-3: limit and lock hold for the page and for WHEP; a page comes in by itself %.1f s after there is a place; who was in a locked room comes back", cameIn.Seconds())
}

// knockAsPlayer asks for a session as a WHEP player does, and returns what it was
// refused with.
func knockAsPlayer(t *testing.T, r *relay, room string) (status int, reason, again string) {
	t.Helper()
	refused := exchange(t, "POST", r.url("/whep/"+room), newWhipPeer(t).offer(nil), "Content-Type: application/sdp")
	var told struct{ Reason string }
	check(t, json.Unmarshal([]byte(refused.body), &told))
	return refused.status, told.Reason, refused.header.Get("Retry-After")
}
