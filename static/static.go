// Package static serves the pages: the presenter's, the viewer's, the one that
// chooses a room, and the one about the relay's own certificate; and for other
// sites the player alone, as a page and as an element. They are embedded as they
// are; nothing is built.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:embed *.html icon.svg css js
var files embed.FS

// contentTypes are ours, since those of the machine differ from one to the next.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// policy is that of every page, but for who may frame it. Nothing comes from
// elsewhere; a page makes pictures of what it was sent.
const policy = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob:; object-src 'none'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors "

// headers go with every response, beside who may frame it. Only the pages
// themselves may capture, and only they may load their files.
var headers = map[string]string{
	"Permissions-Policy": "display-capture=(self), camera=(self), microphone=(self), fullscreen=(self), autoplay=(self), " +
		"geolocation=(), usb=(), serial=(), payment=()",
	"Referrer-Policy":              "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"Cross-Origin-Resource-Policy": "same-origin",
}

var roomName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// elementFile is the player that other sites' pages load.
const elementFile = "js/relay-player.js"

// asset is one embedded file, ready to be sent. Immutable.
type asset struct {
	content     []byte
	contentType string
	etag        string
}

// Handler serves /, /push, /pull, /embed, a room below each, /trust, and what
// they load from below /static/. Anything else is not found, and a page says so.
// Pages of the sites named, as CheckAncestors has them, may show these in a frame;
// without any, all may show /embed, and none the others.
func Handler(ancestors ...string) http.Handler {
	assets, frames := load(), framesFor(ancestors)
	missing := assets["missing.html"]
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", assets["home.html"])
	for name, page := range map[string]http.Handler{
		"push": assets["push.html"], "pull": assets["pull.html"], "embed": assets["embed.html"],
	} {
		inRoom := roomPage(page, missing)
		if name == "embed" {
			page, inRoom = shared(framedBy(frames.embed, page)), shared(framedBy(frames.embed, inRoom))
		}
		mux.Handle("GET /"+name, page)
		mux.HandleFunc("GET /"+name+"/{$}", withoutSlash)
		mux.HandleFunc("GET /"+name+"/{room}/{$}", withoutSlash)
		mux.Handle("GET /"+name+"/{room}", inRoom)
	}
	mux.Handle("GET /trust", assets["trust.html"])
	mux.HandleFunc("GET /trust/{$}", withoutSlash)
	for name, a := range assets {
		switch {
		case name == elementFile:
			mux.Handle("GET /static/"+name, shared(readable(a)))
		case !strings.HasSuffix(name, ".html"):
			mux.Handle("GET /static/"+name, a)
		}
	}
	mux.HandleFunc("GET /", missing.notFound)
	return secured(framedBy(frames.pages, mux))
}

// load reads what is embedded. It cannot fail but by a mistake of the build.
func load() map[string]*asset {
	assets := map[string]*asset{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		sum := sha256.Sum256(content)
		assets[name] = &asset{
			content:     content,
			contentType: contentTypes[path.Ext(name)],
			etag:        strconv.Quote(hex.EncodeToString(sum[:16])),
		}
		return err
	})
	if err != nil {
		panic("static: " + err.Error())
	}
	return assets
}

// secured adds the headers to every response of next.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if isSecure(r) {
			w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		next.ServeHTTP(w, r)
	})
}

// isSecure is true where r's browser has a secure context: only there it looks at
// Cross-Origin-Opener-Policy, and elsewhere complains of it. Fetch Metadata (section
// 2) comes from there only.
func isSecure(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("Sec-Fetch-Mode") != ""
}

// readable lets pages of any origin read next, as they must to run it.
func readable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		next.ServeHTTP(w, r)
	})
}

// shared lets pages of any site load next, which may be isolated from what does not
// say so (Fetch section 3.7).
func shared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		next.ServeHTTP(w, r)
	})
}

// roomPage serves page where the path names a room, and else says what a room is.
func roomPage(page http.Handler, missing *asset) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !roomName.MatchString(r.PathValue("room")) {
			missing.notFound(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
}

// withoutSlash sends the browser to the same page, whose address ends without a slash.
func withoutSlash(w http.ResponseWriter, r *http.Request) {
	target := url.URL{Path: strings.TrimSuffix(r.URL.Path, "/"), RawQuery: r.URL.RawQuery}
	http.Redirect(w, r, target.String(), http.StatusMovedPermanently)
}

// ServeHTTP sends the asset, or 304 to whoever has it. Browsers ask each time,
// so that the files of two versions never meet in one page.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", a.etag)
	w.Header().Set("Cache-Control", "no-cache")
	if strings.Contains(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	a.send(w, r, http.StatusOK)
}

// notFound sends the asset as the page of a 404.
func (a *asset) notFound(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	a.send(w, r, http.StatusNotFound)
}

func (a *asset) send(w http.ResponseWriter, r *http.Request, status int) {
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.content)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.content) // a reader who went away is nobody's concern
	}
}
