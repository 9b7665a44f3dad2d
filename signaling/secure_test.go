package signaling

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func withHTTPS(c *Config) { c.HTTPS = true }

// ask sends one request to a Server. Header fields follow as name and value.
func ask(s *Server, method, target, host string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.Host = host
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func TestPresentersAreSentToHTTPS(t *testing.T) {
	s := newTestServer(t, nil, withHTTPS)
	for _, test := range []struct{ target, host, want string }{
		{"/push", "192.168.1.20:8080", "https://192.168.1.20:8080/push"},
		{"/push/math", "192.168.1.20:8080", "https://192.168.1.20:8080/push/math"},
		{"/push/math?codec=av1&x=%2F%20a+b", "box:8080", "https://box:8080/push/math?codec=av1&x=%2F%20a+b"},
		{"/push/%6Dath", "box", "https://box/push/math"},
		{"/push?//evil.example", "box", "https://box/push?//evil.example"},
		{"/push", "[fd00::2]:8080", "https://[fd00::2]:8080/push"},
		{"/push", "[fd00::2]", "https://[fd00::2]/push"},
		{"/push", "relay.local.:8080", "https://relay.local.:8080/push"},
		{"/push", "relay.school.example", "https://relay.school.example/push"},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			response := ask(s, method, test.target, test.host)
			if got := response.Header.Get("Location"); response.StatusCode != http.StatusTemporaryRedirect || got != test.want {
				t.Errorf("%s %s on %s: %d to %q, want %q", method, test.target, test.host, response.StatusCode, got, test.want)
			}
			if got := response.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s: Cache-Control %q", test.target, got)
			}
		}
	}
}

func TestOthersStayAsTheyCame(t *testing.T) {
	s := newTestServer(t, nil, withHTTPS)
	for name, test := range map[string]struct {
		method, target, host string
		header               []string
		status               int
	}{
		"viewer":                    {"GET", "/pull/math", "192.168.1.20:8080", nil, 200},
		"home":                      {"GET", "/", "192.168.1.20:8080", nil, 200},
		"what pages load":           {"GET", "/static/js/push.js", "192.168.1.20:8080", nil, 200},
		"below a room":              {"GET", "/push/a/b", "192.168.1.20:8080", nil, 200},
		"another method":            {"POST", "/push", "192.168.1.20:8080", nil, 200},
		"localhost":                 {"GET", "/push", "localhost:8080", nil, 200},
		"name below localhost":      {"GET", "/push", "relay.Localhost.:8080", nil, 200},
		"127/8":                     {"GET", "/push", "127.3.2.1:8080", nil, 200},
		"::1":                       {"GET", "/push", "[::1]:8080", nil, 200},
		"IPv4 in IPv6":              {"GET", "/push", "[::ffff:127.0.0.1]:8080", nil, 200},
		"IPv6 zone":                 {"GET", "/push", "[fe80::1%25eth0]:8080", nil, 200},
		"silent proxy with HTTPS":   {"GET", "/push", "relay.school.example", []string{"Sec-Fetch-Site", "none"}, 200},
		"another such field":        {"GET", "/push", "relay.school.example", []string{"Sec-Fetch-Storage-Access", "active"}, 200},
		"X-Forwarded-For":           {"GET", "/push", "box", []string{"X-Forwarded-For", "192.0.2.9"}, 200},
		"X-Forwarded-Proto":         {"GET", "/push", "box", []string{"X-Forwarded-Proto", "http"}, 200},
		"X-Forwarded-Host":          {"GET", "/push", "box", []string{"X-Forwarded-Host", "box"}, 200},
		"X-Real-IP":                 {"GET", "/push", "box", []string{"X-Real-IP", "192.0.2.9"}, 200},
		"Forwarded":                 {"GET", "/push", "box", []string{"Forwarded", "for=192.0.2.9"}, 200},
		"Via":                       {"GET", "/push", "box", []string{"Via", "1.1 proxy"}, 200},
		"Via, empty":                {"GET", "/push", "box", []string{"Via", ""}, 200},
		"a stranger's name":         {"GET", "/push", "evil.example", nil, 421},
		"a stranger's, in the path": {"GET", "http://evil.example/push", "evil.example", nil, 421},
		"no room":                   {"GET", "/push/a%2Fb%20c", "box", nil, 200},
		"no room, but a way up":     {"GET", "/push/..%2F%2Fevil.example", "box", nil, 200},
		"no room, but a user":       {"GET", "/push/@evil.example", "box", nil, 200},
	} {
		t.Run(name, func(t *testing.T) {
			response := ask(s, test.method, test.target, test.host, test.header...)
			if response.StatusCode != test.status || response.Header.Get("Location") != "" {
				t.Errorf("got %d to %q", response.StatusCode, response.Header.Get("Location"))
			}
		})
	}
}

