package resource

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	// maxProblem is how much of a refusal's body is read, in bytes.
	maxProblem = 8 << 10
	// maxText is how much of a server's text is shown, in characters.
	maxText = 160
	// maxRetryAfter is the longest wait that is believed.
	maxRetryAfter = time.Hour
)

// Refused is a response that did not do what was asked.
type Refused struct {
	// Status is the HTTP status.
	Status int
	// Title and Detail say why (RFC 9457, section 3.1), empty if the server
	// did not. A body of plain text is a Detail. Neither holds line breaks or
	// control characters.
	Title, Detail string
	// RetryAfter is how long the server asks to wait (RFC 9110, section
	// 10.2.3), at most an hour; zero if it did not say.
	RetryAfter time.Duration
}

// Error is the status and all that the server said.
func (r *Refused) Error() string {
	parts := []string{r.status()}
	if title := r.title(); title != "" {
		parts = append(parts, title)
	}
	if r.Detail != "" {
		parts = append(parts, r.Detail)
	}
	text := strings.Join(parts, ": ")
	if r.RetryAfter > 0 {
		text += fmt.Sprintf(" (retry after %v)", r.RetryAfter)
	}
	return text
}

// status is the code and its name.
func (r *Refused) status() string {
	return strings.TrimSpace(strconv.Itoa(r.Status) + " " + http.StatusText(r.Status))
}

// title is the title, unless it only repeats the status.
func (r *Refused) title() string {
	if strings.EqualFold(r.Title, http.StatusText(r.Status)) {
		return ""
	}
	return r.Title
}

// reason is the status and the title, which is the same each time; the detail
// may differ, and is taken only if there is no title.
func (r *Refused) reason() string {
	text := r.status()
	if said := firstOf(r.title(), r.Detail); said != "" {
		return text + ": " + said
	}
	switch {
	case r.Status/100 == 2:
		return text + ": 201 Created was expected"
	case r.Status/100 == 3:
		return text + ": only 307 and 308 keep a POST"
	}
	return text
}

// refusal reads what a response that is no success says.
func refusal(resp *http.Response) *Refused {
	r := &Refused{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), sent(resp))}
	// What could be read before an error is still worth telling.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.StatusCode/100 == 2: // the body is an answer, not a reason
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		r.Title, r.Detail = problem(body)
	case kind == "text/plain" || kind == "":
		r.Detail = clean(string(body))
	}
	return r
}

// problem reads problem details (RFC 9457), or the one string that other JSON
// errors of servers have in common.
func problem(body []byte) (title, detail string) {
	var p map[string]any
	if json.Unmarshal(body, &p) != nil {
		return "", ""
	}
	text := func(name string) string {
		s, _ := p[name].(string)
		return clean(s)
	}
	return text("title"), firstOf(text("detail"), text("error"), text("message"))
}

// sent is when a response was sent by the server's own clock, which a date in
// Retry-After refers to; ours if it did not say.
func sent(resp *http.Response) time.Time {
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		return at
	}
	return time.Now()
}

// retryAfter reads a Retry-After: seconds or a date. What is neither, or past,
// is zero.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 32)
		if err != nil { // too great for 32 bits
			return maxRetryAfter
		}
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now), maxRetryAfter))
}

// clean makes one short line of a server's text, fit for a terminal.
func clean(text string) string {
	line := strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsGraphic(r) || r == unicode.ReplacementChar
	}), " ")
	if runes := []rune(line); len(runes) > maxText {
		return string(runes[:maxText-1]) + "…"
	}
	return line
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
