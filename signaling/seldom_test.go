package signaling

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestSeldom(t *testing.T) {
	var s seldom
	start := time.Unix(0, 0)
	warnings := func(from, to time.Duration) (n int) {
		for at := from; at < to; at += 100 * time.Millisecond {
			if s.level(start.Add(at)) == slog.LevelWarn {
				n++
			}
		}
		return n
	}
	if got := warnings(0, time.Minute); got < warnBurst+5 || got > warnBurst+6 {
		t.Errorf("%d warnings in the first minute", got)
	}
	if got := warnings(time.Minute, 2*time.Minute); got < 5 || got > 7 {
		t.Errorf("%d warnings in the second minute", got)
	}
	if got := warnings(time.Hour, time.Hour+time.Second); got != 10 {
		t.Errorf("%d warnings of 10 after an hour", got)
	}
}

// What strangers send is in the log, and does not fill it.
func TestStrangersDoNotFillTheLog(t *testing.T) {
	var log bytes.Buffer
	s := newTestServer(t, newHouse(t).relay, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 1000 {
		for _, target := range []string{"http://evil.example/pull", "http://192.0.2.7/api/rooms/math"} {
			r := httptest.NewRequest("GET", target, nil)
			r.Header.Set("Origin", "https://evil.example")
			s.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	for _, what := range []string{"host refused", "origin refused"} {
		if got := strings.Count(log.String(), what); got == 0 || got > warnBurst+1 {
			t.Errorf("%q is in the log %d times", what, got)
		}
	}
}
