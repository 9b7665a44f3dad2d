package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"
)

// keyedRooms is a file of rooms that are not for everybody.
const keyedRooms = `only: true
rooms:
  math:
    title: Mathematics
    publish-key: math-publish
    view-key: math-view
    manage-key: math-manage
    listed: true
  stage:
    publish-key: stage-publish
    view-key: stage-view
`

func writeRooms(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rooms.yaml")
	check(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// tokenKey is the secret that a relay keeps.
func (r *relay) tokenKey() string {
	r.t.Helper()
	secret, err := os.ReadFile(filepath.Join(r.state, "token.key"))
	check(r.t, err)
	return strings.TrimSpace(string(secret))
}

// askers ask from one address of this machine after the other, so that nobody's
// answers wait for another's wrong keys.
type askers struct {
	next   atomic.Uint32
	client *http.Client
}

func newAskers() *askers {
	c := &askers{}
	c.client = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: c.dial}}
	return c
}

// dial dials from the next address.
func (c *askers) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n := c.next.Add(1)
	from := netip.AddrFrom4([4]byte{127, 1, byte(n >> 8), byte(n)})
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
	return dialer.DialContext(ctx, network, address)
}

// credential is what somebody shows, and what he may do with it.
type credential struct {
	name, value            string
	view, publish, manages string // "" is yes; otherwise the code and the reason
	operates               string // as before: seeing what the relay as a whole does
}

const (
	keyNeeded    = "unauthorized key"
	tokenExpired = "unauthorized expired"
	notAllowed   = "forbidden"
)

// credentialsFor are for the room math.
func credentialsFor(t *testing.T, secret string) []credential {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	sign := func(method jwt.SigningMethod, key any, room string, end time.Duration, roles ...string) string {
		claims := jwt.MapClaims{"room": room, "roles": roles}
		if end != 0 {
			claims["exp"] = time.Now().Add(end).Unix()
		}
		text, err := jwt.NewWithClaims(method, claims).SignedString(key)
		check(t, err)
		return text
	}
	own := func(room string, end time.Duration, roles ...string) string {
		return sign(jwt.SigningMethodHS256, []byte(secret), room, end, roles...)
	}
	all := []string{"view", "publish", "manage"}
	nobody := func(name, value string) credential {
		return credential{name, value, keyNeeded, keyNeeded, keyNeeded, keyNeeded}
	}
	return []credential{
		nobody("none", ""),
		nobody("wrong key", "wrong-as-can-be"),
		{"view key", "math-view", "", notAllowed, notAllowed, keyNeeded},
		{"publish key", "math-publish", "", "", notAllowed, keyNeeded},
		{"manage key", "math-manage", "", notAllowed, "", keyNeeded},
		{"view token", own("math", time.Hour, "view"), "", notAllowed, notAllowed, notAllowed},
		{"publish token", own("math", time.Hour, "publish"), "", "", notAllowed, notAllowed},
		{"manage token", own("math", time.Hour, "manage"), "", notAllowed, "", notAllowed},
		{"token of a pattern", own("ma*", time.Hour, all...), "", "", "", notAllowed},
		{"token of all rooms", own("*", time.Hour, all...), "", "", "", ""},
		{"expired token", own("math", -time.Minute, all...), tokenExpired, tokenExpired, tokenExpired, tokenExpired},
		{"token of another room", own("stage", time.Hour, all...), notAllowed, notAllowed, notAllowed, notAllowed},
		nobody("key of another room", "stage-publish"),
		nobody("forged token", sign(jwt.SigningMethodHS256, []byte(strings.Repeat("x", 40)), "math", time.Hour, all...)),
		nobody("token without a signature", sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "math", time.Hour, all...)),
		nobody("HS512", sign(jwt.SigningMethodHS512, []byte(secret), "math", time.Hour, all...)),
		nobody("RS256", sign(jwt.SigningMethodRS256, rsaKey, "math", time.Hour, all...)),
		nobody("token without an end", own("math", 0, all...)),
	}
}

// doorway is a way to a room, and what it is for.
type doorway struct {
	name, role string // "": for everybody, "view", "publish", "manage", "operate"
	method     string // "WS" for a WebSocket
	path       string // ROOM stands for the room
	kind, body string
	proxied    bool
	statuses   []int // of those who may
}

