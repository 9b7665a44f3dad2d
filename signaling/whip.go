package signaling

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"

	"relay/broadcast"
)

// door is one of the two ways into a room over HTTP. They differ in role only.
type door struct {
	path string
	role broadcast.Role
}

var (
	whip = door{"/whip/", broadcast.RolePublisher} // RFC 9725
	whep = door{"/whep/", broadcast.RoleViewer}    // draft-ietf-wish-whep
)

const (
	sdpType = "application/sdp"
	// playerLinger is how long a player may be silent: with the time that ICE
	// takes to notice, one that was killed is gone within 15 s.
	playerLinger = 8 * time.Second
	// notLiveYet is when a player may ask again whether somebody presents.
	notLiveYet = 2 * time.Second
)

// routeDoors serves the endpoints and their sessions.
func (s *Server) routeDoors(mux *http.ServeMux) {
	takesOffers := map[string]string{"Accept-Post": sdpType}
	takesFragments := map[string]string{"Accept-Patch": fragmentType}
	for _, d := range []door{whip, whep} {
		endpoint := verbs{http.MethodGet: inRoom(nothing), http.MethodPost: inRoom(s.create(d))}
		if d.role == broadcast.RoleViewer {
			endpoint[http.MethodHead] = inRoom(discover)
		}
		mux.Handle(d.path+"{room}", s.open(takesOffers, endpoint))
		mux.Handle(d.path+"{room}/{id}", s.open(takesFragments, verbs{
			http.MethodGet:    s.on(d, exists),
			http.MethodPatch:  s.on(d, patch),
			http.MethodDelete: s.on(d, s.remove),
		}))
	}
	s.routeEvents(mux)
}

// nothing is GET: these resources have no representation (RFC 9725 section 4.1).
func nothing(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// exists is GET on a session.
func exists(_ *resource, w http.ResponseWriter, r *http.Request) error { return nothing(w, r) }

// discover is HEAD on WHEP's endpoint: its content type tells a player what the
// URL is (draft-ietf-wish-whep section 4.2).
func discover(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", sdpType)
	return nil
}

// create is POST on an endpoint: an offer opens a session (RFC 9725 section 4.2).
func (s *Server) create(d door) verb {
	return func(w http.ResponseWriter, r *http.Request) error {
		offer, err := s.readOffer(r, d.role)
		if err != nil {
			return err
		}
		res, answer, err := s.admit(d, r, offer)
		if err != nil {
			return err
		}
		s.describe(w.Header(), res)
		limitWrite(w)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer) // the session ends if nobody has listened
		return nil
	}
}

// admit makes the session of an offer, and its resource. Close waits for this,
// but not for the client to read the answer.
func (s *Server) admit(d door, r *http.Request, offer string) (res *resource, answer string, err error) {
	if !s.enter() {
		return nil, "", broadcast.ErrShuttingDown
	}
	defer s.work.Done()
	session, answer, err := s.negotiate(r, d.role, offer)
	if err != nil {
		return nil, "", err
	}
	res = newResource(s.ctx, session, d.path+session.RoomName(), s.config.WHEPHold)
	s.resources.add(res)
	s.work.Go(func() {
		res.watch()
		s.resources.remove(res)
	})
	return res, answer, nil
}

// readOffer is r's offer, when r may make one.
func (s *Server) readOffer(r *http.Request, role broadcast.Role) (string, error) {
	if err := s.authorize(r, role); err != nil {
		return "", err
	}
	if err := requireType(r, sdpType); err != nil {
		return "", err
	}
	if !accepts(r, sdpType) {
		return "", errNotAcceptable
	}
	offer, err := readBody(r.Body)
	if err == nil && role == broadcast.RolePublisher && countStreams(offer) > 1 {
		err = errTwoStreams
	}
	return offer, err
}

// A refused answer is no invitation to negotiate: there are no counter-offers.
var errNotAcceptable = withStatus{refuse(broadcast.CodeBadRequest, "The answer would be %s, which Accept excludes.", sdpType), http.StatusNotAcceptable}

var errTwoStreams = refuse(broadcast.CodeBadRequest, "The offer has more than one MediaStream; a room has one (RFC 9725 section 4.4.2).")

