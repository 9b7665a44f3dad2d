package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// firefox is one Firefox process with one tab, driven by WebDriver BiDi: JSON
// over a WebSocket, one command after the other.
type firefox struct {
	t       *testing.T
	bidi    *websocket.Conn
	lastID  int
	context string // the tab
}

// firefoxPreferences keep Firefox off the internet, let videos sound without a
// click, and leave out the H264 plugin that it would download: Debian's has none.
const firefoxPreferences = `
user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.safebrowsing.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("media.autoplay.default", 0);
user_pref("media.gmp-gmpopenh264.enabled", false);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("toolkit.telemetry.server", "");
`

// startFirefox starts a browser, which ends with the test.
func startFirefox(t *testing.T) *firefox {
	t.Helper()
	profile := t.TempDir()
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(firefoxPreferences), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(browserPath("FIREFOX", "firefox-esr", "firefox"),
		"--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", profile, "about:blank")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("starting Firefox: %v", err)
	}
	t.Cleanup(func() { endGroup(command) })
	f := &firefox{t: t, bidi: dialBiDi(t, output)}
	t.Cleanup(func() { _ = f.bidi.Close() })
	f.begin()
	return f
}

// endGroup kills a process with all its children, and returns when it is gone.
func endGroup(command *exec.Cmd) {
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
	_ = command.Wait()
}

var bidiLine = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// dialBiDi connects to the address that Firefox prints.
func dialBiDi(t *testing.T, output io.Reader) *websocket.Conn {
	t.Helper()
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if found := bidiLine.FindStringSubmatch(lines.Text()); found != nil {
				address <- found[1]
			}
		}
	}()
	select {
	case url := <-address:
		conn, _, err := websocket.DefaultDialer.Dial(url+"/session", nil)
		if err != nil {
			t.Fatalf("connecting to Firefox: %v", err)
		}
		return conn
	case <-time.After(patience):
		t.Fatal("Firefox does not say where it listens")
		return nil
	}
}

// begin opens the session, finds the tab and puts the probe into its pages.
func (f *firefox) begin() {
	f.t.Helper()
	f.call("session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	var tree struct{ Contexts []struct{ Context string } }
	f.call("browsingContext.getTree", map[string]any{}, &tree)
	f.context = tree.Contexts[0].Context
	f.call("script.addPreloadScript", map[string]any{"functionDeclaration": "() => {" + probeScript + "}"}, nil)
}

// call sends one command and reads until its answer.
func (f *firefox) call(method string, params, result any) {
	f.t.Helper()
	f.lastID++
	if err := f.bidi.WriteJSON(map[string]any{"id": f.lastID, "method": method, "params": params}); err != nil {
		f.t.Fatalf("%s: %v", method, err)
	}
	_ = f.bidi.SetReadDeadline(time.Now().Add(2 * patience))
	answer := f.answer(method)
	if answer.Type == "error" {
		f.t.Fatalf("%s: %s: %s", method, answer.Error, answer.Message)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		f.t.Fatalf("%s answered %s: %v", method, answer.Result, err)
	}
}

// bidiAnswer is a command's answer; an event has no ID.
type bidiAnswer struct {
	Type    string
	ID      int
	Result  json.RawMessage
	Error   string
	Message string
}

// answer reads past events to the answer of the last command.
func (f *firefox) answer(method string) bidiAnswer {
	f.t.Helper()
	for {
		var answer bidiAnswer
		if err := f.bidi.ReadJSON(&answer); err != nil {
			f.t.Fatalf("%s: %v", method, err)
		}
		if answer.ID == f.lastID {
			return answer
		}
	}
}

func (f *firefox) navigate(url string) {
	f.t.Helper()
	f.call("browsingContext.navigate", map[string]any{"context": f.context, "url": url, "wait": "complete"}, nil)
}

// evalFirefox is the value of a JavaScript expression; a promise is waited for.
func evalFirefox[T any](f *firefox, expression string) T {
	f.t.Helper()
	var evaluated struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	f.call("script.evaluate", map[string]any{
		"expression":   "Promise.resolve(" + expression + ").then((value) => JSON.stringify(value ?? null))",
		"target":       map[string]any{"context": f.context},
		"awaitPromise": true,
	}, &evaluated)
	if evaluated.Type != "success" {
		f.t.Fatalf("%s: %s", expression, evaluated.ExceptionDetails.Text)
	}
	var value T
	if err := json.NewDecoder(strings.NewReader(evaluated.Result.Value)).Decode(&value); err != nil {
		f.t.Fatalf("%s is %s: %v", expression, evaluated.Result.Value, err)
	}
	return value
}

// wait returns when the JavaScript expression is true, and fails the test when
// that takes too long.
func (f *firefox) wait(expression string) {
	f.t.Helper()
	if !evalFirefox[bool](f, waitScript(expression)) {
		f.t.Fatalf("waited in vain for %s\n%s", expression, evalFirefox[string](f,
			"`${location.href} is ${document.documentElement.dataset.state}: ${document.body.innerText}`"))
	}
}