var doorways = []doorway{
	{name: "presenter's page", method: "GET", path: "/push/ROOM", statuses: []int{200}},
	{name: "viewer's page", method: "GET", path: "/pull/ROOM", statuses: []int{200}},
	{name: "frame", method: "GET", path: "/embed/ROOM", statuses: []int{200}},
	{name: "QR code", method: "GET", path: "/qr.svg?url=http://localhost/pull/ROOM", statuses: []int{200}},
	{name: "QR code of a link with a token", method: "POST", path: "/qr.svg", kind: "text/plain", body: "http://localhost/pull/ROOM#token=x", statuses: []int{200}},
	{name: "WHIP's options", method: "OPTIONS", path: "/whip/ROOM", statuses: []int{200}},
	{name: "WHEP's options", method: "OPTIONS", path: "/whep/ROOM", statuses: []int{200}},
	{name: "WHEP's GET", method: "GET", path: "/whep/ROOM", statuses: []int{200}},
	{name: "session that is none", method: "DELETE", path: "/whep/ROOM/none", statuses: []int{404}},
	{name: "PATCH of one", method: "PATCH", path: "/whip/ROOM/none", kind: "application/trickle-ice-sdpfrag", statuses: []int{404}},
	{name: "events of one", method: "POST", path: "/whep/ROOM/none/sse", statuses: []int{404}},
	{name: "health", method: "GET", path: "/healthz", statuses: []int{200}},
	{name: "readiness", method: "GET", path: "/readyz", statuses: []int{200}},
	{name: "metrics through a proxy", role: "operate", method: "GET", path: "/metrics", proxied: true, statuses: []int{200}},
	{name: "what the relay does", role: "operate", method: "GET", path: "/api/status", statuses: []int{200}},

	{name: "watching", role: "view", method: "WS", path: "/ws/pull/ROOM"},
	{name: "presenting", role: "publish", method: "WS", path: "/ws/push/ROOM"},
	{name: "WHEP", role: "view", method: "POST", path: "/whep/ROOM", kind: "application/sdp", body: "no offer", statuses: []int{400}},
	{name: "WHIP", role: "publish", method: "POST", path: "/whip/ROOM", kind: "application/sdp", body: "no offer", statuses: []int{400}},
	{name: "the room", role: "view", method: "GET", path: "/api/rooms/ROOM", statuses: []int{200}},
	{name: "viewers", role: "manage", method: "GET", path: "/api/rooms/ROOM/viewers", statuses: []int{200}},
	{name: "locking", role: "manage", method: "PATCH", path: "/api/rooms/ROOM", kind: "application/json", body: `{"locked":false}`, statuses: []int{204, 409}},
	{name: "removing", role: "manage", method: "DELETE", path: "/api/rooms/ROOM/viewers/none", statuses: []int{404}},
	{name: "blocking", role: "manage", method: "POST", path: "/api/rooms/ROOM/blocked", kind: "application/json", body: `{"viewer":"none"}`, statuses: []int{404}},
	{name: "unblocking", role: "manage", method: "DELETE", path: "/api/rooms/ROOM/blocked/none", statuses: []int{404}},
	{name: "asking for the room", role: "publish", method: "POST", path: "/api/rooms/ROOM/requests", kind: "application/json", body: `{"secret":"0123456789012345678901","withdraw":true}`, statuses: []int{200}},
	{name: "answering", role: "manage", method: "POST", path: "/api/rooms/ROOM/requests/none", kind: "application/json", body: `{"grant":false}`, statuses: []int{404}},
	{name: "ending for all", role: "manage", method: "DELETE", path: "/api/rooms/ROOM", statuses: []int{204}},
}

// refusal is what somebody is refused with, "" if he may.
func (c credential) refusal(role string) string {
	return map[string]string{"": "", "view": c.view, "publish": c.publish, "manage": c.manages, "operate": c.operates}[role]
}

