package signaling

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
)

// A viewer's three ways into a room, each with a device; the answer is what it is told.
var ways = map[string]func(h *house, device string) (code, reason string, retryAfter bool){
	"page": func(h *house, device string) (code, reason string, retryAfter bool) {
		p := h.come("", device)
		for {
			m, err := p.next()
			switch {
			case err != nil:
				h.t.Fatal(err)
			case m.Type == "welcome":
				return "", "", false
			case m.Type == "error":
				return m.Code, m.Reason, m.RetryAfter > 0
			}
		}
	},
	"WHEP": func(h *house, device string) (code, reason string, retryAfter bool) {
		return h.whep("Relay-Device: "+device, offers)
	},
	"page without WebSocket": func(h *house, device string) (code, reason string, retryAfter bool) {
		return h.whep("Relay-Device: "+device, offers, "Relay-Resume: a secret of its own making")
	},
}

func (h *house) whep(header ...string) (code, reason string, retryAfter bool) {
	h.t.Helper()
	got := h.request("POST", "/whep/math", offerOf(h.t, newPeer(h.t, recvonly), nil), header...)
	if got.status == http.StatusCreated {
		return "", "", false
	}
	var problem struct{ Code, Reason string }
	if err := json.Unmarshal([]byte(got.body), &problem); err != nil {
		h.t.Fatal(err)
	}
	return problem.Code, problem.Reason, got.header.Get("Retry-After") != ""
}

// eachWay tries all ways with the device.
func (h *house) eachWay(t *testing.T, what, device, code, reason string, retryAfter bool) {
	t.Helper()
	for way, try := range ways {
		gotCode, gotReason, again := try(h, device)
		if gotCode != code || gotReason != reason || again != retryAfter {
			t.Errorf("%s, %s: %q %q, to be tried again: %v; want %q %q %v", what, way, gotCode, gotReason, again, code, reason, retryAfter)
		}
	}
}

func TestLockHoldsAtEveryDoor(t *testing.T) {
	h := newManagedHouse(t)
	h.publish()
	ada := h.come("Ada", adasDevice)
	token := ada.expect("welcome").Resume
	h.manage("PATCH", "", `{"locked":true}`).want(t, 204, "")
	h.eachWay(t, "a stranger", evesDevice, "forbidden", "locked", true)
	h.eachWay(t, "one without a device", "", "forbidden", "locked", true)
	h.eachWay(t, "who was there", adasDevice, "", "", false)
	h.join("pull/math", token)
	h.request("GET", "/api/rooms/math", "").want(t, 200, `"locked":true,"maxViewers":null`)
	h.manage("PATCH", "", `{"locked":false}`).want(t, 204, "")
	h.eachWay(t, "a stranger after that", evesDevice, "", "", false)
}

func TestLimitHoldsAtEveryDoor(t *testing.T) {
	h := newManagedHouse(t)
	h.publish()
	ada := h.come("Ada", adasDevice)
	token := ada.expect("welcome").Resume
	h.manage("PATCH", "", `{"maxViewers":1}`).want(t, 204, "")
	h.eachWay(t, "one more", evesDevice, "room-full", "", true)
	h.join("pull/math", token)
	h.request("GET", "/api/rooms/math", "").want(t, 200, `"locked":false,"maxViewers":1`)
	h.manage("PATCH", "", `{"maxViewers":null}`).want(t, 204, "")
	h.eachWay(t, "one more after that", evesDevice, "", "", false)
}

func TestBlockHoldsAtEveryDoor(t *testing.T) {
	h := newManagedHouse(t)
	h.publish()
	ada := h.come("Ada", adasDevice)
	ada.expect("welcome")
	got := h.manage("POST", "/blocked", fmt.Sprintf(`{"viewer":%q}`, h.idOf("Ada"))).want(t, 201, `{"id":"`)
	if m := ada.expect("bye"); m.Reason != "blocked" {
		t.Errorf("%+v", m)
	}
	ada.expectClose(websocket.ClosePolicyViolation)
	h.eachWay(t, "the device", adasDevice, "forbidden", "blocked", false)
	h.eachWay(t, "another", evesDevice, "", "", false)
	blocked := h.people().Blocked
	if len(blocked) != 1 || *blocked[0].Name != "Ada" || got.body != fmt.Sprintf(`{"id":%q}`, blocked[0].ID) {
		t.Errorf("blocked are %+v", blocked)
	}
	h.manage("DELETE", "/blocked/"+blocked[0].ID, "").want(t, 204, "")
	h.manage("DELETE", "/blocked/"+blocked[0].ID, "").want(t, 404, "not-found")
	h.eachWay(t, "the device after that", adasDevice, "", "", false)
}

func TestRemovedAtEveryDoor(t *testing.T) {
	h := newManagedHouse(t)
	h.publish()
	ada := h.come("Ada", adasDevice)
	ada.expect("welcome")
	ada.negotiate(newPeer(t, recvonly), nil)
	id := h.idOf("Ada")
	h.manage("DELETE", "/viewers/"+id, "").want(t, 204, "")
	if m := ada.expect("bye"); m.Reason != "removed" || m.RetryAfter != 0 {
		t.Errorf("%+v", m)
	}
	ada.expectClose(websocket.ClosePolicyViolation)
	h.eachWay(t, "the device", adasDevice, "forbidden", "removed", true)
	h.eachWay(t, "another", evesDevice, "", "", false)
	h.manage("DELETE", "/viewers/"+id, "").want(t, 404, "not-found")

	player, _ := h.play()
	v := h.people().Viewers
	h.manage("DELETE", "/viewers/"+v[len(v)-1].ID, "").want(t, 204, "")
	h.await("the player's end", func() bool { return player.delete().status == 404 })
}

// A page that says nothing of its device is known by its address and program.
func TestBlockedWithoutADevice(t *testing.T) {
	h := newManagedHouse(t)
	h.publish()
	ada := h.come("Ada", "")
	ada.expect("welcome")
	h.manage("POST", "/blocked", fmt.Sprintf(`{"viewer":%q}`, h.idOf("Ada"))).want(t, 201, `{"id":"`)
	if blocked := h.people().Blocked; len(blocked) != 1 {
		t.Errorf("blocked are %+v", blocked)
	}
	again := h.come("Ada", "")
	if m := again.expect("error"); m.Reason != "blocked" {
		t.Errorf("%+v", m)
	}
	h.eachWay(t, "a browser behind the same address", evesDevice, "", "", false)
}
