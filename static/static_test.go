package static

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

// ask sends one request to the handler.
func ask(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

// body reads all of a response.
func body(t *testing.T, response *http.Response) string {
	t.Helper()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestPages(t *testing.T) {
	long := strings.Repeat("x", 64)
	for target, want := range map[string]struct {
		status int
		script string
	}{
		"/":                   {200, "home-page.js"},
		"/push":               {200, "push-page.js"},
		"/push/math":          {200, "push-page.js"},
		"/push/" + long:       {200, "push-page.js"},
		"/pull":               {200, "pull-page.js"},
		"/pull/A-b_9":         {200, "pull-page.js"},
		"/embed":              {200, "pull-page.js"},
		"/embed/math":         {200, "pull-page.js"},
		"/embed/a%20b":        {404, "missing-page.js"},
		"/trust":              {200, "trust-page.js"},
		"/trust/ca.json":      {404, "missing-page.js"},
		"/push/" + long + "x": {404, "missing-page.js"},
		"/push/a%20b":         {404, "missing-page.js"},
		"/pull/a%2Fb":         {404, "missing-page.js"},
		"/pull/%C3%A4":        {404, "missing-page.js"},
		"/pull/a/b":           {404, "missing-page.js"},
		"/elsewhere":          {404, "missing-page.js"},
		"/static/":            {404, "missing-page.js"},
		"/static/pull.html":   {404, "missing-page.js"},
	} {
		response := ask(t, "GET", target)
		content := body(t, response)
		if response.StatusCode != want.status || !strings.Contains(content, want.script) {
			t.Errorf("GET %s: %d, want %d with %s", target, response.StatusCode, want.status, want.script)
		}
		if got := response.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
			t.Errorf("GET %s: Content-Type %q", target, got)
		}
	}
}

func TestTrailingSlash(t *testing.T) {
	for target, want := range map[string]string{
		"/push/":                  "/push",
		"/push/?codec=av1":        "/push?codec=av1",
		"/pull/math/":             "/pull/math",
		"/embed/math/":            "/embed/math",
		"/trust/":                 "/trust",
		"/pull/math/?codec=av1&x": "/pull/math?codec=av1&x",
	} {
		response := ask(t, "GET", target)
		if got := response.Header.Get("Location"); response.StatusCode != http.StatusMovedPermanently || got != want {
			t.Errorf("GET %s: %d to %q, want %q", target, response.StatusCode, got, want)
		}
	}
}

func TestMethods(t *testing.T) {
	for _, target := range []string{"/", "/push", "/pull/math", "/static/js/link.js", "/elsewhere"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
			response := ask(t, method, target)
			if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, target, response.StatusCode, response.Header.Get("Allow"))
			}
		}
		get, head := ask(t, "GET", target), ask(t, "HEAD", target)
		if head.StatusCode != get.StatusCode || body(t, head) != "" {
			t.Errorf("HEAD %s: %d with a body or unlike GET", target, head.StatusCode)
		}
		if head.Header.Get("Content-Length") != get.Header.Get("Content-Length") {
			t.Errorf("HEAD %s: Content-Length differs from GET", target)
		}
	}
}

func TestRevalidation(t *testing.T) {
	for _, target := range []string{"/", "/push", "/static/js/link.js"} {
		first := ask(t, "GET", target)
		etag := first.Header.Get("ETag")
		if !strings.HasPrefix(etag, `"`) || first.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("GET %s: ETag %s, Cache-Control %q", target, etag, first.Header.Get("Cache-Control"))
		}
		again := ask(t, "GET", target, "If-None-Match", `"other", `+etag)
		if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
			t.Errorf("GET %s with its ETag: %d", target, again.StatusCode)
		}
		if changed := ask(t, "GET", target, "If-None-Match", `"other"`); changed.StatusCode != http.StatusOK {
			t.Errorf("GET %s with another ETag: %d", target, changed.StatusCode)
		}
	}
}

func TestHeadersOnEveryResponse(t *testing.T) {
	for _, target := range []string{"/", "/push/math", "/static/js/link.js", "/elsewhere"} {
		response := ask(t, "GET", target)
		for name, part := range map[string]string{
			"Content-Security-Policy":      "frame-ancestors 'self'",
			"Permissions-Policy":           "display-capture=(self)",
			"Referrer-Policy":              "same-origin",
			"X-Content-Type-Options":       "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if !strings.Contains(response.Header.Get(name), part) {
				t.Errorf("GET %s: %s is %q", target, name, response.Header.Get(name))
			}
		}
	}
}

