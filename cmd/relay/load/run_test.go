package load

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relay/cmd/relay/load/source"
)

// against runs three viewers against a server that does not do what they want.
func against(t *testing.T, ctx context.Context, handler http.HandlerFunc) (*Report, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	endpoint, err := url.Parse(server.URL + "/whep/main")
	if err != nil {
		t.Fatal(err)
	}
	return Run(ctx, Options{WHEP: endpoint, Source: source.Screen(), Viewers: 3, Probes: 1, JoinRate: 1000, Duration: 50 * time.Millisecond}, nil)
}

func TestFailuresAreToldByReason(t *testing.T) {
	var tries atomic.Int64
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		reason  string
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "out of order", http.StatusInternalServerError)
		}, "500"},
		{"forbidden", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "go away", http.StatusForbidden) }, "403"},
		{"idle, once", func(w http.ResponseWriter, _ *http.Request) {
			if tries.Add(1) <= 3 {
				w.Header().Set("Retry-After", "1")
				http.Error(w, "nobody presents", http.StatusConflict)
				return
			}
			http.NotFound(w, nil)
		}, "404"},
	} {
		report, err := against(t, t.Context(), test.handler)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for reason, n := range report.Viewers.Failed {
			if strings.Contains(reason, test.reason) {
				count += n
			}
		}
		if count != 3 || report.Viewers.Connected != 0 {
			t.Errorf("%s: %+v", test.name, report.Viewers)
		}
	}
}

// A session whose answer is of no use is deleted all the same.
func TestUselessSessionsAreDeleted(t *testing.T) {
	var created, deleted atomic.Int64
	report, err := against(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			deleted.Add(1)
			return
		}
		created.Add(1)
		w.Header().Set("Content-Type", "application/sdp")
		w.Header().Set("Location", "main/1")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n")
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Viewers.Connected != 0 || created.Load() != 3 || deleted.Load() != 3 {
		t.Errorf("%d created, %d deleted: %+v", created.Load(), deleted.Load(), report.Viewers)
	}
}

// Who interrupts waits for the answers of what was asked, not for ever.
func TestInterruptedWhileJoining(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var asked, deleted atomic.Int64
	began := make(chan time.Time, 1)
	report, err := against(t, ctx, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			deleted.Add(1)
			return
		}
		if asked.Add(1) == 3 {
			began <- time.Now()
			interrupt()
		}
		time.Sleep(100 * time.Millisecond)
		w.Header().Set("Content-Type", "application/sdp")
		w.Header().Set("Location", "/session/1")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")
	})
	if !errors.Is(err, ErrInterrupted) || report == nil || report.Seconds != 0 {
		t.Fatalf("%v, %+v", err, report)
	}
	if took := time.Since(<-began); took > 2*time.Second {
		t.Errorf("ended %v after it was interrupted", took)
	}
	if asked.Load() != deleted.Load() {
		t.Errorf("%d sessions were asked for, %d deleted", asked.Load(), deleted.Load())
	}
}

func TestOptionsThatCanNotBe(t *testing.T) {
	here, _ := url.Parse("http://127.0.0.1:1/whep/main")
	there, _ := url.Parse("http://192.0.2.1/whep/main")
	good := Options{WHEP: here, Viewers: 1, Probes: 1, JoinRate: 1, Duration: time.Second, Source: source.Screen()}
	for _, test := range []struct {
		change func(*Options)
		says   string
	}{
		{func(o *Options) { o.WHEP = nil }, "--whep"},
		{func(o *Options) { o.WHEP = there }, "--target-is-mine"},
		{func(o *Options) { o.WHIP = there }, "--target-is-mine"},
		{func(o *Options) { o.WHEP = &url.URL{Scheme: "file", Path: "/etc"} }, "not an http"},
		{func(o *Options) { o.Viewers = 0 }, "--viewers"},
		{func(o *Options) { o.Viewers = maxViewers + 1 }, "--viewers"},
		{func(o *Options) { o.Probes = 0 }, "--probes"},
		{func(o *Options) { o.JoinRate = 0 }, "--join-rate"},
		{func(o *Options) { o.Duration = 0 }, "--duration"},
		{func(o *Options) { o.Duration = maxDuration + 1 }, "--duration"},
		{func(o *Options) { o.Loss = 1 }, "--loss"},
		{func(o *Options) { o.Slow = Slow{Viewers: 2, Rate: 1000} }, "--slow"},
		{func(o *Options) { o.PID = 1 << 30 }, "process"},
		{func(o *Options) { o.WHIP = here; o.Source.FPS = -1 }, ""},
	} {
		o := good
		test.change(&o)
		if _, err := Run(t.Context(), o, nil); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q: %v", test.says, err)
		}
	}
}
