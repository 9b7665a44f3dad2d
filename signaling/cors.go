package signaling

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"relay/broadcast"
)

// verb serves one method of a URL. Its error is told as a problem.
type verb func(http.ResponseWriter, *http.Request) error

// verbs are what one kind of URL can do, by method.
type verbs map[string]verb

// allowed is for Allow and Access-Control-Allow-Methods.
func (v verbs) allowed() string {
	methods := append(slices.Collect(maps.Keys(v)), http.MethodOptions)
	if v[http.MethodGet] != nil && v[http.MethodHead] == nil {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// find is the method's verb. HEAD is GET, unless it has one of its own: net/http
// leaves the content out.
func (v verbs) find(method string) verb {
	if method == http.MethodHead && v[method] == nil {
		method = http.MethodGet
	}
	return v[method]
}

// What pages of other origins may send and see. "*" would leave Authorization
// out (Fetch section 4.8).
const (
	allowedHeaders = "Content-Type, Authorization, If-Match"
	exposedHeaders = "Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch"
	// preflightFor is how many seconds a browser need not ask again.
	preflightFor = "600"
)

// open makes a handler of v, for clients and for the pages that may use the
// relay. accepts are the header fields that say which contents it takes.
func (s *Server) open(accepts map[string]string, v verbs) http.Handler {
	allowed := v.allowed()
	return s.refuseOrigins(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shareWithOrigin(w, r, allowed)
		for name, value := range accepts {
			w.Header().Set(name, value)
		}
		serve := v.find(r.Method)
		if serve == nil {
			serve = explainMethods(allowed)
		}
		if err := serve(w, r); err != nil {
			s.refuse(w, r, err)
		}
	}))
}

// explainMethods answers to OPTIONS, and to methods that the URL does not know.
func explainMethods(allowed string) verb {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", allowed)
		if r.Method == http.MethodOptions {
			return nil
		}
		return errMethod
	}
}

var errMethod = withStatus{refuse(broadcast.CodeBadRequest, "This URL does not know the method; Allow names those that it knows."), http.StatusMethodNotAllowed}

// shareWithOrigin lets r's page read the response (Fetch section 3.3);
// refuseOrigins has been there.
func shareWithOrigin(w http.ResponseWriter, r *http.Request, methods string) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", allowedHeaders)
		h.Set("Access-Control-Max-Age", preflightFor)
	}
}

// refuse tells a client why its request failed. The log gets the pattern, since
// the URL of a session is a secret.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	level := slog.LevelDebug
	if explain(err).Code == broadcast.CodeInternal {
		level = slog.LevelError
	}
	s.config.Log.Log(r.Context(), level, "request refused", "method", r.Method, "url", r.Pattern,
		"room", shortened(r.PathValue("room")), "remote", r.RemoteAddr, "cause", err)
	writeProblem(w, err)
}
