package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"relay/cmd/relay/load"
)

// loaded runs "relay load" to its end.
func loaded(t testing.TB, flags ...string) load.Report {
	t.Helper()
	return loadedIn(t, nil, flags...)
}

// loadedIn runs it elsewhere than on this machine's network.
func loadedIn(t testing.TB, where place, flags ...string) load.Report {
	t.Helper()
	return loading(t, where, flags...)()
}

// loading starts "relay load". finish waits for its end.
func loading(t testing.TB, where place, flags ...string) (finish func() load.Report) {
	t.Helper()
	finished := reporting(where, flags...)
	return func() load.Report {
		t.Helper()
		report, stderr, err := finished()
		if err != nil {
			t.Fatalf("relay load %s: %v\n%s", strings.Join(flags, " "), err, stderr)
		}
		if strings.Contains(stderr, "DATA RACE") {
			t.Fatalf("a race in the tester:\n%s", stderr)
		}
		return report
	}
}

// reported is what "relay load" reports, also when it ends with an error.
func reported(where place, flags ...string) (report load.Report, said string, err error) {
	return reporting(where, flags...)()
}

// reporting starts it. finish waits for its end.
func reporting(where place, flags ...string) (finish func() (report load.Report, said string, err error)) {
	var stdout, stderr bytes.Buffer
	cmd := where.command(append([]string{"load", "--json"}, flags...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Start()
	return func() (report load.Report, said string, _ error) {
		if err == nil {
			err = cmd.Wait()
		}
		if stdout.Len() > 0 {
			err = errors.Join(err, json.Unmarshal(stdout.Bytes(), &report))
		}
		return report, stderr.String(), err
	}
}

// doors are the flags that lead to both doors of a room.
func (r *relay) doors(room string) []string { return r.doorsAt("127.0.0.1", room) }

// doorsAt leads to them by an address.
func (r *relay) doorsAt(address, room string) []string {
	site := "http://" + net.JoinHostPort(address, r.port)
	return []string{"--publish", "--whip", site + "/whip/" + room, "--whep", site + "/whep/" + room}
}

func (r *relay) pid() string { return strconv.Itoa(r.cmd.Process.Pid) }

// TestLoadFitsBesideTheRelay: what the tester itself takes, and that nothing is lost.
func TestLoadFitsBesideTheRelay(t *testing.T) {
	r := startRelay(t)
	viewers := length(20, 200)
	got := loaded(t, append(r.doors("main"), "--load", "video", "--pid", r.pid(),
		"--viewers", fmt.Sprint(viewers), "--duration", seconds(3, 20).String())...)
	if got.Viewers.Connected != viewers || got.Media.Delivery < 0.999 || got.Tester.Drops > 0 {
		t.Errorf("%+v, delivered %.5f, %d dropped by the tester", got.Viewers, got.Media.Delivery, got.Tester.Drops)
	}
	if full && got.Tester.Cores > 0.35 {
		t.Errorf("the tester took %.2f cores, want 0.35", got.Tester.Cores)
	}
	if got.Server == nil || got.Server.PerPacket <= 0 || got.Server.PerViewer <= 0 {
		t.Fatalf("of the server: %+v", got.Server)
	}
	figure(t, "load-1: %d viewers, %.0f packets/s, delivered %.3f %%: the tester took %.2f cores, the relay %.2f (%.2f µs a packet, %.0f kB a viewer)",
		viewers, got.Media.PacketsPerSecond, 100*got.Media.Delivery, got.Tester.Cores, got.Server.Cores, got.Server.PerPacket, got.Server.PerViewer/1000)
}

// publishLoad publishes until the test ends, past any forwarder, as fast as video
// comes.
func publishLoad(t *testing.T, r *relay, flags ...string) {
	t.Helper()
	// The tester's own viewer keeps the publisher there.
	cmd := exec.Command(builtRelay, append(append([]string{"load"}, r.doors("main")...),
		append([]string{"--load", "video", "--viewers", "1", "--duration", "1h"}, flags...)...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	waitFor(t, "the room to be live", func() bool { return r.room("main").State == "live" })
}

// isNear is true for a figure within 10 % of what was injected.
func isNear(got, want float64) bool { return math.Abs(got-want) <= want/10 }

// near reports a figure that is not.
func near(t *testing.T, what string, got, want float64) string {
	t.Helper()
	if !isNear(got, want) {
		t.Errorf("%s: %.4g, injected %.4g", what, got, want)
	}
	return fmt.Sprintf("%s %.4g (injected %.4g)", what, got, want)
}

// impaired is what a forwarder did, and what the tester measured of it.
type impaired struct {
	*forwarder
	load.Report
}

// stalled are the longest stalls in milliseconds: the one measured, and the one injected.
func (i impaired) stalled() (got, want float64) {
	return float64(i.Delay.Max), float64(i.longestStall.Load()) / 1e6
}

// measureInjected has viewers behind a forwarder that loses, repeats, reorders and
// stalls. A machine that pauses just when the stall ends makes that longer for some,
// and is none to measure it on: then all is measured again, three times at most.
func measureInjected(t *testing.T, r *relay) (last impaired) {
	t.Helper()
	for range 3 {
		f := startForwarder(t, "http://127.0.0.1:"+r.port, impairment{
			drop: 100, duplicate: 150, swap: 125, stall: 200 * time.Millisecond, stallAfter: 3 * time.Second,
		})
		last = impaired{f, loaded(t, "--whep", f.URL+"/whep/main", "--viewers", "20", "--probes", "20", "--duration", seconds(6, 15).String())}
		if isNear(last.stalled()) {
			break
		}
	}
	return last
}

// TestLoadMeasuresWhatWasInjected: each figure is that of what was done to the packets.
func TestLoadMeasuresWhatWasInjected(t *testing.T) {
	r := startRelay(t)
	publishLoad(t, r)
	f := measureInjected(t, r)
	m := f.Media
	share := func(n int64) float64 { return 100 * float64(n) / float64(m.Expected) }
	injected := func(n int64) float64 { return 100 * float64(n) / float64(f.passed.Load()) }
	stall, stalled := f.stalled()
	figures := []string{
		near(t, "lost %", 100*float64(m.Loss), injected(f.dropped.Load())),
		near(t, "duplicates %", share(m.Duplicates), injected(f.duplicated.Load())),
		near(t, "reordered %", share(m.Reordered), injected(f.swapped.Load())),
		near(t, "stall ms", stall, stalled),
	}
	if m.Delivery < 0.999 {
		t.Errorf("with repairs %.5f arrived", m.Delivery)
	}
	figure(t, "load-2: %s; longest gap %.0f ms; %.3f %% there after repair", strings.Join(figures, ", "), m.LongestGap, 100*m.Delivery)
}

// TestLoadMeasuresDelay: 50 ms more are 50 ms more.
func TestLoadMeasuresDelay(t *testing.T) {
	r := startRelay(t)
	publishLoad(t, r)
	site := "http://127.0.0.1:" + r.port
	var p50 [2]load.Number
	for i, delay := range []time.Duration{0, 50 * time.Millisecond} {
		f := startForwarder(t, site, impairment{delay: delay})
		p50[i] = loaded(t, "--whep", f.URL+"/whep/main", "--viewers", "5", "--duration", seconds(3, 10).String()).Delay.P50
	}
	if rise := float64(p50[1] - p50[0]); math.Abs(rise-50) > 2 {
		t.Errorf("p50 rose by %.1f ms, want 50 +- 2", rise)
	}
	figure(t, "load-3: p50 %.2f ms, and %.2f ms behind 50 ms: it rose by %.2f", p50[0], p50[1], p50[1]-p50[0])
}

// TestLoadSpeaksToOthers: another WHIP/WHEP server, with other URLs, a relative
// Location and a bearer token.
func TestLoadSpeaksToOthers(t *testing.T) {
	t.Parallel() // it mostly waits
	const token = "only this one"
	ref := startReference(t, token)
	got := loaded(t, "--publish", "--whip", ref.url("/in/live"), "--whep", ref.url("/out/live"), "--token", token,
		"--viewers", "10", "--duration", seconds(2, 10).String(), "--codec", "vp8")
	if got.Viewers.Connected != 10 || got.Media.Delivery < 0.999 || got.Viewers.FirstFrame.Count != 10 || got.Undeleted != 0 {
		t.Errorf("%+v", got)
	}
	if left := ref.sessions(t); left != 0 {
		t.Errorf("%d sessions were not deleted", left)
	}
	out, err := exec.Command(builtRelay, "load", "--whep", ref.url("/out/live"), "--token", "another", "--viewers", "2", "--duration", "1s").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "2 failed: 401") {
		t.Errorf("with another token: %v\n%s", err, out)
	}
	figure(t, "load-4: 10 viewers of another server: delivered %.3f %%, first frame p50 %.0f ms, all sessions deleted; a wrong token is told as 401",
		100*got.Media.Delivery, got.Viewers.FirstFrame.P50)
}

// TestLoadStopsAtOnce: Ctrl-C, while viewers join and while they are measured.
func TestLoadStopsAtOnce(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	viewers := length(20, 100)
	for _, moment := range []string{"joining", "measuring"} {
		var stdout bytes.Buffer
		stderr := &syncBuffer{}
		cmd := exec.Command(builtRelay, append(append([]string{"load"}, r.doors("main")...), "--load", "video",
			"--viewers", fmt.Sprint(viewers), "--join-rate", fmt.Sprint(viewers/2), "--duration", "1m")...)
		cmd.Stdout, cmd.Stderr = &stdout, stderr
		check(t, cmd.Start())
		underWay := regexp.MustCompile(moment + `  [1-9]`)
		waitFor(t, moment, func() bool { return underWay.MatchString(stderr.String()) })
		began := time.Now()
		check(t, cmd.Process.Signal(os.Interrupt))
		err := cmd.Wait()
		took := time.Since(began)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != int(interruptedExit) {
			t.Errorf("%v: %s", err, stderr)
		}
		if took > 2*time.Second || !strings.Contains(stdout.String(), fmt.Sprintf("of %d viewers connected", viewers)) {
			t.Errorf("ended %v after Ctrl-C with\n%s", took, &stdout)
		}
		if info := r.room("main"); info.State != "idle" || info.Viewers != 0 {
			t.Errorf("the relay still has %+v", info)
		}
		figure(t, "load-6: Ctrl-C while %s: ended after %.1f s, with the table so far, and every session deleted", moment, took.Seconds())
	}
}

// TestLoadRefusesOthersServers: whoever does not say that a target is theirs.
func TestLoadRefusesOthersServers(t *testing.T) {
	for _, flags := range [][]string{
		{"--whep", "http://192.0.2.1/whep/main"},
		{"--whep", "http://127.0.0.1:1/whep/main", "--whip", "http://192.0.2.1/whip/main", "--publish"},
	} {
		out, err := exec.Command(builtRelay, append([]string{"load", "--viewers", "1"}, flags...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "--target-is-mine") {
			t.Errorf("%v: %v\n%s", flags, err, out)
		}
	}
}

// TestLoadDrawsAPicture: of a run, in a browser.
func TestLoadDrawsAPicture(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	name := filepath.Join(t.TempDir(), "load.svg")
	loaded(t, append(r.doors("main"), "--viewers", "3", "--duration", "4s", "--picture", name)...)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) }))
	t.Cleanup(site.Close)
	page := startChromium(t).open(site.URL)
	if lines := eval[int](page, "new Set(Array.from(document.querySelectorAll('.curve'), (c) => c.getAttribute('class'))).size"); lines != 3 {
		t.Errorf("%d curves in the picture", lines)
	}
	openAlbum(t).keep("load", do(page, chromedp.CaptureScreenshot()))
}