// TestWhoMayWhat: every door with every credential, in a room that is idle and in
// one that is live; and whoever may not see a room is told the same, byte for byte,
// of one that is not there.
func TestWhoMayWhat(t *testing.T) {
	t.Parallel()
	r := startRelay(t, "--rooms", writeRooms(t, keyedRooms))
	credentials, c := credentialsFor(t, r.tokenKey()), newAskers()
	asked, hidden := 0, 0
	for _, live := range []bool{false, true} {
		if live {
			p := newWhipPeer(t, screenTracks(t)...)
			p.key = "math-publish"
			p.join(r.url("/whip/math"))
		}
		for _, credential := range credentials {
			for _, door := range doorways {
				refusal := credential.refusal(door.role)
				if live && door.name == "ending for all" && refusal == "" {
					continue // the others want it live
				}
				answer := c.knock(t, r, door, "math", credential.value)
				answer.judge(t, door, credential, refusal)
				asked++
				if credential.view == "" {
					continue // he may see the room
				}
				if none := c.knock(t, r, door, "nothing", credential.value); none.text != answer.text {
					t.Errorf("%s, %s: of a room that is there:\n%s\nof one that is not:\n%s", door.name, credential.name, answer.text, none.text)
				}
				hidden++
			}
		}
	}
	figure(t, "access-1: %d doors x %d credentials, idle and live: %d answers as they should be; %d answers about a hidden room are those about none",
		len(doorways), len(credentials), asked, hidden)
}

// answered is what a door said.
type answered struct {
	status int
	code   string // and the reason
	text   string // all of it but the time
}

func (a answered) judge(t *testing.T, door doorway, c credential, refusal string) {
	t.Helper()
	switch {
	case refusal != "":
		status := map[bool]int{true: 403, false: 401}[refusal == notAllowed]
		if a.code != refusal || door.method != "WS" && a.status != status {
			t.Errorf("%s, %s: %d %s, want %s", door.name, c.name, a.status, a.code, refusal)
		}
	case door.method == "WS":
		if a.code != "" && a.code != "room-busy" {
			t.Errorf("%s, %s: %s", door.name, c.name, a.code)
		}
	case !slices.Contains(door.statuses, a.status):
		t.Errorf("%s, %s: %d %s, want %v", door.name, c.name, a.status, a.code, door.statuses)
	}
}

// knock tries a door of a room.
func (c *askers) knock(t *testing.T, r *relay, door doorway, room, credential string) answered {
	t.Helper()
	path := strings.ReplaceAll(door.path, "ROOM", room)
	if door.method == "WS" {
		return c.joinOver(t, r, path, credential)
	}
	request, err := http.NewRequestWithContext(t.Context(), door.method, "http://127.0.0.1:"+r.port+path, strings.NewReader(strings.ReplaceAll(door.body, "ROOM", room)))
	check(t, err)
	request.Header.Set("Content-Type", door.kind)
	if credential != "" {
		request.Header.Set("Authorization", "Bearer "+credential)
	}
	if door.proxied {
		request.Header.Set("X-Forwarded-For", "192.0.2.7")
	}
	response, err := c.client.Do(request)
	check(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(t, err)
	if strings.HasPrefix(response.Header.Get("Content-Type"), "image/svg") {
		body = body[:5] // the room's name is in the code
	}
	var problem struct{ Code, Reason string }
	decode(body, &problem)
	response.Header.Del("Date")
	return answered{
		response.StatusCode, strings.TrimSpace(problem.Code + " " + problem.Reason),
		fmt.Sprint(response.Status, " ", withoutLength(response.Header), " ", string(body)),
	}
}

// withoutLength leaves out how long a picture of a longer name is.
func withoutLength(header http.Header) http.Header {
	if header.Get("Content-Type") == "image/svg+xml" {
		header.Del("Content-Length")
	}
	return header
}

func (c *askers) joinOver(t *testing.T, r *relay, path, credential string) answered {
	t.Helper()
	dialer := websocket.Dialer{NetDialContext: c.dial, HandshakeTimeout: patience}
	ws, _, err := dialer.DialContext(t.Context(), "ws://127.0.0.1:"+r.port+path, nil)
	check(t, err)
	defer ws.Close()
	check(t, ws.WriteJSON(map[string]string{"type": "join", "key": credential}))
	check(t, ws.SetReadDeadline(time.Now().Add(patience)))
	_, frame, err := ws.ReadMessage()
	check(t, err)
	var m struct{ Type, Code, Reason string }
	decode(frame, &m)
	if m.Type == "welcome" {
		check(t, ws.WriteJSON(map[string]string{"type": "leave"}))
		_, _, _ = ws.ReadMessage() // until it has left
		return answered{text: "welcome"}
	}
	_, _, err = ws.ReadMessage()
	return answered{code: strings.TrimSpace(m.Code + " " + m.Reason), text: fmt.Sprint(string(frame), " ", err)}
}

// decode reads JSON, if it is any.
func decode(text []byte, v any) { _ = json.Unmarshal(text, v) }
