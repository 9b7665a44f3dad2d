package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relay/signaling/access"
)

// brokenRooms are what people write, with the line to blame.
var brokenRooms = []struct{ name, text, at string }{
	{"short key", "rooms:\n  math:\n    view-key: short\n", "line 3"},
	{"unknown field", "rooms:\n  math:\n    view-kay: long-enough\n", "line 3"},
	{"room that is none", "only: true\nrooms:\n  a/b:\n", "line 3"},
	{"room twice", "rooms:\n  math:\n  art:\n  math:\n", "line 4"},
	{"wrong number", "rooms:\n  math:\n    title: Maths\n    max-viewers: many\n", "line 4"},
	{"no YAML", "rooms:\n  math: ]\n", "line 2"},
	{"a tab", "rooms:\n\tmath:\n", "line 2"},
}

// TestBrokenRoomsAtTheStart: a sentence that names file and line, and exit code 1.
func TestBrokenRoomsAtTheStart(t *testing.T) {
	t.Parallel()
	for _, broken := range brokenRooms {
		file, state := writeRooms(t, broken.text), filepath.Join(t.TempDir(), "state")
		checkSentence(t, file+", "+broken.at+":", "--rooms", file, "--state-dir", state)
		if _, err := os.Stat(state); err == nil {
			t.Errorf("%s: it made its state folder all the same", broken.name)
		}
	}
	checkSentence(t, "none.yaml", "--rooms", "none.yaml")
	figure(t, "access-7: %d broken files of rooms and one that is missing at the start: a sentence with file and line, exit code 1", len(brokenRooms))
}

// TestBrokenRoomsWhileRunning: the rules before hold, the log names the line once,
// who is in stays in, and the next file that is in order is taken.
func TestBrokenRoomsWhileRunning(t *testing.T) {
	t.Parallel()
	file := writeRooms(t, "only: true\nrooms:\n  math:\n    publish-key: first-publish-key\n    view-key: first-view-key\n")
	r := startRelay(t, "--rooms", file)
	publisher := newWhipPeer(t, screenTracks(t)...)
	publisher.key = "first-publish-key"
	publisher.join(r.url("/whip/math"))
	asked := newAskers()
	may := func(key string) bool {
		return asked.knock(t, r, doorway{method: "GET", path: "/api/rooms/ROOM"}, "math", key).status == 200
	}
	some := brokenRooms[:length(2, len(brokenRooms))]
	for i, broken := range some {
		check(t, os.WriteFile(file, []byte(broken.text), 0o600))
		waitFor(t, "the log to say what is wrong", func() bool { return r.complaints() == i+1 })
		if said := r.log.String(); !strings.Contains(said, filepath.Base(file)+", "+broken.at+":") {
			t.Errorf("%s: the log does not name %s", broken.name, broken.at)
		}
		if !may("first-view-key") {
			t.Errorf("%s: the rules before do not hold", broken.name)
		}
	}
	time.Sleep(seconds(2, 5)) // it is looked at again and again
	if got := r.complaints(); got != len(some) {
		t.Errorf("%d complaints about %d broken files", got, len(some))
	}
	check(t, os.WriteFile(file, []byte("rooms:\n  math:\n    view-key: second-view-key\n"), 0o600))
	mended := time.Now()
	waitFor(t, "the file to be taken", func() bool { return may("second-view-key") })
	took := time.Since(mended)
	if may("first-view-key") || !strings.Contains(r.log.String(), "file of rooms read") {
		t.Error("the keys before are still good, or the log does not say that there are others")
	}
	if got := exchange(t, "GET", publisher.session, ""); got.status != 204 {
		t.Errorf("who presented: %d", got.status)
	}
	figure(t, "access-7: %d files broken while running: the rules before held, %d lines in the log, each names the line; mended, it was taken after %.1f s, and who presented stayed",
		len(some), r.complaints(), took.Seconds())
}

// complaints are how many lines there are about the file.
func (r *relay) complaints() int {
	return strings.Count(r.log.String(), "the file of rooms cannot be used")
}

