// Package resource speaks WHIP (RFC 9725) and WHEP to any server: it creates
// one session by a POST of an offer, and ends it by a DELETE.
//
// It holds to what the standard asks of a client and is forgiving where servers
// differ: any path, relative and absolute Locations, redirects, no ETag. What a
// server refuses is a *Refused, and Reason says any failure in a few words.
package resource

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxAnswer bounds an answer, in bytes: ten times the longest that a browser makes
// for one video and one audio.
const maxAnswer = 256 << 10

// Client speaks to one WHIP or WHEP endpoint. It may be used by many goroutines
// at once, as long as its fields stay as they are.
type Client struct {
	// HTTP sends the requests; http.DefaultClient if nil. Its CheckRedirect is
	// not used: the client follows redirects itself.
	HTTP *http.Client
	// Endpoint is where offers are sent.
	Endpoint *url.URL
	// Token is the bearer token (RFC 9725, section 4.7); none if empty. Only
	// the endpoint's own origin gets it, whatever the server redirects to.
	Token string
	// Allow, if not nil, is asked before a request goes to an address that the
	// server named, by a redirect or a Location. Its error is the request's.
	Allow func(*url.URL) error
}

// Resource is a session that a server has created.
type Resource struct {
	// URL is the session's own address: the Location, resolved against the
	// address that answered (RFC 3986, section 5).
	URL *url.URL
	// ETag is the ETag header as it came, empty if there was none.
	ETag string
	// Answer is the SDP answer.
	Answer string
	// ICEServers are those that the server recommends by Link headers
	// (RFC 9725, section 4.6).
	ICEServers []ICEServer

	client *Client
}

// broken is a response that breaks the standard, as a sentence.
type broken string

func (b broken) Error() string { return string(b) }

// Create sends an SDP offer and returns the session that the server created.
// A response other than 201 is a *Refused. A session that was created and cannot
// be used, because its answer is too long or none, comes with the error: it is the
// caller's to end.
func (c *Client) Create(ctx context.Context, offer string) (*Resource, error) {
	resp, err := c.send(ctx, http.MethodPost, c.Endpoint, offer)
	if err != nil {
		return nil, fmt.Errorf("create: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return nil, refusal(resp)
	}
	at, err := location(resp)
	if err != nil {
		return nil, fmt.Errorf("create: %w", err)
	}
	r := &Resource{URL: at, ETag: resp.Header.Get("ETag"), ICEServers: iceServers(resp.Header["Link"]), client: c}
	if r.Answer, err = answer(resp.Body); err != nil {
		return r, fmt.Errorf("create: %w", err)
	}
	return r, nil
}

// Delete ends the session. It is no error if it has ended already (404, 410).
// Any other response than a 2xx is a *Refused.
func (r *Resource) Delete(ctx context.Context) error {
	resp, err := r.client.send(ctx, http.MethodDelete, r.URL, "")
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	defer resp.Body.Close()
	switch code := resp.StatusCode; {
	case code/100 == 2, code == http.StatusNotFound, code == http.StatusGone:
		// Read what little there is: the connection can then be used again.
		_, _ = io.CopyN(io.Discard, resp.Body, maxProblem)
		return nil
	}
	return refusal(resp)
}

// answer reads an SDP answer.
func answer(body io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read the answer: %w", err)
	case len(text) > maxAnswer:
		return "", broken("201 with an answer longer than 256 kB")
	case !strings.HasPrefix(string(text), "v=0"):
		return "", broken("201 with an answer that is no SDP")
	}
	return string(text), nil
}

// location is the address of the session that a 201 tells of.
func location(resp *http.Response) (*url.URL, error) {
	at, err := target(resp)
	switch {
	case errors.Is(err, http.ErrNoLocation):
		return nil, broken("201 without a Location: there is no address to end the session at")
	case err != nil:
		return nil, broken("201 with a Location that is no http address")
	}
	return at, nil
}

// target is the Location of a response, resolved against the address that the
// response came from. It lacks the fragment, which is none of the server's.
func target(resp *http.Response) (*url.URL, error) {
	at, err := resp.Location()
	if err != nil {
		return nil, err
	}
	if at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return nil, errors.New("the Location is no http address")
	}
	at.Fragment, at.RawFragment = "", ""
	return at, nil
}