// Browsers complain of Cross-Origin-Opener-Policy where they do not heed it.
func TestOpenersAreLockedOutWhereBrowsersHeedIt(t *testing.T) {
	if got := ask(t, "GET", "/push").Header.Get("Cross-Origin-Opener-Policy"); got != "" {
		t.Errorf("over plain HTTP: %q", got)
	}
	if got := ask(t, "GET", "/push", "Sec-Fetch-Mode", "navigate").Header.Get("Cross-Origin-Opener-Policy"); got != "same-origin" {
		t.Errorf("in a secure context: %q", got)
	}
}

// Other sites get the player, as a page to frame and as a script to run, and
// nothing else.
func TestWhatOtherSitesGet(t *testing.T) {
	for target, want := range map[string]struct{ framedBy, readBy, loadedBy string }{
		"/embed":                     {"*", "", "cross-origin"},
		"/embed/math":                {"*", "", "cross-origin"},
		"/embed/a%20b":               {"*", "", "cross-origin"},
		"/pull/math":                 {"'self'", "", "same-origin"},
		"/push":                      {"'self'", "", "same-origin"},
		"/static/js/relay-player.js": {"'self'", "*", "cross-origin"},
		"/static/js/pull-page.js":    {"'self'", "", "same-origin"},
	} {
		h := ask(t, "GET", target, "Origin", "https://school.example").Header
		_, framedBy, _ := strings.Cut(h.Get("Content-Security-Policy"), "frame-ancestors ")
		readBy, loadedBy := h.Get("Access-Control-Allow-Origin"), h.Get("Cross-Origin-Resource-Policy")
		if framedBy != want.framedBy || readBy != want.readBy || loadedBy != want.loadedBy {
			t.Errorf("GET %s: framed by %q, read by %q, loaded by %q; want %+v", target, framedBy, readBy, loadedBy, want)
		}
	}
}

// Pages of other origins load the element as one file: whatever it imported
// could not be read there.
func TestElementIsOneFile(t *testing.T) {
	content := string(load()[elementFile].content)
	if regexp.MustCompile(`(?m)^(import|export .* from)\b`).MatchString(content) || strings.Contains(content, "import(") {
		t.Error("it imports something")
	}
	if strings.Contains(content, "innerHTML") {
		t.Error("it makes HTML of strings")
	}
}

// A browser that was told to insist on HTTPS would do so for every port of the
// machine, and long after the relay's certificate is gone.
func TestNoResponseInsistsOnHTTPS(t *testing.T) {
	targets := []string{"/", "/push", "/push/math", "/pull", "/pull/math", "/trust", "/push/", "/static/js/link.js", "/elsewhere"}
	for _, target := range targets {
		if _, present := ask(t, "GET", target).Header["Strict-Transport-Security"]; present {
			t.Errorf("GET %s does", target)
		}
	}
}

// What a page or a module names has to be there, with the right type, and from
// here: nothing is loaded from elsewhere.
func TestEverythingNamedIsServed(t *testing.T) {
	attribute := regexp.MustCompile(`(?:src|href)="([^"]+)"`)
	imported := regexp.MustCompile(`(?m)^(?:import|export) .*from '(\./[^']+)'`)
	for name, a := range load() {
		var targets []string
		switch path.Ext(name) {
		case ".html":
			for _, match := range attribute.FindAllStringSubmatch(string(a.content), -1) {
				targets = append(targets, match[1])
			}
		case ".css":
			if strings.Contains(string(a.content), "url(") || strings.Contains(string(a.content), "@import") {
				t.Errorf("%s loads something", name)
			}
		case ".js":
			for _, match := range imported.FindAllStringSubmatch(string(a.content), -1) {
				targets = append(targets, path.Join("/static/js", match[1]))
			}
		}
		for _, target := range targets {
			if strings.HasPrefix(target, "/trust/") {
				continue // signaling serves the certificate
			}
			response := ask(t, "GET", target)
			if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != contentTypes[typeOf(target)] {
				t.Errorf("%s names %s: %d, %q", name, target, response.StatusCode, response.Header.Get("Content-Type"))
			}
		}
	}
}

// typeOf is the extension that says what a target is; pages have none.
func typeOf(target string) string {
	if ext := path.Ext(target); ext != "" {
		return ext
	}
	return ".html"
}

func TestTestsAreNotEmbedded(t *testing.T) {
	for name, a := range load() {
		if strings.Contains(name, "test") || a.contentType == "" {
			t.Errorf("%s is embedded", name)
		}
	}
}
