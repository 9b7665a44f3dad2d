package signaling

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"relay/broadcast"
)

// requireHTTPS sends presenters who came over plain HTTP to HTTPS: there alone a
// browser lets a page capture (Secure Contexts section 3.1). 307 and no-store,
// since HTTPS may be switched off again.
func (s *Server) requireHTTPS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		room := r.PathValue("room")
		noRoom := room != "" && !broadcast.ValidRoom(room)
		if !s.config.HTTPS || noRoom || isSecure(r) || isProxied(r) || hasNoHost(r) || strings.Contains(r.Host, "%") {
			next.ServeHTTP(w, r) // a % is an IPv6 zone's, which no browser can have sent
			return
		}
		target := url.URL{
			Scheme: "https", Host: s.certifiedHost(onSamePort(r)), Path: r.URL.Path,
			RawQuery: strings.ReplaceAll(r.URL.RawQuery, "#", "%23"), // no browser sends one
		}
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, target.String(), http.StatusTemporaryRedirect)
	})
}

// isSecure is true where r's browser has a secure context already. Fetch Metadata
// (section 2) is sent to such addresses only: with it, a proxy speaks HTTPS for
// us, even one that does not say so.
func isSecure(r *http.Request) bool {
	if r.TLS != nil || isLoopbackName(r.Host) {
		return true
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "Sec-Fetch-") {
			return true
		}
	}
	return false
}

// proxyMarks are the header fields that a proxy adds, in their canonical form.
var proxyMarks = []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"}

// isProxied is true when a proxy is in between. It may turn HTTPS into HTTP, so
// that a redirect would come back for ever, and it may not reach our HTTPS at all:
// it is the one to redirect.
func isProxied(r *http.Request) bool {
	for _, name := range proxyMarks {
		if _, present := r.Header[name]; present {
			return true
		}
	}
	return false
}

// onSamePort is r's Host. Browsers leave HTTP's port 80 out, which is not the one
// that they add for HTTPS: on a relay that listens on it, it has to be named.
func onSamePort(r *http.Request) string {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if ok && local.Port == 80 {
		return withPort(r.Host, "80")
	}
	return r.Host
}

// certifiedHost is hostport or, if the given certificate is not for that, the
// name it is for on the same port: browsers would warn, and nothing could be done.
func (s *Server) certifiedHost(hostport string) string {
	host, port, _ := splitHost(hostport)
	given := s.config.Given
	if given == nil || given.Covers(host) || len(given.Hosts()) == 0 {
		return hostport
	}
	if port == "" {
		return given.Hosts()[0]
	}
	return given.Hosts()[0] + ":" + port
}

// viewersOrigins are those that r's presenter is to give to viewers. A page that
// was opened on its own machine does not know them; one that came under the
// relay's own CA knows its own, but viewers need no certificate.
func (s *Server) viewersOrigins(r *http.Request) []string {
	switch {
	case isLoopbackName(r.Host):
		return s.config.Origins()
	case r.TLS != nil && s.config.CA != nil && !isProxied(r) && onOwnPort(r):
		return []string{"http://" + withPort(r.Host, "443")}
	}
	return nil
}

// onOwnPort is false where something in between listens on the port that r's
// browser knows: a proxy that speaks HTTPS speaks no plain HTTP there.
func onOwnPort(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	_, port, _ := splitHost(withPort(r.Host, "443"))
	return ok && port == strconv.Itoa(local.Port)
}
