package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asks runs a command against the relay, as its user does.
func (r *relay) asks(arguments ...string) (code int, stdout, stderr string) {
	r.t.Helper()
	return runToEnd(r.t.(*testing.T), nil, append(arguments, "--url", "http://127.0.0.1:"+r.port, "--state-dir", r.state)...)
}

// TestRoomsAndStatus: what is shown is what goes on.
func TestRoomsAndStatus(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	if code, stdout, stderr := r.asks("rooms"); code != 0 || stdout != "Nobody presents.\n" {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	publishOverWHIP(t, r.url("/whip/math"))
	newWhipPeer(t).join(r.url("/whep/math")).waitMedia("before anybody asks")
	for command, wants := range map[string][]string{
		"rooms":  {"ROOM ", "math ", " live ", " VP8 "},
		"status": {"1 live, 0 away, 0 idle", "presenters  1\n", "viewers     1\n", "kbit/s, ", "serving for"},
	} {
		code, stdout, stderr := r.asks(command)
		for _, want := range wants {
			if code != 0 || !strings.Contains(stdout, want) {
				t.Errorf("relay %s lacks %q (exit code %d):\n%s%s", command, want, code, stdout, stderr)
			}
		}
	}
	_, stdout, _ := r.asks("rooms", "--json")
	var told struct {
		Rooms []struct{ Room, State string }
	}
	if err := json.Unmarshal([]byte(stdout), &told); err != nil || len(told.Rooms) != 1 || told.Rooms[0].Room != "math" {
		t.Errorf("%v:\n%s", err, stdout)
	}
	if code, _, stderr := runToEnd(t, []string{"RELAY_PORT=" + r.port}, "status", "--health"); code != 0 {
		t.Errorf("--health of the port in the environment: exit code %d %s", code, stderr)
	}
	if code, stdout, stderr := r.asks("status", "--health"); code != 0 || stdout != "" || stderr != "" {
		t.Errorf("--health: exit code %d %s%s", code, stdout, stderr)
	}
}

// TestWatch: again and again, whatever happens to the relay, until Ctrl-C.
func TestWatch(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	var out syncBuffer
	watching := exec.CommandContext(t.Context(), builtRelay, "status", "--watch", "--json", "--url", "http://127.0.0.1:"+r.port, "--state-dir", r.state)
	watching.Stdout = &out
	check(t, watching.Start())
	waitFor(t, "a first line", func() bool { return strings.Count(out.String(), "\n") > 0 })
	r.kill()
	waitFor(t, "a line about a relay that is gone", func() bool { return strings.Contains(out.String(), `"error":"nothing answers`) })
	r.start()
	waitFor(t, "rates", func() bool { return strings.Contains(out.String(), `"bitrateOut":0`) })
	check(t, watching.Process.Signal(os.Interrupt))
	if err := watching.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
}

// TestAskingInVain: a sentence that says what to do, and exit code 1.
func TestAskingInVain(t *testing.T) {
	r := startRelay(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello\x1b[2J")) }))
	defer page.Close()
	nowhere := filepath.Join(t.TempDir(), "state")
	here := "http://127.0.0.1:" + r.port
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"no relay":         {[]string{"status", "--url", "http://127.0.0.1:1"}, "does the relay run"},
		"no health":        {[]string{"status", "--health", "--url", "http://127.0.0.1:1"}, "does the relay run"},
		"another program":  {[]string{"rooms", "--url", page.URL}, "what no relay says"},
		"no secret":        {[]string{"status", "--url", here, "--state-dir", nowhere}, "has no secret"},
		"no secret, rooms": {[]string{"rooms", "--url", here, "--state-dir", nowhere}, "has no secret"},
		"nothing at all":   {[]string{"rooms", "--url", "http://127.0.0.1:1", "--state-dir", nowhere}, "does the relay run"},
		"own certificate":  {[]string{"status", "--url", "https://127.0.0.1:" + r.port, "--state-dir", r.state}, "ask by http://"},
		"another secret":   {[]string{"status", "--url", here, "--token-secret", strings.Repeat("another ", 5)}, "--state-dir"},
		"another token":    {[]string{"rooms", "--url", here, "--token", "guess-of-a-token"}, "--token"},
		"no URL":           {[]string{"rooms", "--url", "localhost:8080"}, "--url is an address such as"},
		"a URL too long":   {[]string{"rooms", "--url", here + "/api"}, "--url is an address such as"},
		"a short secret":   {[]string{"rooms", "--url", here, "--token-secret", "short"}, "--token-secret"},
		"health as JSON":   {[]string{"status", "--health", "--json"}, "--health"},
	} {
		code, stdout, stderr := runToEnd(t, nil, test.args...)
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.says) || strings.Contains(stderr, "guess-of") {
			t.Errorf("%s: exit code %d\nstdout: %s\nstderr: %s", name, code, stdout, stderr)
		}
	}
	if _, err := os.Stat(nowhere); !os.IsNotExist(err) {
		t.Errorf("who only looked made a secret: %v", err)
	}
}

func TestTables(t *testing.T) {
	var told roomsReport
	check(t, json.Unmarshal([]byte(`{"rooms":[
		{"room":"art","state":"away","since":"2026-11-20T08:00:00Z","viewers":3,"locked":true,"maxViewers":20,"tracks":[]},
		{"room":"math","state":"live","since":null,"viewers":120,"tracks":[
			{"kind":"video","codec":"VP8\u001b[2J","width":1280,"height":720,"bitrate":2750000,"frameRate":29.7,"loss":0.004},
			{"kind":"audio","codec":"opus","bitrate":64000,"frameRate":50,"loss":0}]}]}`), &told))
	told.Rooms[0].Since = nil
	var out bytes.Buffer
	check(t, told.writeTable(&out))
	want := `ROOM  STATE         FOR  VIEWERS  VIDEO    SIZE      FRAMES/S  RATE        LOST   SOUND      
art   away, locked  -    3 of 20  -        -         -         -           -      -          
math  live          -    120      VP8[2J   1280x720  30        2.8 Mbit/s  0.4 %  64 kbit/s  
`
	if strings.Join(strings.Fields(out.String()), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	for d, want := range map[time.Duration]string{
		12 * time.Second: "12 s", 90 * time.Second: "1 min", 125 * time.Minute: "2 h 5 min", 76 * time.Hour: "3 d 4 h",
	} {
		if got := lasting(d); got != want {
			t.Errorf("%v is %s, not %s", d, got, want)
		}
	}
	if got := size(1_500_000_000) + ", " + size(2000) + ", " + bits(950_000) + ", " + bits(1.2e9) + ", " + share(1, 400) + ", " + share(0, 0); got != "1.5 GB, 2 kB, 950 kbit/s, 1.20 Gbit/s, 0.25 %, -" {
		t.Error(got)
	}
}
