package main

import (
	"fmt"
	"testing"
	"time"
)

// TestHandOver: from one presenter to another, who asked for the room, while those
// who watch stay connected and get new pictures.
func TestHandOver(t *testing.T) {
	r := startRelay(t)
	took := handOver(t, r, r.url("/push/math"))
	figure(t, "access-3: handed over from one browser to another: a new picture at every viewer %.0f ms or less after the second shared; nobody left connected", took)
}

// TestHandOverWithoutWebSockets: the same by WHIP. Two presenters' browsers and a
// proxy are much for every change: in quick length the pages' own tests and those of
// the HTTP doors have it.
func TestHandOverWithoutWebSockets(t *testing.T) {
	if !full {
		t.Log("in full length only")
		return
	}
	r := startRelay(t)
	took := handOver(t, r, startProxyWithoutWebSockets(t, r).URL+"/push/math")
	figure(t, "access-3: handed over without WebSockets: a new picture at every viewer %.0f ms or less after the second shared; nobody left connected", took)
}

// handOver lets a second presenter, whose page is at address as the first one's is,
// have the room, and returns after how many milliseconds every viewer saw it.
func handOver(t *testing.T, r *relay, address string) float64 {
	t.Helper()
	first := newPresenter(t, servePattern(t))
	first.push = first.browser.open(address)
	first.push.waitState("ready")
	first.share()
	second := newPresenter(t, servePattern(t))
	viewers := watch(t, second.browser, r.url("/pull/math"), 1)
	clients := []*client{watchNamed(t, r, "math", "Bert"), watchNamed(t, r, "math", "Carl")}

	second.push = second.browser.open(address)
	second.push.waitState("held")
	second.push.enter("#ask-name", "Dora")
	second.push.click("#ask-form .primary")
	first.push.wait("document.querySelector('.request')?.innerText.includes('Dora asks to take over.')")
	first.push.click(named("Decline Dora"))
	first.push.pause(500 * time.Millisecond) // it was drawn
	first.push.waitFocus("#requests")
	second.push.wait("document.querySelector('#ask-told').textContent.includes('goes on')")
	second.push.waitFocus("#ask-name")
	second.push.click("#ask-form .primary")
	exchange(t, "POST", r.url("/api/rooms/math/requests"), `{"secret":"the-secret-of-emil-0123456789","name":"Emil"}`, "Content-Type: application/json")
	first.push.click(named("Hand over to Dora"))
	first.push.click(named("Decline Emil"))
	first.push.pause(500 * time.Millisecond)
	first.push.wait("document.querySelector('#granted').textContent.startsWith('Dora may take over')")
	second.push.waitState("ready")
	second.push.wait("document.querySelector('#status').textContent.includes('The room is yours')")
	second.push.waitFocus("#share")
	first.push.waitState("live")

	second.share()
	captured := eval[float64](second.push, "probe.captured.at(-1)")
	var worst float64
	for _, viewer := range viewers {
		viewer.wait(fmt.Sprintf("probe.newer(%f)", captured))
		worst = max(worst, evalf[float64](viewer, "probe.newer(%f).at - %[1]f", captured))
	}
	first.push.waitState("held")
	first.pattern.pause(time.Second)
	first.push.waitState("held")
	second.push.waitState("live")
	checkNeverLeftConnected(t, viewers)
	for _, c := range clients {
		c.stillPlays()
	}
	return worst
}
