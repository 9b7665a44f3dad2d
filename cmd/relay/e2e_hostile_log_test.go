package main

import (
	"crypto/rand"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"
)

// secrets are words that are to be found nowhere but where they belong, by what they
// are.
type secrets map[string]string

// add notes a secret, and returns it.
func (s secrets) add(what, secret string) string {
	s[what] = secret
	return secret
}

// random notes a new one.
func (s secrets) random(what string) string { return s.add(what, rand.Text()+rand.Text()) }

// token notes one that is signed with a secret.
func (s secrets) token(t *testing.T, what, secret, role string, lasts time.Duration) string {
	t.Helper()
	claims := jwt.MapClaims{"room": "*", "roles": []string{role}, "exp": time.Now().Add(lasts).Unix(), "jti": rand.Text()}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	check(t, err)
	s.add(what+", its signature", token[strings.LastIndex(token, ".")+1:])
	return s.add(what, token)
}

// find is the secrets that a text has.
func (s secrets) find(text string) (found []string) {
	for what, secret := range s {
		if strings.Contains(text, secret) {
			found = append(found, what)
		}
	}
	return found
}

// TestNoSecretIsWritten: whatever is shown at whatever door, right or wrong, the log
// does not have it, at its most talkative, nor what is printed, nor what is kept in
// files but for the secret that signs.
func TestNoSecretIsWritten(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel() // it mostly waits
			s := secrets{}
			signs := s.random("the secret that signs")
			publish, view := s.random("the key for presenting"), s.random("the key for watching")
			r := startRelay(t, "--log-level", "debug", "--log-format", format, "--token-secret", signs, "--publish-key", publish, "--view-key", view)
			v := &visitor{t: t, s: s, r: r}
			v.socket("push", "main", map[string]any{"key": publish})
			v.socket("pull", "main", map[string]any{"key": view})
			v.socketFailures()
			v.doors(publish, view)
			v.bearers(signs)
			v.manage(s.token(t, "a token for managing", signs, "manage", time.Hour))
			v.urls()
			r.stop()
			if found := s.find(r.log.String()); len(found) > 0 {
				t.Errorf("the log has %q", found)
			}
			if found := s.find(r.said.String()); len(found) > 0 {
				t.Errorf("what is printed has %q", found)
			}
			v.searchFiles()
			lines := strings.Count(r.log.String(), "\n")
			if lines < 50 {
				t.Errorf("the log has %d lines: it was not talkative", lines)
			}
			figure(t, "access-6: %d secrets at every door, in right and in wrong places: none is in %d lines of the log (debug, %s), nor in the state folder", len(s), lines, format)
		})
	}
}

// visitor goes through all doors.
type visitor struct {
	t *testing.T
	s secrets
	r *relay
}

// socket joins, and notes the secrets that the welcome has.
func (v *visitor) socket(role, room string, join map[string]any) {
	v.t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial("ws://localhost:"+v.r.port+"/ws/"+role+"/"+room, nil)
	check(v.t, err)
	defer ws.Close()
	join["type"] = "join"
	check(v.t, ws.WriteJSON(join))
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	var welcome struct{ Type, Resume, Invite string }
	check(v.t, ws.ReadJSON(&welcome))
	if welcome.Type != "welcome" {
		return
	}
	v.s.add("a session's secret: "+role, welcome.Resume)
	if welcome.Invite != "" {
		v.s.add("an invitation", welcome.Invite)
	}
	for _, message := range []string{`{"type":"offer","sdp":"` + v.s.random("an offer that is none: "+role) + `"}`, `{"type":"leave"}`} {
		check(v.t, ws.WriteMessage(websocket.TextMessage, []byte(message)))
	}
	for ws.ReadJSON(&welcome) == nil { // until the relay has ended it
	}
}

// socketFailures joins with what is wrong.
func (v *visitor) socketFailures() {
	for _, role := range []string{"push", "pull"} {
		for _, field := range []string{"key", "token", "resume", "device"} {
			v.socket(role, "main", map[string]any{field: v.s.random("a wrong " + field + ": " + role)})
		}
		v.socket(role, "main", map[string]any{"key": []string{v.s.random("a key in a list: " + role)}})
		v.socket(role, "main", map[string]any{"key": v.s.random("a key of the wrong length: "+role) + strings.Repeat("x", 70_000)})
	}
}

// doors opens sessions over HTTP, whose URLs are secrets, and does to them what can
// be done.
func (v *visitor) doors(publish, view string) {
	v.t.Helper()
	send := newWhipPeer(v.t, screenTracks(v.t)...).offer(nil)
	created := v.ask("POST", "/whip/main", send, publish, offers, "Relay-Resume: "+v.s.random("a secret of a page's making"))
	if created.status != http.StatusCreated {
		v.t.Fatalf("POST: %d %s", created.status, created.body)
	}
	v.s.add("a session's next secret", created.header.Get("Relay-Resume"))
	v.session(created.header.Get("Location"), "a publisher's session")
	v.present("second", publish)
	receive := newWhipPeer(v.t).offer(nil)
	watching := v.ask("POST", "/whep/second", receive, view, offers)
	if watching.status != http.StatusCreated {
		v.t.Fatalf("POST: %d %s", watching.status, watching.body)
	}
	session := watching.header.Get("Location")
	stream := v.ask("POST", session+"/sse", "", "")
	if stream.status != http.StatusCreated {
		v.t.Fatalf("POST %s/sse: %d %s", session, stream.status, stream.body)
	}
	v.s.add("an event stream", lastPart(stream.header.Get("Location")))
	v.ask("PUT", stream.header.Get("Location"), "", "")
	v.ask("DELETE", stream.header.Get("Location"), "", "")
	v.ask("GET", stream.header.Get("Location"), "", "")
	v.session(session, "a viewer's session")
}

