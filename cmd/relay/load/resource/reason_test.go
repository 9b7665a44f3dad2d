package resource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReasons(t *testing.T) {
	wrap := func(err error) error {
		return fmt.Errorf("create: %w", &url.Error{Op: "Post", URL: "http://h/?key=secret", Err: err})
	}
	for _, tc := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{wrap(context.Canceled), "stopped"},
		{wrap(context.DeadlineExceeded), "timeout"},
		{wrap(&net.DNSError{Name: "secret.example", IsNotFound: true}), "host not found"},
		{wrap(&net.DNSError{Name: "secret.example", IsTimeout: true}), "timeout"},
		{wrap(&net.OpError{Op: "read", Err: errReset}), "connection reset"},
		{wrap(&net.OpError{Op: "dial", Err: errHost}), "host unreachable"},
		{wrap(&net.OpError{Op: "dial", Err: errNet}), "network unreachable"},
		{wrap(&net.OpError{Op: "dial", Err: errPorts}), "no local port left"},
		{wrap(syscall.EMFILE), "too many open files"},
		{wrap(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}), "certificate is for another name"},
		{wrap(x509.CertificateInvalidError{Reason: x509.Expired}), "certificate expired or not valid yet"},
		{wrap(x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}), "certificate not valid"},
		{wrap(errors.New("odd\n\x1b[1mthing")), "odd [1mthing"},
	} {
		if got := Reason(tc.err); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.err, got, tc.want)
		}
	}
}

// TestReasonsOfServers fails in the ways that servers and networks do.
func TestReasonsOfServers(t *testing.T) {
	secure := serve(t, created("/s/1"))
	secure.StartTLS()
	plain := start(t, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	silent := start(t, hang)
	for _, tc := range []struct{ name, url, want string }{
		{"self-signed", secure.URL, "certificate not trusted (self-signed, or of an unknown authority)"},
		{"https to http", strings.Replace(plain.URL, "http:", "https:", 1), "the server does not speak TLS: http instead of https?"},
		{"http to https", strings.Replace(secure.URL, "https:", "http:", 1), "400 Bad Request: Client sent an HTTP request to an HTTPS server."},
		{"nobody listens", "http://" + unused(t), "connection refused"},
		{"closes", plain.URL, "no answer"},
		{"silent", silent.URL, "timeout"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			c := &Client{HTTP: &http.Client{Transport: transport}, Endpoint: parse(t, tc.url)}
			ctx, cancel := context.WithTimeout(t.Context(), patience(tc.want))
			defer cancel()
			if _, err := c.Create(ctx, offer); Reason(err) != tc.want {
				t.Errorf("%q, want %q (%v)", Reason(err), tc.want, err)
			}
		})
	}
}

func TestTrustedCertificate(t *testing.T) {
	s := serve(t, created("/s/1"))
	s.StartTLS()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	c := &Client{HTTP: &http.Client{Transport: transport, Timeout: 5 * time.Second}, Endpoint: parse(t, s.URL)}
	if _, err := c.Create(t.Context(), offer); err != nil {
		t.Error(err)
	}
}

// unused is an address at which nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
