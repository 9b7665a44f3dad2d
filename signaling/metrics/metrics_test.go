package metrics

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"relay/broadcast"
	"relay/broadcast/udp"
)

// newFollowed is the Metrics of a relay on a loopback socket.
func newFollowed(t *testing.T) (*Metrics, *broadcast.Relay) {
	t.Helper()
	conn, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	m := New("1.2.3")
	relay, err := broadcast.New(broadcast.Config{
		Conn: conn, Addresses: func() []netip.Addr { return nil }, Log: slog.New(slog.DiscardHandler), Observer: m,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
	})
	m.Follow(relay, conn.Stats)
	return m, relay
}

// read is the text of /metrics.
func read(m *Metrics) string {
	recorder := httptest.NewRecorder()
	m.ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	return recorder.Body.String()
}

func series(m *Metrics) (n int) {
	for line := range strings.Lines(read(m)) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}

func TestLint(t *testing.T) {
	m, _ := newFollowed(t)
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v: %v", err, problems)
	}
	if text := read(New("1.2.3")); !strings.Contains(text, "go_goroutines") || !strings.Contains(text, `relay_build_info{`) {
		t.Error("it says nothing before there is a relay")
	}
}

// TestSeriesAreBounded: whatever rooms there are, and whatever somebody sends.
func TestSeriesAreBounded(t *testing.T) {
	m, relay := newFollowed(t)
	before := series(m)
	for i := range 1000 {
		if _, err := relay.Publish(broadcast.Join{Room: fmt.Sprint("room-", i), Via: fmt.Sprint("door-", i)}); err != nil {
			t.Fatal(err)
		}
		m.Refused(broadcast.Code(fmt.Sprint("code-", i)))
		m.Requested(fmt.Sprintf("GET /path-%d", i))
		m.Ended(broadcast.Join{}, broadcast.RoleViewer, fmt.Errorf("cause %d", i))
		m.Connected(broadcast.Join{Room: fmt.Sprint(i)}, broadcast.RoleViewer, time.Second)
	}
	text := read(m)
	if after := series(m); after != before {
		t.Errorf("%d series, %d with 1,000 rooms", before, after)
	}
	for _, want := range []string{
		`relay_rooms{state="idle"} 1000`, `relay_sessions{role="publisher",via="other"} 1000`, `relay_refusals_total{code="other"} 1000`,
		`relay_http_requests_total{door="page"} 1000`, `relay_sessions_ended_total{cause="internal",role="viewer"} 1000`,
		`relay_session_connect_seconds_count{role="viewer"} 1000`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("it lacks %s", want)
		}
	}
}

func TestWords(t *testing.T) {
	for cause, want := range map[error]string{
		broadcast.ErrNeverConnected:                       "never-connected",
		fmt.Errorf("so: %w", broadcast.ErrLeft):           "left",
		&broadcast.Error{Code: broadcast.CodeRateLimited}: "rate-limited",
		errors.New("x"):                                   "internal",
		&broadcast.Error{Code: "invented"}:                other,
	} {
		if got := causeWord(cause); got != want {
			t.Errorf("%v is %s, not %s", cause, got, want)
		}
	}
	for pattern, want := range map[string]string{
		"GET /ws/push/{room}": "websocket", "/whip/{room}": "whip", "/whep/{room}/{id}/sse": "whep", "/api": "api",
		"/": "page", "GET /push/{room}": "page", "": other, "GET /healthz": other, "/metrics": other,
	} {
		if got := doorOf(pattern); got != want {
			t.Errorf("%q is %s, not %s", pattern, got, want)
		}
	}
	if viaWord("whip") != "whip" || viaWord("") != other || codeWord("not-found") != "not-found" {
		t.Error("a word is lost")
	}
}
