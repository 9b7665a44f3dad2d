package signaling

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
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

// resumeHeader is how our own pages, where no WebSocket gets through, are at these
// doors what they are at that one: a POST shows a secret in it, as a join does, and
// takes the place of the session that the secret belongs to; its 201 has the next
// one, as a welcome has. A page that has none yet shows one of its own making: if the
// answer is lost, the relay knows by it who asks again. It is for requests that have
// it, and no page of another origin can send it (see allowedHeaders).
const resumeHeader = "Relay-Resume"

const (
	sdpType = "application/sdp"
	// playerLinger is how long a player may be silent: with the time that ICE
	// takes to notice, one that was killed is gone within 15 s.
	playerLinger = 8 * time.Second
	// notLiveYet is when a player may ask again whether somebody presents.
	notLiveYet = 2 * time.Second
	// soonLive is how long a player waits for a publisher who connects: one whose
	// client has said that it is connected is so here some milliseconds later.
	soonLive = 300 * time.Millisecond
)

// routeDoors serves the endpoints and their sessions.
func (s *Server) routeDoors(mux *http.ServeMux) {
	for _, d := range []door{whip, whep} {
		found := nothing
		if d.role == broadcast.RoleViewer {
			found = discover
		}
		mux.Handle(d.path+"{room}", s.open(takes("Accept-Post", sdpType), verbs{
			http.MethodGet:  inRoom(found),
			http.MethodPost: inRoom(s.create(d)),
		}))
		mux.Handle(d.path+"{room}/{id}", s.open(takes("Accept-Patch", fragmentType), verbs{
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

// discover is GET on WHEP's endpoint, and so HEAD: its content type tells a player
// what the URL is, and both say the same (draft-ietf-wish-whep section 4.2). There
// is no content all the same.
func discover(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", sdpType)
	w.Header().Set("Content-Length", "0")
	return nil
}

// join is who comes through the door with r.
func (d door) join(r *http.Request) broadcast.Join {
	join := broadcast.Join{Room: r.PathValue("room"), Remote: remoteAddr(r), Via: strings.Trim(d.path, "/")}
	if shown := r.Header[resumeHeader]; len(shown) > 0 {
		join.Token = shown[0]
		return join
	}
	// What any other client has is the URL of its session, not the token.
	join.Strict, join.Final = true, true
	if d.role == broadcast.RoleViewer {
		join.Linger = playerLinger
	} else {
		join.Encoder = r.Header.Get("Origin") == "" // a browser names its origin in each POST
	}
	return join
}

// create is POST on an endpoint: an offer opens a session (RFC 9725 section 4.2).
func (s *Server) create(d door) verb {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.ctx.Err() != nil {
			return broadcast.ErrShuttingDown
		}
		join := d.join(r)
		grant, err := s.admitJoin(r, d.role, join)
		if err != nil {
			return err
		}
		if err := introduce(&join, r); err != nil {
			return err
		}
		join = s.settle(join, grant)
		join.Client = clientOf(r, grant)
		offer, err := s.readOffer(r, d.role, join)
		if err != nil {
			return err
		}
		res, answer, err := s.establish(d, r, join, offer)
		if err != nil {
			return err
		}
		s.describe(w.Header(), res)
		if !join.Final {
			w.Header().Set(resumeHeader, res.session.Token())
			if invite := s.inviteOf(d.role, join.Room, grant); invite != "" {
				w.Header().Set(inviteHeader, invite)
			}
		}
		limitWrite(w)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer) // the session ends if nobody has listened
		return nil
	}
}

// establish makes the session of an offer, and its resource. Close waits for this,
// but not for the client to read the answer.
func (s *Server) establish(d door, r *http.Request, join broadcast.Join, offer string) (res *resource, answer string, err error) {
	if !s.enter() {
		return nil, "", broadcast.ErrShuttingDown
	}
	defer s.work.Done()
	session, answer, err := s.negotiate(r.Context(), d.role, join, offer)
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

// readOffer is r's offer. What is wrong with it is told before anything is said of
// the room: no later time makes it right.
func (s *Server) readOffer(r *http.Request, role broadcast.Role, join broadcast.Join) (string, error) {
	if err := requireType(r, sdpType); err != nil {
		return "", err
	}
	if !accepts(r, sdpType) {
		return "", errNotAcceptable
	}
	offer, err := readBody(r.Body)
	if err != nil {
		return "", err
	}
	return offer, broadcast.CheckOffer(offer, role, join)
}

// A refused answer is no invitation to negotiate: there are no counter-offers.
var errNotAcceptable = withStatus{refuse(broadcast.CodeBadRequest, "The answer would be %s, which Accept excludes.", sdpType), http.StatusNotAcceptable}

// negotiate opens a session that has answered offer, or puts it in the place of the
// one that the join's token belongs to. That one stays as it is if the offer fails.
func (s *Server) negotiate(ctx context.Context, role broadcast.Role, join broadcast.Join, offer string) (*broadcast.Session, string, error) {
	if role == broadcast.RoleViewer && !s.presented(join.Room) {
		return nil, "", errNotLive
	}
	session, err := s.join(role, join)
	if err != nil {
		return nil, "", err
	}
	if role == broadcast.RoleViewer {
		err = s.awaitLive(ctx, session)
	}
	answer := ""
	if err == nil {
		session, answer, err = answerOf(session, offer)
	}
	if role == broadcast.RolePublisher && !join.Final {
		s.resources.succeed(join.Token, session, err != nil)
	}
	switch {
	case err == nil:
		return session, answer, nil
	case join.Final:
		leave(session, err)
	default:
		session.Detach()
	}
	return nil, "", err
}

// answerOf is a session's answer, or that of one in its place: the page made another
// PeerConnection.
func answerOf(session *broadcast.Session, offer string) (*broadcast.Session, string, error) {
	answer, err := session.Offer(offer)
	if !errors.Is(err, broadcast.ErrNewPeer) {
		return session, answer, err
	}
	next, err := session.Replace()
	if err != nil {
		return session, "", err
	}
	if answer, err = next.Offer(offer); err != nil {
		next.Close(err)
		return session, "", err
	}
	return next, answer, nil
}

// presented is true for a room that is not idle, or will soon not be.
func (s *Server) presented(room string) bool {
	return s.config.Relay.Room(room).State != broadcast.StateIdle || s.config.Relay.Awaited(room)
}

// awaitLive waits while a player's room is idle, but not for long, nor for nobody.
func (s *Server) awaitLive(ctx context.Context, session *broadcast.Session) error {
	ctx, cancel := context.WithTimeout(ctx, soonLive)
	defer cancel()
	for session.Room().State == broadcast.StateIdle {
		if ctx.Err() != nil || !s.config.Relay.Awaited(session.RoomName()) {
			return errNotLive
		}
		select {
		case <-session.Changed():
		case <-session.Done():
			return session.Cause()
		case <-ctx.Done():
		}
	}
	return nil
}

var errNotLive = &broadcast.Error{Code: broadcast.CodeNotLive, Sentence: "Nobody presents in this room yet.", RetryAfter: notLiveYet}

// join opens a session, or hands out the one that j's token belongs to.
func (s *Server) join(role broadcast.Role, j broadcast.Join) (*broadcast.Session, error) {
	j = s.latest(j)
	if role == broadcast.RolePublisher {
		return s.config.Relay.Publish(j)
	}
	return s.config.Relay.Subscribe(j)
}

// describe says where a new session is, and what goes with it.
func (s *Server) describe(h http.Header, res *resource) {
	h.Set("Content-Type", sdpType)
	h.Set("Location", res.path)
	h.Set("ETag", res.etag)
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

// requireType wants content of one media type, without a coding (RFC 9110 section
// 15.5.16).
func requireType(r *http.Request, want string) error {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || got != want {
		return withStatus{refuse(broadcast.CodeBadRequest, "The Content-Type has to be %s.", want), http.StatusUnsupportedMediaType}
	}
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Content-Encoding"), ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			return errCoded
		}
	}
	return nil
}

var errCoded = withStatus{refuse(broadcast.CodeBadRequest, "The content has to come as it is: without a Content-Encoding."), http.StatusUnsupportedMediaType}

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
