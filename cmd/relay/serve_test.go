package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// runToEnd runs the program to its end.
func runToEnd(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), builtRelay, args...)
	command.Env = append(os.Environ(), env...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestMistakesGetOneSentence(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer tcp.Close()
	media, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	defer media.Close()
	_, takenTCP, _ := net.SplitHostPort(tcp.Addr().String())
	_, takenUDP, _ := net.SplitHostPort(media.LocalAddr().String())
	here := []string{"serve", "--host", "127.0.0.1"}

	for name, test := range map[string]struct {
		env  []string
		args []string
		says string
	}{
		"unknown command":             {nil, []string{"dance"}, `no command "dance"`},
		"unknown flag":                {nil, []string{"serve", "--prot", "1"}, "unknown flag: --prot"},
		"unknown short flag":          {nil, []string{"serve", "-p", "1"}, "-p"},
		"argument":                    {nil, []string{"serve", "8080"}, `"8080"`},
		"argument of version":         {nil, []string{"version", "x"}, `"x"`},
		"flag without value":          {nil, []string{"serve", "--port"}, "--port"},
		"port too high":               {nil, []string{"serve", "--port", "65536"}, "from 0 to 65535"},
		"port of letters":             {nil, []string{"serve", "--udp-port", "http"}, "from 0 to 65535"},
		"log level":                   {nil, []string{"serve", "--log-level", "loud"}, "debug, info, warn, error"},
		"log format":                  {nil, []string{"serve", "--log-format", "xml"}, "text, json"},
		"variable":                    {[]string{"RELAY_UDP_PORT=-1"}, []string{"serve"}, "RELAY_UDP_PORT"},
		"origin":                      {nil, append(here, "--port", "0", "--allow-origin", "school.example"), "--allow-origin"},
		"site that is no origin":      {nil, []string{"serve", "--frame-ancestors", "https://school.example/x"}, "https://school.example, or * for all"},
		"host name":                   {nil, append(here, "--port", "0", "--allow-host", "http://school.example"), "--allow-host"},
		"foreign address":             {nil, []string{"serve", "--host", "192.0.2.254"}, "--host"},
		"certificate and no HTTPS":    {nil, []string{"serve", "--no-tls", "--tls-cert", "x"}, "--no-tls"},
		"key without certificate":     {nil, []string{"serve", "--tls-key", "x"}, "--tls-cert"},
		"certificate without key":     {[]string{"RELAY_TLS_CERT=x"}, []string{"serve"}, "--tls-key"},
		"certificate that is missing": {nil, append(here, "--port", "0", "--tls-cert", "/nowhere.crt", "--tls-key", "/nowhere.key"), "/nowhere.crt"},
		"hold that is negative":       {nil, []string{"serve", "--whep-hold", "-1s"}, "--whep-hold"},
		"limit that is negative":      {nil, []string{"serve", "--max-join-rate", "-1"}, "--max-join-rate is a number from 1, or 0"},
		"limit of letters":            {nil, []string{"serve", "--max-rooms", "many"}, "--max-rooms"},
		"bitrate in bits":             {[]string{"RELAY_MAX_BITRATE=50000000"}, []string{"serve"}, "Mbit/s"},
		"state folder that is a file": {nil, append(here, "--port", "0", "--state-dir", "/dev/null"), "/dev/null"},
		"key that is empty":           {nil, append(here, "--port", "0", "--publish-key", ""), "--publish-key"},
		"variable that is empty":      {[]string{"RELAY_VIEW_KEY="}, append(here, "--port", "0"), "RELAY_VIEW_KEY"},
		"file of rooms that is empty": {[]string{"RELAY_ROOMS="}, append(here, "--port", "0"), "RELAY_ROOMS"},
		"secret that is empty":        {nil, append(here, "--port", "0", "--token-secret="), "leave it out"},
		"drain that is negative":      {nil, []string{"serve", "--drain", "-1s"}, "--drain"},
		"admin without a port":        {nil, append(here, "--port", "0", "--admin-addr", "127.0.0.1"), "such as 127.0.0.1:9090"},
		"admin address in use":        {nil, append(here, "--port", "0", "--admin-addr", tcp.Addr().String()), "is in use by another program"},
		"admin address elsewhere":     {nil, append(here, "--port", "0", "--admin-addr", "192.0.2.254:9090"), "--admin-addr"},
		"TCP port in use":             {nil, append(here, "--port", takenTCP), "TCP port " + takenTCP + " is in use"},
		"UDP port in use":             {nil, append(here, "--port", "0", "--udp-port", takenUDP), "UDP port " + takenUDP + " is in use"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := runToEnd(t, test.env, test.args...)
			if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.says) {
				t.Errorf("exit code %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string
	}{
		{nil, "Examples:"},
		{[]string{"--help"}, "Examples:"},
		{[]string{"serve", "--help"}, "RELAY_ALLOW_HOST=relay.school.example relay serve"},
		{[]string{"version"}, "relay "},
	} {
		if code, stdout, stderr := runToEnd(t, nil, test.args...); code != 0 || stderr != "" || !strings.Contains(stdout, test.says) {
			t.Errorf("%q: exit code %d\nstdout: %s\nstderr: %s", test.args, code, stdout, stderr)
		}
	}
}

// served is a running "relay serve".
type served struct {
	t       *testing.T
	command *exec.Cmd
	address string // of its pages: 127.0.0.1:port
	log     *bufio.Scanner
}

// startServed returns when the relay has said what to open.
func startServed(t *testing.T, env []string, args ...string) *served {
	t.Helper()
	command := exec.CommandContext(t.Context(), builtRelay, append([]string{"serve"}, args...)...)
	command.Env = append(os.Environ(), env...)
	stdout, err := command.StdoutPipe()
	check(t, err)
	stderr, err := command.StderrPipe()
	check(t, err)
	check(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // the process is gone, unless end has waited already
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if found := listeningLine.FindStringSubmatch(lines.Text()); found != nil {
			return &served{t, command, "127.0.0.1:" + found[1], bufio.NewScanner(stderr)}
		}
	}
	t.Fatal("the relay did not say what to open")
	return nil
}

// listening is the log's line about the sockets.
func (s *served) listening() (tcp, media netip.AddrPort) {
	s.t.Helper()
	for s.log.Scan() {
		var line struct{ Msg, Addr, UDP string }
		check(s.t, json.Unmarshal(s.log.Bytes(), &line))
		if line.Msg == "listening" {
			return netip.MustParseAddrPort(line.Addr), netip.MustParseAddrPort(line.UDP)
		}
	}
	s.t.Fatal("the log does not say where the relay listens")
	return tcp, media
}

// end waits for the process.
func (s *served) end() *os.ProcessState {
	for s.log.Scan() { // until it closes its stderr: Wait must not come before
	}
	_ = s.command.Wait()
	return s.command.ProcessState
}

func (s *served) get(host string) int {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.address+"/pull", nil)
	check(s.t, err)
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	check(s.t, err)
	_, err = io.Copy(io.Discard, response.Body)
	check(s.t, errors.Join(err, response.Body.Close()))
	return response.StatusCode
}

// openSocket joins as a viewer.
func (s *served) openSocket() *websocket.Conn {
	s.t.Helper()
	u := url.URL{Scheme: "ws", Host: s.address, Path: "/ws/pull/math"}
	ws, _, err := websocket.DefaultDialer.Dial(u.String(), nil)
	check(s.t, err)
	s.t.Cleanup(func() { _ = ws.Close() })
	check(s.t, ws.WriteJSON(map[string]string{"type": "join"}))
	s.expect(ws, "welcome")
	return ws
}

func (s *served) expect(ws *websocket.Conn, kind string) {
	s.t.Helper()
	var m struct{ Type string }
	if err := ws.ReadJSON(&m); err != nil || m.Type != kind {
		s.t.Fatalf("got %+v, %v instead of %s", m, err, kind)
	}
}

func TestFreePort(t *testing.T) {
	s := startServed(t, nil, "--host", "127.0.0.1", "--port", "0", "--log-format", "json")
	if tcp, media := s.listening(); tcp != media || tcp.String() != s.address {
		t.Errorf("TCP on %v, UDP on %v, told to open %v", tcp, media, s.address)
	}
}

func TestEnvironment(t *testing.T) {
	env := []string{
		"RELAY_HOST=127.0.0.1", "RELAY_PORT=not used: the flag wins", "RELAY_LOG_FORMAT=json",
		"RELAY_ALLOW_HOST=a.example,b.example",
	}
	s := startServed(t, env, "--port", "0")
	s.listening()
	for host, want := range map[string]int{"a.example": 200, "b.example": 200, "c.example": 421} {
		if got := s.get(host); got != want {
			t.Errorf("%s: %d, want %d", host, got, want)
		}
	}
}

func TestSignalEndsAll(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			s := startServed(t, nil, "--port", "0")
			joined := s.openSocket()
			idle, err := net.Dial("tcp", s.address) // and never a request
			check(t, err)
			defer idle.Close()
			began := time.Now()
			check(t, s.command.Process.Signal(signal))
			s.expect(joined, "bye")
			if _, _, err := joined.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
				t.Errorf("closed by %v", err)
			}
			if state := s.end(); !state.Success() || time.Since(began) > 5*time.Second {
				t.Errorf("%v after %v", state, time.Since(began))
			}
		})
	}
}