// present presents in a room until the test ends.
func (v *visitor) present(room, key string) {
	v.t.Helper()
	p := newWhipPeer(v.t, screenTracks(v.t)...)
	created := v.ask("POST", "/whip/"+room, p.offer(nil), key, offers)
	if created.status != http.StatusCreated {
		v.t.Fatalf("POST: %d %s", created.status, created.body)
	}
	v.s.add("another publisher's session", lastPart(created.header.Get("Location")))
	v.s.add("the relay's password of ICE", answerICE.FindStringSubmatch(created.body)[2])
	check(v.t, p.peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: created.body}))
	select {
	case <-p.connected:
	case <-time.After(patience):
		v.t.Fatal("the presenter does not connect")
	}
}

func lastPart(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// session does to a session's URL what is right and what is wrong.
func (v *visitor) session(path, what string) {
	v.s.add(what, lastPart(path))
	v.ask("GET", path, "", "")
	v.ask("PATCH", path, "x", "", fragments, `If-Match: "*"`)
	v.ask("PATCH", path, fragment("newufrag", v.s.random("a password of ICE: "+what)), "", fragments, "If-Match: "+v.s.random("an entity tag: "+what))
	v.ask("POST", path, "", "", "Origin: https://evil.example")
	v.ask("PUT", path, "", "")
	v.ask("GET", path+"/x", "", "")
	v.ask("GET", path+"%2F..%2F", "", "")
	v.ask("DELETE", path, "", "")
	v.ask("DELETE", path, "", "")
}

// bearers shows tokens that are wrong in every way.
func (v *visitor) bearers(signs string) {
	wrong := []string{
		v.s.random("a wrong key"),
		v.s.token(v.t, "a token that has ended", signs, "view", -time.Hour),
		v.s.token(v.t, "a forged token", strings.Repeat("x", 40), "manage", time.Hour),
		v.s.token(v.t, "a token for watching", signs, "view", time.Hour) + "x",
		v.s.random("a long token") + strings.Repeat("x", 8000),
	}
	for _, bearer := range wrong {
		for _, path := range []string{"/whip/main", "/whep/main"} {
			v.ask("POST", path, "v=0\r\n", bearer, offers)
		}
		v.ask("GET", "/api/rooms/main", "", bearer)
		v.ask("GET", "/api/rooms", "", bearer)
		v.ask("GET", "/api/status", "", bearer)
		v.ask("GET", "/metrics", "", bearer)
	}
	v.ask("GET", "/api/rooms/main", "", "", "Authorization: Basic "+v.s.random("a password"))
	v.ask("GET", "/pull/main", "", "", "Cookie: key="+v.s.random("a cookie"))
}

// manage uses the API, with bodies that are right and wrong.
func (v *visitor) manage(token string) {
	for _, path := range []string{"/api/rooms/main", "/api/rooms/main/viewers", "/api/rooms/main/viewers/x", "/api/rooms/main/blocked", "/api/rooms/main/requests", "/api/rooms/main/requests/x"} {
		for _, method := range []string{"GET", "PATCH", "POST", "DELETE"} {
			v.ask(method, path, `{"secret":"`+v.s.random(method+" of a secret to "+path)+`","x":1}`, token, jsonBody)
		}
	}
	v.ask("POST", "/api/rooms/second/requests", `{"secret":"`+rand.Text()+`"}`, v.s.random("a key for a request"), jsonBody)
}

// urls has secrets where none belong: people put them there all the same.
func (v *visitor) urls() {
	secret := v.s.random("a key in a URL")
	for _, path := range []string{"/push/main?key=", "/pull/main?key=", "/whip/main?key=", "/ws/pull/main?token=", "/api/rooms/main?key=", "/qr.svg?url=http://localhost/pull/main%23key=", "/elsewhere/", "/whip/main/", "/static/"} {
		v.ask("GET", path+secret, "", "")
	}
	v.ask("POST", "/qr.svg", "http://localhost/pull/main#token="+secret, "", "Content-Type: text/plain")
}

// ask sends a request with a bearer token, "" for none.
func (v *visitor) ask(method, path, body, bearer string, header ...string) reply {
	v.t.Helper()
	if bearer != "" {
		header = append(header, "Authorization: Bearer "+bearer)
	}
	return exchange(v.t, method, v.r.url(path), body, header...)
}

// searchFiles looks into what the relay keeps.
func (v *visitor) searchFiles() {
	v.t.Helper()
	check(v.t, filepath.WalkDir(v.r.state, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if found := v.s.find(string(content)); len(found) > 0 {
			v.t.Errorf("%s has %q", filepath.Base(name), found)
		}
		return err
	}))
}
