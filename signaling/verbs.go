package signaling

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"relay/broadcast"
)

// verb serves one method of a URL. Its error is told as a problem.
type verb func(http.ResponseWriter, *http.Request) error

// verbs are what one kind of URL can do, by method.
type verbs map[string]verb

// allowed is for Allow and Access-Control-Allow-Methods.
func (v verbs) allowed() string {
	methods := append(slices.Collect(maps.Keys(v)), http.MethodOptions)
	if v[http.MethodGet] != nil {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// find is the method's verb. HEAD is GET: net/http leaves the content out.
func (v verbs) find(method string) verb {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return v[method]
}

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
		limitWrite(w) // what is written by now may still be in net/http's buffer
	}))
}

// limitWrite gives the client writeTimeout to take what comes next: one that
// reads nothing would keep its connection for ever.
func limitWrite(w http.ResponseWriter) {
	// A writer that knows no deadline has no connection that could block.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
}

// inRoom is v where the URL names a room that can be.
func inRoom(v verb) verb {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !broadcast.ValidRoom(r.PathValue("room")) {
			return errRoomName
		}
		return v(w, r)
	}
}

// routeNeighbours answers in the way of our own URLs where one was missed by a
// little: a client could not read a page.
func (s *Server) routeNeighbours(mux *http.ServeMux) {
	missed := verbs{}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		missed[method] = func(http.ResponseWriter, *http.Request) error { return errNoSuchURL }
	}
	for _, path := range []string{"/whip", "/whep", "/api"} {
		mux.Handle(path, s.open(nil, missed))
		mux.Handle(path+"/", s.open(nil, missed))
	}
}

var errNoSuchURL = refuse(codeNotFound, "There is nothing here. Clients use /whip/ROOM to present, /whep/ROOM to watch, and /api/rooms/ROOM.")

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

// refuse tells a client why its request failed. The log gets the pattern, since
// the URL of a session is a secret.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	level := slog.LevelDebug
	if explain(err).Code == broadcast.CodeInternal {
		level = slog.LevelError
	}
	s.config.Log.Log(r.Context(), level, "request refused", "method", r.Method, "url", r.Pattern,
		"room", shortened(r.PathValue("room")), "remote", r.RemoteAddr, "cause", err)
	s.refused(err)
	writeProblem(w, err)
}