// TestSignalEndsAllInSpiteOfWhoDoesNotRead: a page over TLS whose buffers are
// full cannot be told anything, and is not waited for.
func TestSignalEndsAllInSpiteOfWhoDoesNotRead(t *testing.T) {
	s := startServed(t, nil, "--port", "0")
	dialer := websocket.Dialer{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // whom it trusts is not the question here
		NetDial: func(network, address string) (net.Conn, error) {
			conn, err := net.Dial(network, address)
			if err == nil {
				err = conn.(*net.TCPConn).SetReadBuffer(2048)
			}
			return conn, err
		},
	}
	var filling sync.WaitGroup
	for range 3 {
		ws, _, err := dialer.Dial("wss://"+s.address+"/ws/pull/math", nil)
		check(t, err)
		defer ws.NetConn().(*tls.Conn).NetConn().Close() // TLS would try to say goodbye
		filling.Go(func() { fill(ws) })
	}
	filling.Wait()
	began := time.Now()
	check(t, s.command.Process.Signal(syscall.SIGTERM))
	if state := s.end(); !state.Success() || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", state, time.Since(began))
	}
}

// fill pings, and reads none of the pongs, until nothing goes through any more.
func fill(ws *websocket.Conn) {
	for ws.WriteControl(websocket.PingMessage, make([]byte, 125), time.Now().Add(300*time.Millisecond)) == nil {
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	s := startServed(t, nil, "--port", "0")
	slow := s.openSocket() // does not answer the close frame: it will be waited for
	check(t, s.command.Process.Signal(syscall.SIGTERM))
	s.expect(slow, "bye")
	ended := make(chan *os.ProcessState)
	go func() { ended <- s.end() }()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			_ = s.command.Process.Signal(syscall.SIGTERM) // fails once it has ended
		case state := <-ended:
			if !state.Sys().(syscall.WaitStatus).Signaled() {
				t.Errorf("it ended by itself: %v", state)
			}
			return
		}
	}
}