func TestWithoutHTTPSNobodyIsSentThere(t *testing.T) {
	if response := ask(newTestServer(t, nil), "GET", "/push", "192.168.1.20:8080"); response.StatusCode != http.StatusOK {
		t.Errorf("got %s", response.Status)
	}
}

// A browser leaves port 80 out of the Host, and would try 443 instead.
func TestPort80IsNamed(t *testing.T) {
	s := newTestServer(t, nil, withHTTPS)
	for _, test := range []struct {
		port       int
		host, want string
	}{
		{80, "box", "https://box:80/push"},
		{80, "box:", "https://box:80/push"},
		{80, "[fd00::2]", "https://[fd00::2]:80/push"},
		{80, "box:8080", "https://box:8080/push"}, // whatever forwards the port
		{8080, "box", "https://box/push"},
	} {
		r := httptest.NewRequest("GET", "/push", nil)
		r.Host = test.host
		local := context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{Port: test.port})
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r.WithContext(local))
		if got := w.Header().Get("Location"); got != test.want {
			t.Errorf("%s on port %d: %q, want %q", test.host, test.port, got, test.want)
		}
	}
}

func FuzzRedirectKeepsTheHost(f *testing.F) {
	for _, target := range []string{"/push", "/push/math?x=1", "//evil.example/push", "/push//evil.example", "/push/%2F%2Fevil.example", "/push/\\evil.example"} {
		f.Add("192.168.1.20:8080", target)
	}
	f.Add("[fd00::2]", "/push")
	f.Add("[fe80::1%@evil.example]", "/push")
	f.Add("box:", "/push?@evil.example")
	f.Add("box", "/push/math?x#%0")
	s := newTestServer(f, nil, withHTTPS)
	f.Fuzz(func(t *testing.T, host, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, &http.Request{Method: "GET", URL: u, Host: host, Header: http.Header{}, Body: http.NoBody})
		location := w.Header().Get("Location")
		if w.Code != http.StatusTemporaryRedirect || !strings.HasPrefix(location, "https://") {
			return
		}
		to, err := url.Parse(location)
		if err != nil || to.Host != host || to.User != nil || !strings.HasPrefix(to.Path, "/push") {
			t.Errorf("%q on %q was sent to %q", target, host, location)
		}
	})
}

// httpsServer serves s over TLS, as its own port does.
func httpsServer(t *testing.T, s *Server) (server *httptest.Server, dialer *websocket.Dialer) {
	t.Helper()
	server = httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	return server, &websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
}

func TestSocketsOverTLS(t *testing.T) {
	server, dialer := httpsServer(t, newTestServer(t, nil, withHTTPS))
	address := "wss" + strings.TrimPrefix(server.URL, "https") + "/ws/push/math"
	for name, test := range map[string]struct {
		origin string
		status int
	}{
		"own page":              {server.URL, 101},
		"own page, plain HTTP":  {"http" + strings.TrimPrefix(server.URL, "https"), 101},
		"own host without port": {"https://127.0.0.1", 403},
		"other page":            {"https://evil.example", 403},
	} {
		t.Run(name, func(t *testing.T) {
			ws, response, err := dialer.Dial(address, http.Header{"Origin": {test.origin}})
			if response == nil || response.StatusCode != test.status {
				t.Fatalf("got %v, %v", response, err)
			}
			if err == nil {
				_ = ws.Close()
			}
		})
	}
}

