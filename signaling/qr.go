package signaling

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"relay/broadcast"
	"relay/signaling/qrcode"
)

const (
	// maxQR is more than any viewers' address is long; a code of more is too fine for
	// most cameras.
	maxQR = 1024
	// maxSecretQR has room for an address as a form's value.
	maxSecretQR = 3*maxQR + 16
	// drawRate codes a second, after a rush of drawBurst, are drawn at most: one takes
	// the time of hundreds of other requests, and anybody may ask for it.
	drawRate, drawBurst = 20, 100
)

// drawings is how many codes may be drawn now.
type drawings struct {
	mu     sync.Mutex
	left   float64   // guarded by mu
	filled time.Time // zero: all are left; guarded by mu
}

// allow takes one, if there is one.
func (d *drawings) allow(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.filled.IsZero() {
		d.left = drawBurst
	} else {
		d.left = min(drawBurst, d.left+drawRate*now.Sub(d.filled).Seconds())
	}
	d.filled = now
	if d.left < 1 {
		return false
	}
	d.left--
	return true
}

var errTooManyDrawings = &broadcast.Error{
	Code: broadcast.CodeRateLimited, Sentence: "Too many QR codes are asked for at once. Try again in a moment.", RetryAfter: 2 * time.Second,
}

// draw is the code of an address.
func (s *Server) draw(address string) ([]byte, error) {
	if !s.drawings.allow(time.Now()) {
		return nil, errTooManyDrawings
	}
	return qrcode.SVG(address)
}

var errNoViewersURL = refuse(broadcast.CodeBadRequest,
	"This makes the QR code of one viewers' address: /qr.svg?url=http://192.168.1.20:8080/pull/math")

// serveQR draws the address of a viewers' page. It draws no other, so that
// nobody can pass off an address as the relay's word.
func (s *Server) serveQR(w http.ResponseWriter, r *http.Request) {
	addresses := r.URL.Query()["url"]
	if len(addresses) != 1 || !s.isViewersURL(addresses[0]) {
		writeProblem(w, errNoViewersURL)
		return
	}
	svg, err := s.draw(addresses[0])
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	document{"image/svg+xml", svg}.send(w)
}

// serveSecretQR draws an address that has a token or a key in its fragment. It comes
// in the body, as a form's url or as text: a URL that carried it would be logged.
func (s *Server) serveSecretQR(w http.ResponseWriter, r *http.Request) {
	address, err := readAddress(w, r)
	if err == nil && !s.isViewersURL(withoutSecret(address)) {
		err = errNoViewersURL
	}
	var svg []byte
	if err == nil {
		svg, err = s.draw(address)
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	document{"image/svg+xml", svg}.send(w)
}

func readAddress(w http.ResponseWriter, r *http.Request) (string, error) {
	text, err := readBody(http.MaxBytesReader(w, r.Body, maxSecretQR))
	if err != nil || requireType(r, "text/plain") == nil {
		return text, err
	}
	if requireType(r, "application/x-www-form-urlencoded") != nil {
		return "", errAddressType
	}
	form, err := url.ParseQuery(text)
	if err != nil || len(form["url"]) != 1 {
		return "", errNoViewersURL
	}
	return form["url"][0], nil
}

var errAddressType = withStatus{refuse(broadcast.CodeBadRequest, "The address comes as text/plain, or as the url of a form."), http.StatusUnsupportedMediaType}

// withoutSecret is an address without its fragment, if that is a token or a key as
// our pages take it. Any other fragment stays, and is refused.
func withoutSecret(address string) string {
	plain, fragment, _ := strings.Cut(address, "#")
	name, value, _ := strings.Cut(fragment, "=")
	if len(address) > maxQR || name != "token" && name != "key" || value == "" || strings.Trim(value, fragmentLetters) != "" {
		return address
	}
	return plain
}

// fragmentLetters are those that a token has, and a key that is encoded for a URL.
const fragmentLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!*'()"

// isViewersURL is true for the address of a viewers' page, under a name that may
// be the relay's.
func (s *Server) isViewersURL(text string) bool {
	if len(text) > maxQR {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !s.mayBeOurs(u) {
		return false
	}
	room, named := strings.CutPrefix(u.Path, "/pull/")
	if named && !broadcast.ValidRoom(room) || !named && u.Path != "/pull" {
		return false
	}
	return text == u.Scheme+"://"+u.Host+u.Path // nothing else is in it: no user, query or fragment
}

// mayBeOurs is true for hosts under which the relay is reached, and for the pages
// that may use it: they are a proxy's that has a name of its own.
func (s *Server) mayBeOurs(u *url.URL) bool {
	o, ok := parseOrigin(u.Scheme + "://" + u.Host)
	return ok && (s.strangers.origins[o] || s.strangers.allowsHost(u.Host))
}
