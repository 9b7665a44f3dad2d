package signaling

import (
	"net/http"
	"net/url"
	"strings"

	"relay/broadcast"
	"relay/signaling/qrcode"
)

// maxQR is more than any viewers' address is long.
const maxQR = 512

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
	svg, err := qrcode.SVG(addresses[0])
	if err != nil {
		writeProblem(w, err)
		return
	}
	document{"image/svg+xml", svg}.send(w)
}

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