func TestPagesOverTLSAreNotSentAnywhere(t *testing.T) {
	server, _ := httpsServer(t, newTestServer(t, nil, withHTTPS))
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/push/math", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "192.168.1.20:8080"
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("got %s", response.Status)
	}
}

func TestViewersOrigins(t *testing.T) {
	ca := func(c *Config) { c.CA = &x509.Certificate{} }
	secure := &tls.ConnectionState{}
	for name, test := range map[string]struct {
		host   string
		port   int // of the relay
		tls    *tls.ConnectionState
		change func(*Config)
		mark   string // of a proxy
		want   []string
	}{
		"localhost":                        {"localhost:8080", 8080, nil, ca, "", testOrigins},
		"127.0.0.1":                        {"127.0.0.1:8080", 8080, nil, withHTTPS, "", testOrigins},
		"localhost over TLS":               {"localhost:8080", 8080, secure, ca, "", testOrigins},
		"address":                          {"192.168.1.20:8080", 8080, nil, ca, "", nil},
		"address over TLS":                 {"192.168.1.20:8080", 8080, secure, ca, "", []string{"http://192.168.1.20:8080"}},
		"IPv6 over TLS":                    {"[fd00::2]:8080", 8080, secure, ca, "", []string{"http://[fd00::2]:8080"}},
		"name over TLS":                    {"box.local:8080", 8080, secure, ca, "", []string{"http://box.local:8080"}},
		"HTTPS's port":                     {"box.local", 443, secure, ca, "", []string{"http://box.local:443"}},
		"HTTPS's port of something before": {"box.local", 8080, secure, ca, "", nil},
		"a port of something before":       {"box.local:9000", 8080, secure, ca, "", nil},
		"a proxy before":                   {"box.local:8080", 8080, secure, ca, "X-Forwarded-For", nil},
		"a certificate that is trusted":    {"relay.school.example", 443, secure, withHTTPS, "", nil},
		"nothing known":                    {"localhost", 8080, nil, func(c *Config) { c.Origins = nil }, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestServer(t, nil, test.change)
			local := context.WithValue(t.Context(), http.LocalAddrContextKey, &net.TCPAddr{Port: test.port})
			r := (&http.Request{Host: test.host, TLS: test.tls, Header: http.Header{}}).WithContext(local)
			if test.mark != "" {
				r.Header.Set(test.mark, "x")
			}
			if got := s.viewersOrigins(r); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// schoolCertificate is a given one: for a name, and for all below another.
type schoolCertificate struct{}

func (schoolCertificate) Hosts() []string { return []string{"relay.certified.example"} }
func (schoolCertificate) Covers(host string) bool {
	return host == "relay.certified.example" || strings.HasSuffix(host, ".pattern.example")
}

func TestGivenCertificate(t *testing.T) {
	s := newTestServer(t, nil, withHTTPS, func(c *Config) { c.Given = schoolCertificate{} })
	for _, test := range []struct {
		host, target string
		status       int
	}{
		{"relay.certified.example:8080", "https://relay.certified.example:8080/push", 307},
		{"a.pattern.example", "https://a.pattern.example/push", 307},
		{"192.168.1.20:8080", "https://relay.certified.example:8080/push", 307}, // browsers would warn of the address
		{"box", "https://relay.certified.example/push", 307},
		{"certified.example", "", 421},
		{"pattern.example", "", 421},
	} {
		response := ask(s, "GET", "/push", test.host)
		if got := response.Header.Get("Location"); response.StatusCode != test.status || got != test.target {
			t.Errorf("%s: %d to %q, want %d to %q", test.host, response.StatusCode, got, test.status, test.target)
		}
	}
}
