package resource

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestRefused(t *testing.T) {
	const problemJSON = "application/problem+json; charset=utf-8"
	for _, tc := range []struct {
		name, kind, body, retry string
		status                  int
		want                    Refused
		reason, text            string
	}{
		{"problem", problemJSON, `{"title":"nobody presents","detail":"wait for room 7","status":409}`, "2", 409,
			Refused{409, "nobody presents", "wait for room 7", 2 * time.Second},
			"409 Conflict: nobody presents", "409 Conflict: nobody presents: wait for room 7 (retry after 2s)"},
		{"problem that repeats the status", problemJSON, `{"title":"Conflict","detail":"nobody presents"}`, "", 409,
			Refused{409, "Conflict", "nobody presents", 0},
			"409 Conflict: nobody presents", "409 Conflict: nobody presents"},
		{"a date", "text/plain", "full\r\n", "Fri, 20 Nov 2026 12:00:30 GMT", 503,
			Refused{503, "", "full", 30 * time.Second},
			"503 Service Unavailable: full", "503 Service Unavailable: full (retry after 30s)"},
		{"other JSON", "application/json", `{"error":"path is already in use"}`, "", 400,
			Refused{400, "", "path is already in use", 0},
			"400 Bad Request: path is already in use", "400 Bad Request: path is already in use"},
		{"no JSON", "application/problem+json", `{"title":`, "", 500,
			Refused{500, "", "", 0}, "500 Internal Server Error", "500 Internal Server Error"},
		{"JSON of other shapes", "application/json", `{"title":7,"detail":{"a":1},"error":["x"]}`, "", 400,
			Refused{400, "", "", 0}, "400 Bad Request", "400 Bad Request"},
		{"a page", "text/html", "<h1>no</h1>", "", 404,
			Refused{404, "", "", 0}, "404 Not Found", "404 Not Found"},
		{"text that would move the cursor", "text/plain", "a\x1b[2Jb\n\n\u202ec\x00 ", "", 403,
			Refused{403, "", "a [2Jb c", 0}, "403 Forbidden: a [2Jb c", "403 Forbidden: a [2Jb c"},
		{"an old server's success", "application/sdp", sdp, "", 200,
			Refused{200, "", "", 0}, "200 OK: 201 Created was expected", "200 OK"},
		{"a status without a name", "", "", "", 599, Refused{599, "", "", 0}, "599", "599"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, func(w http.ResponseWriter, r *http.Request) {
				h := w.Header()
				h.Set("Content-Type", tc.kind)
				h.Set("Date", "Fri, 20 Nov 2026 12:00:00 GMT")
				h.Set("Retry-After", tc.retry)
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			})
			_, err := s.client(t, "/").Create(t.Context(), offer)
			var got *Refused
			if !errors.As(err, &got) || *got != tc.want {
				t.Fatalf("%+v, want %+v", got, tc.want)
			}
			if Reason(err) != tc.reason || err.Error() != tc.text {
				t.Errorf("reason %q, text %q", Reason(err), err)
			}
		})
	}
}

func TestHugeRefusalIsShort(t *testing.T) {
	s := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(500)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("ü", 1000)); err != nil {
				return
			}
		}
	})
	_, err := s.client(t, "/").Create(t.Context(), offer)
	if n := len([]rune(Reason(err))); n != maxText+len("500 Internal Server Error: ") {
		t.Errorf("%d characters: %q", n, Reason(err))
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, " 120 ": 2 * time.Minute,
		"3600": time.Hour, "3601": time.Hour, "99999999999999999999999": time.Hour,
		"-1": 0, "+5": 0, "1.5": 0, "soon": 0,
		"Fri, 20 Nov 2026 12:00:05 GMT":  5 * time.Second,
		"Fri, 20 Nov 2026 11:00:00 GMT":  0,
		"Sat, 20 Nov 2027 12:00:00 GMT":  time.Hour,
		"Friday, 20-Nov-26 12:00:07 GMT": 7 * time.Second,
		"Fri Nov 20 12:00:09 2026":       9 * time.Second,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "5", "99999999999", "Fri, 20 Nov 2026 12:00:05 GMT", "-1"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if got := retryAfter(value, time.Unix(1e9, 0)); got < 0 || got > maxRetryAfter {
			t.Errorf("%q: %v", value, got)
		}
	})
}

func FuzzProblem(f *testing.F) {
	for _, body := range []string{`{"title":"a","detail":"b"}`, `{"error":"\u001b[2J"}`, `[]`, `null`, `{"title":null}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		title, detail := problem([]byte(body))
		for _, text := range []string{title, detail, clean(body)} {
			if strings.ContainsFunc(text, unicode.IsControl) || len([]rune(text)) > maxText {
				t.Errorf("%q is told as %q", body, text)
			}
		}
	})
}
