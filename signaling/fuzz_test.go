package signaling

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"relay/broadcast"
)

// FuzzHeaders: nothing in a header field makes the relay panic, and what is asked
// with it has an answer that can be told.
func FuzzHeaders(f *testing.F) {
	for _, seed := range []string{
		"application/sdp", "application/sdp;q=0.0, */*;q=1", "text/html, */*; q=0", `"abc", W/"abc"`, "*", `"*"`, "Bearer abc", "bearer  x y",
		"gzip, identity", "a;b=\"c", ";;;", ",", "Basic dTpw", strings.Repeat("a/b,", 100),
	} {
		f.Add(seed, "application/sdp")
	}
	f.Fuzz(func(t *testing.T, value, other string) {
		r := httptest.NewRequest("PATCH", "/whip/math/x", nil)
		for _, name := range []string{"Accept", "Content-Type", "Content-Encoding", "If-Match", "Authorization"} {
			r.Header[name] = []string{value, other}
		}
		accepts(r, sdpType)
		for _, err := range []error{requireType(r, sdpType), requireType(r, fragmentType)} {
			if err != nil && explain(err).status != http.StatusUnsupportedMediaType {
				t.Errorf("%q: %v", value, err)
			}
		}
		if token := bearerToken(r); token != strings.TrimSpace(token) {
			t.Errorf("the token of %q is %q", value, token)
		}
		tag := newTag()
		if matches(value+","+other, tag) && !isAny(strings.TrimSpace(value+","+other)) && !strings.Contains(value+other, tag) && !strings.Contains(value+other, "*") {
			t.Errorf("%q matches a tag that it can't know", value)
		}
	})
}

// FuzzEvents: a list of events is refused in words, or has only those that there are.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{"", `["active"]`, `["active","x"]`, `[1]`, `{}`, `[[["`, `null`, `[null]`, `["active","active","inactive"]`, "[" + strings.Repeat(`"active",`, 20_000) + `"active"]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/whep/math/x/sse", strings.NewReader(body))
		r.Header.Set("Content-Type", jsonType)
		events, err := readEvents(r)
		if err != nil {
			if explain(err).Code == broadcast.CodeInternal {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		for _, event := range events {
			if !slices.Contains(eventNames, event) {
				t.Errorf("%q: there is no event %q", body, event)
			}
		}
		if len(events) > len(eventNames) {
			t.Errorf("%q: %d events", body, len(events))
		}
	})
}
