package signaling

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// localDomains are the domains that no stranger can own: RFC 6761, RFC 6762,
// RFC 8375, ICANN's reservation of internal, and lan, which was never delegated.
var localDomains = []string{".localhost", ".local", ".lan", ".internal", ".home.arpa"}

// strangers keeps websites out: a page of another origin may not speak to the
// relay, and a name that a stranger owns may not point to it (DNS rebinding: a
// website would watch a classroom through a visitor's browser).
type strangers struct {
	origins map[origin]bool
	hosts   map[string]bool // in lower case, without the trailing dot
	// certified is true for the names of a certificate that was given to the relay.
	certified func(name string) bool
}

func newStrangers(allowOrigin, allowHost []string, machine string) (*strangers, error) {
	s := &strangers{origins: map[origin]bool{}, hosts: map[string]bool{}, certified: func(string) bool { return false }}
	for _, text := range allowOrigin {
		o, ok := parseOrigin(strings.TrimSuffix(text, "/"))
		if !ok {
			return nil, fmt.Errorf("--allow-origin %q: that is not an origin such as https://school.example", text)
		}
		s.origins[o] = true
	}
	for _, text := range allowHost {
		name, ok := domainName(text)
		if !ok {
			return nil, fmt.Errorf("--allow-host %q: that is not a host name such as relay.school.example", text)
		}
		s.hosts[name] = true
	}
	if name, ok := domainName(machine); ok {
		s.hosts[name] = true
	}
	return s, nil
}

// CheckNames finds what New would refuse in the Config's AllowOrigin and
// AllowHost, before anything is opened.
func CheckNames(allowOrigin, allowHost []string) error {
	_, err := newStrangers(allowOrigin, allowHost, "")
	return err
}

// allowsHost judges a request's Host.
func (s *strangers) allowsHost(hostport string) bool {
	host, _, ok := splitHost(hostport)
	if !ok {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	name, ok := domainName(host)
	return ok && (s.hosts[name] || isLocal(name, strings.HasSuffix(host, ".")) || s.certified(name))
}

// hasNoHost is true for a request that names no host, as HTTP/1.0 lets it (RFC 9112
// section 3.2): no browser sends such, and so none has been led here by a name.
func hasNoHost(r *http.Request) bool { return r.Host == "" && !r.ProtoAtLeast(1, 1) }

// isLocal is true for a name that no stranger can own. A single label is looked
// up in this network's own search list; with a trailing dot (rooted) it is a
// top-level domain, and those have owners.
func isLocal(name string, rooted bool) bool {
	if !strings.Contains(name, ".") {
		return !rooted || name == "localhost"
	}
	for _, domain := range localDomains {
		if strings.HasSuffix(name, domain) {
			return true
		}
	}
	return false
}

// allowsOrigin judges a request that carries an Origin: our own pages' is the
// Host they were loaded from.
func (s *strangers) allowsOrigin(r *http.Request) bool {
	values, present := r.Header["Origin"]
	if !present {
		return true // no browser: those always name the origin of a WebSocket
	}
	if len(values) != 1 {
		return false
	}
	o, ok := parseOrigin(values[0])
	return ok && (s.origins[o] || o == o.onHost(r.Host))
}

// origin is a web origin (RFC 6454) with its port filled in.
type origin struct {
	scheme, host, port string
}

// parseOrigin reads an Origin header. "null" is none, nor is anything but http(s).
func parseOrigin(text string) (origin, bool) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Path != "" || strings.ContainsAny(text, "?#") {
		return origin{}, false
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return origin{}, false
	}
	return origin{scheme: u.Scheme}.at(u.Host)
}

// onHost is what o were if it had been loaded from hostport. The scheme is o's:
// a proxy may speak HTTPS for us.
func (o origin) onHost(hostport string) origin {
	own, _ := origin{scheme: o.scheme}.at(hostport)
	return own
}

func (o origin) at(hostport string) (origin, bool) {
	host, port, ok := splitHost(hostport)
	if !ok {
		return origin{}, false
	}
	if _, err := netip.ParseAddr(host); err != nil {
		if _, ok := domainName(host); !ok {
			return origin{}, false
		}
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[o.scheme]
	}
	return origin{o.scheme, strings.ToLower(host), port}, true
}

// splitHost splits host[:port]; an IPv6 address stands in brackets (RFC 3986
// section 3.2.2).
func splitHost(hostport string) (host, port string, ok bool) {
	host = hostport
	if i := strings.LastIndexByte(hostport, ':'); i >= 0 && !strings.HasSuffix(hostport, "]") {
		var err error
		host, port, err = net.SplitHostPort(hostport)
		if err != nil || !isPort(port) {
			return "", "", false
		}
		hostport = hostport[:i]
	}
	if strings.HasPrefix(hostport, "[") {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
		ip, err := netip.ParseAddr(host)
		return host, port, err == nil && ip.Is6() && strings.HasSuffix(hostport, "]")
	}
	return host, port, host != "" && !strings.Contains(host, ":")
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil
}

// isLoopbackName is true for the names of the browser's own machine.
func isLoopbackName(hostport string) bool {
	host, _, ok := splitHost(hostport)
	if !ok {
		return false
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	name, ok := domainName(host)
	return ok && (name == "localhost" || strings.HasSuffix(name, ".localhost"))
}

// withPort adds a port where none is named.
func withPort(hostport, port string) string {
	if _, named, _ := splitHost(hostport); named != "" {
		return hostport
	}
	return strings.TrimSuffix(hostport, ":") + ":" + port
}

// domainName is text in lower case and without the trailing dot, if it is a
// host name (RFC 1123 section 2.1, and the underscore that Windows names have).
func domainName(text string) (string, bool) {
	name := strings.ToLower(strings.TrimSuffix(text, "."))
	if len(name) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", false
		}
	}
	return name, true
}