// TestTokensOfTheCommand: what "relay token" prints opens the room that it is for.
func TestTokensOfTheCommand(t *testing.T) {
	t.Parallel()
	r := startRelay(t, "--rooms", writeRooms(t, keyedRooms))
	asked := newAskers()
	for _, test := range []struct {
		flags  []string
		starts string // of the link
		door   doorway
		status int
	}{
		{[]string{"--room", "math", "--name", "Anna"}, "/pull/math#token=", doorway{method: "GET", path: "/api/rooms/ROOM"}, 200},
		{[]string{"--room", "math", "--role", "view,publish"}, "/push/math#token=", doorway{method: "POST", path: "/whip/ROOM", kind: "application/sdp", body: "no offer"}, 400},
		{[]string{"--room", "m*", "--role", "manage"}, "", doorway{method: "GET", path: "/api/rooms/ROOM/viewers"}, 200},
		{[]string{"--room", "stage"}, "/pull/stage#token=", doorway{method: "GET", path: "/api/rooms/ROOM"}, 403},
	} {
		flags := append([]string{"token", "--state-dir", r.state, "--url", "https://relay.school.example/"}, test.flags...)
		code, stdout, stderr := runToEnd(t, nil, flags...)
		token, rest, _ := strings.Cut(stdout, "\n")
		link, drawn, _ := strings.Cut(rest, "\n")
		want := ""
		if test.starts != "" {
			want = "https://relay.school.example" + test.starts + token
		}
		if code != 0 || stderr != "" || link != want || strings.Contains(drawn, "█") != (want != "") {
			t.Errorf("%q: exit code %d\n%s%s", test.flags, code, stdout, stderr)
		}
		if got := asked.knock(t, r, test.door, "math", token); got.status != test.status {
			t.Errorf("%q: %d %s", test.flags, got.status, got.code)
		}
	}
}

// TestTokenCommandMistakes: one sentence each.
func TestTokenCommandMistakes(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	for says, flags := range map[string][]string{
		"--role":         {"--role", "admin"},
		`"room"`:         {"--room", "a b"},
		"--ttl":          {"--ttl", "0s"},
		"--url":          {"--url", "relay.school.example"},
		"https":          {"--url", "https://relay.school.example/pull"},
		"--token-secret": {"--token-secret", "short"},
		`"name"`:         {"--name", strings.Repeat("x", 65)},
	} {
		code, stdout, stderr := runToEnd(t, nil, append([]string{"token", "--state-dir", state}, flags...)...)
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, says) {
			t.Errorf("%q: exit code %d\n%s%s", flags, code, stdout, stderr)
		}
	}
	if entries, err := os.ReadDir(state); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
	code, stdout, stderr := runToEnd(t, nil, "token", "--state-dir", state, "--port", "9000")
	if code != 0 || !strings.Contains(stdout, ":9000/pull/main#token=") || !strings.Contains(stderr, "--state-dir") {
		t.Errorf("the first: exit code %d\n%s%s", code, stdout, stderr)
	}
}

// TestKeysThatAreNone, and the banner of a relay with some: it says that they are
// needed, and not which.
func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{
		{"--publish-key", "seven77"}, {"--view-key", "a view key"}, {"--token-secret", strings.Repeat("x", 31)},
	} {
		checkSentence(t, flags[0], flags...)
	}
	rooms := writeRooms(t, keyedRooms)
	r := startRelay(t, "--publish-key", "the-publish-key", "--view-key", "the-view-key", "--rooms", rooms, "--log-level", "debug")
	said := r.said.String() + r.log.String()
	if !strings.Contains(said, "with the publish key") || !strings.Contains(said, "with the view key") || !strings.Contains(said, rooms) {
		t.Error(said)
	}
	for _, secret := range []string{"the-publish-key", "the-view-key", "math-view", r.tokenKey()} {
		if strings.Contains(said, secret) {
			t.Errorf("%s was printed", secret)
		}
	}
}

// TestNoPlaceForASecret: a relay without HTTPS needs no folder; its tokens then last
// as long as it runs. A secret that is broken is left alone.
func TestNoPlaceForASecret(t *testing.T) {
	t.Parallel()
	place := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(place, nil, 0o600))
	s := startServed(t, nil, "--no-tls", "--port", "0", "--state-dir", filepath.Join(place, "state"))
	check(t, s.command.Process.Signal(os.Interrupt))
	warned := false
	for s.log.Scan() {
		warned = warned || strings.Contains(s.log.Text(), "until the relay ends")
	}
	if !warned {
		t.Error("the log does not say that tokens do not last")
	}
	state := t.TempDir()
	file := filepath.Join(state, "token.key")
	check(t, os.WriteFile(file, []byte("too short\n"), 0o600))
	checkSentence(t, file, "--no-tls", "--state-dir", state)
}

// TestReadmeRooms: README.md's file of rooms is one, and its commands for tokens work.
func TestReadmeRooms(t *testing.T) {
	t.Parallel()
	files := readmeExamples(t, "yaml")
	for _, text := range files {
		check(t, access.CheckRooms(writeRooms(t, text)))
	}
	commands := 0
	for _, example := range readmeExamples(t, "sh") {
		for line := range strings.Lines(example) {
			arguments, ours := strings.CutPrefix(line, "relay token ")
			if !ours {
				continue
			}
			commands++
			command := exec.Command("sh", "-c", builtRelay+" token "+arguments)
			command.Env = append(os.Environ(), "RELAY_STATE_DIR="+t.TempDir())
			if said, err := command.Output(); err != nil || !strings.HasPrefix(string(said), "eyJ") {
				t.Errorf("%s%s%v", line, said, err)
			}
		}
	}
	if len(files) == 0 || commands == 0 {
		t.Errorf("%d files, %d commands", len(files), commands)
	}
}
