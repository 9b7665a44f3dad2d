package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// relay is the built binary, running as its own process: so that it can be
// killed, and so that what is measured is what people run.
type relay struct {
	t     testing.TB
	port  string
	state string // the folder of its certificates
	place place
	cmd   *exec.Cmd
	said  *syncBuffer   // what every one of its processes printed for people
	log   *syncBuffer   // what every one of its processes wrote to stderr
	ended chan struct{} // closed when the running process has ended
}

// startRelay starts a relay on a free port, with these flags besides. It ends
// with the test.
func startRelay(t testing.TB, flags ...string) *relay {
	t.Helper()
	return startRelayIn(t, nil, flags...)
}

// startRelayIn starts it elsewhere than on this machine's network.
func startRelayIn(t testing.TB, where place, flags ...string) *relay {
	t.Helper()
	r := &relay{t: t, port: "0", state: filepath.Join(t.TempDir(), "state"), place: where, said: &syncBuffer{}, log: &syncBuffer{}}
	t.Cleanup(r.checkLog)
	t.Cleanup(r.stop)
	r.start(flags...)
	return r
}

// place is a command that runs another one somewhere, such as in a network
// namespace; nil is here.
type place []string

// command is a relay's, in that place.
func (p place) command(arguments ...string) *exec.Cmd {
	words := append(append(slices.Clone(p), builtRelay), arguments...)
	return exec.Command(words[0], words[1:]...)
}

// testedForRaces is whether the tests were built with the race detector; the
// relay they run then is, too.
func testedForRaces() bool {
	info, _ := debug.ReadBuildInfo()
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}

// start starts the process, on the port it had before if it had one, and
// returns once it listens.
func (r *relay) start(flags ...string) {
	r.t.Helper()
	r.cmd = r.place.command(append([]string{"serve", "--port", r.port, "--state-dir", r.state}, flags...)...)
	r.cmd.Stderr = r.log
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	listening := make(chan string, 1)
	r.ended = make(chan struct{})
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go r.follow(stdout, listening)
	select {
	case r.port = <-listening:
	case <-r.ended:
		r.t.Fatalf("the relay ended at once:\n%s", r.log)
	case <-time.After(patience):
		r.t.Fatalf("the relay does not listen:\n%s", r.log)
	}
}

var listeningLine = regexp.MustCompile(`http://localhost:(\d+)/push`)

// follow reads what the process prints until it ends.
func (r *relay) follow(stdout io.Reader, listening chan<- string) {
	defer close(r.ended)
	lines := bufio.NewScanner(io.TeeReader(stdout, r.said))
	for lines.Scan() {
		if found := listeningLine.FindStringSubmatch(lines.Text()); found != nil {
			listening <- found[1]
		}
	}
	_ = r.cmd.Wait()
}

// url is a page of the relay, as the presenter on its own machine opens it.
func (r *relay) url(path string) string {
	return "http://localhost:" + r.port + path
}

// kill ends the process without a word.
func (r *relay) kill() {
	_ = r.cmd.Process.Kill()
	<-r.ended
}

// stop ends the process as a person does.
func (r *relay) stop() {
	_ = r.cmd.Process.Signal(os.Interrupt)
	select {
	case <-r.ended:
	case <-time.After(patience):
		r.t.Errorf("the relay does not end:\n%s", r.log)
		r.kill()
	}
}

// checkLog fails the test for what the race detector found, and shows the log
// of a test that has failed.
func (r *relay) checkLog() {
	if strings.Contains(r.log.String(), "DATA RACE") {
		r.t.Errorf("a race in the relay")
	}
	if r.t.Failed() {
		r.t.Logf("the relay's log:\n%s", r.log)
	}
}

// syncBuffer may be written and read at the same time.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
