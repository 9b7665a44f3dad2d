package resource

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects bounds how often one request is sent on.
const maxRedirects = 5

// send makes a request and follows redirects that keep method and body (307 and
// 308, RFC 9725, section 4.5). Any other response is the caller's to judge.
func (c *Client) send(ctx context.Context, method string, to *url.URL, body string) (*http.Response, error) {
	for range maxRedirects + 1 {
		if err := c.allowed(to); err != nil {
			return nil, err
		}
		resp, err := c.once(ctx, method, to, body)
		if err != nil {
			return nil, err
		}
		if !redirected(resp) {
			return resp, nil
		}
		resp.Body.Close()
		if to, err = target(resp); err != nil {
			return nil, broken(fmt.Sprintf("%d without an http address in its Location", resp.StatusCode))
		}
	}
	return nil, broken(fmt.Sprintf("redirected more than %d times", maxRedirects))
}

// once makes one request.
func (c *Client) once(ctx context.Context, method string, to *url.URL, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, to.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/sdp")
	}
	req.Header.Set("User-Agent", "relay-load")
	if c.Token != "" && sameOrigin(to, c.Endpoint) {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return c.http().Do(req)
}

// http is the caller's client, but for redirects: net/http would hand the token
// to another port of the same host, and turn a POST into a GET.
func (c *Client) http() *http.Client {
	var h http.Client
	if c.HTTP != nil {
		h = *c.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}

// allowed asks whether an address that the server may have named can be used.
// The endpoint's own origin is the caller's choice already.
func (c *Client) allowed(to *url.URL) error {
	if c.Allow == nil || sameOrigin(to, c.Endpoint) {
		return nil
	}
	return c.Allow(to)
}

func redirected(resp *http.Response) bool {
	return resp.StatusCode == http.StatusTemporaryRedirect || resp.StatusCode == http.StatusPermanentRedirect
}

// sameOrigin compares scheme, host and port (RFC 6454, section 5).
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