// msid is a section's (RFC 8830), or one source's, as older clients have it.
var msid = regexp.MustCompile(`(?m)^a=(?:ssrc:\d+ )?msid:(\S+)`)

// countStreams is how many MediaStreams an offer's sections belong to; "-" is
// none (RFC 8830 section 2).
func countStreams(offer string) int {
	streams := map[string]bool{}
	for _, match := range msid.FindAllStringSubmatch(offer, -1) {
		if match[1] != "-" {
			streams[match[1]] = true
		}
	}
	return len(streams)
}

// negotiate opens a session that has answered offer.
func (s *Server) negotiate(r *http.Request, role broadcast.Role, offer string) (*broadcast.Session, string, error) {
	join := broadcast.Join{Room: r.PathValue("room"), Remote: remoteAddr(r), MuxOnly: true}
	if role == broadcast.RoleViewer {
		join.Linger = playerLinger
		if s.config.Relay.Room(join.Room).State == broadcast.StateIdle {
			return nil, "", errNotLive
		}
	} else {
		// What a client has is the URL of its session, not the token. A browser names
		// its origin in each POST.
		join.Final, join.Encoder = true, r.Header.Get("Origin") == ""
	}
	session, err := s.join(role, join)
	if err != nil {
		return nil, "", err
	}
	answer, err := session.Offer(offer)
	if err != nil {
		leave(session, err)
		return nil, "", err
	}
	return session, answer, nil
}

var errNotLive = &broadcast.Error{Code: broadcast.CodeNotLive, Sentence: "Nobody presents in this room yet.", RetryAfter: notLiveYet}

func (s *Server) join(role broadcast.Role, j broadcast.Join) (*broadcast.Session, error) {
	if role == broadcast.RolePublisher {
		return s.config.Relay.Publish(j)
	}
	return s.config.Relay.Subscribe(j)
}

// describe says where a new session is, and what goes with it.
func (s *Server) describe(h http.Header, res *resource) {
	h.Set("Content-Type", sdpType)
	h.Set("Location", res.path)
	h.Set("ETag", res.tag(res.session.RemoteUfrag()))
	for _, server := range s.config.ICEServers {
		for _, url := range server.URLs {
			h.Add("Link", server.link(url))
		}
	}
	if res.session.Role() == broadcast.RoleViewer {
		h.Add("Link", fmt.Sprintf(`<%s/sse>; rel=%q; events=%q`, res.path, eventsURN, strings.Join(eventNames, ",")))
	}
}

// link is RFC 9725 section 4.6.
func (i ICEServer) link(url string) string {
	link := "<" + url + `>; rel="ice-server"`
	if i.Username != "" {
		link += fmt.Sprintf(`; username=%s; credential=%s; credential-type="password"`, quoted(i.Username), quoted(i.Credential))
	}
	return link
}

// quoted is a quoted-string (RFC 9110 section 5.6.4).
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func requireType(r *http.Request, want string) error {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || got != want {
		return withStatus{refuse(broadcast.CodeBadRequest, "The Content-Type has to be %s.", want), http.StatusUnsupportedMediaType}
	}
	return nil
}

// accepts is false when r's Accept leaves no room for a media type (RFC 9110
// section 12.5.1). One that cannot be read at all excludes nothing; a * alone is
// what Java's URLConnection means by */*.
func accepts(r *http.Request, mediaType string) bool {
	quality := map[string]string{}
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		name, parameters, err := mime.ParseMediaType(part)
		if name == "*" {
			name = "*/*"
		}
		if err == nil && strings.Contains(name, "/") {
			quality[name] = cmp.Or(parameters["q"], "1")
		}
	}
	if len(quality) == 0 {
		return true
	}
	// The most specific range counts.
	kind, _, _ := strings.Cut(mediaType, "/")
	q := cmp.Or(quality[mediaType], quality[kind+"/*"], quality["*/*"], "0")
	return strings.Trim(q, "0.") != ""
}

// readBody is what a client sent, as far as the reader's limit lets it.
func readBody(body io.Reader) (string, error) {
	content, err := io.ReadAll(body)
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return "", refuse(broadcast.CodeTooLarge, "The body is larger than %d bytes.", long.Limit)
	case err != nil:
		return "", refuse(broadcast.CodeBadRequest, "The body broke off.")
	}
	return string(content), nil
}
