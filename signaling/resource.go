package signaling

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"relay/broadcast"
)

// resource is a session that is spoken to over HTTP: WHIP's and WHEP's session
// resource. It ends with its session, or when the server closes.
type resource struct {
	// static
	path    string // of its URL, which nobody can guess: whoever knows it may use it
	session *broadcast.Session
	hold    time.Duration // how long it stays when nobody presents
	ctx     context.Context
	end     context.CancelCauseFunc // its cause is what a request is told that comes too late
	turn    chan struct{}           // holds one token: whoever has it changes ICE

	// owned by whoever has the turn
	etag string   // names the ICE session (RFC 9725 section 4.3.1): each restart has a new one
	last *restart // nil: there was none

	seenLive atomic.Bool // somebody presented while this was there

	mu      sync.Mutex
	streams map[string]*stream // by ID; guarded by mu
	flood   flood              // of PATCHes; guarded by mu
}

// restart is the answer to one.
type restart struct {
	etag, text string
}

func newResource(ctx context.Context, session *broadcast.Session, endpoint string, hold time.Duration) *resource {
	r := &resource{
		path: endpoint + "/" + rand.Text(), session: session, hold: hold,
		turn: make(chan struct{}, 1), etag: newTag(), streams: map[string]*stream{},
	}
	r.ctx, r.end = context.WithCancelCause(ctx)
	r.room() // is it live?
	return r
}

// newTag is an entity tag as no other is.
func newTag() string { return strconv.Quote(rand.Text()) }

// room is the state of the session's room.
func (r *resource) room() broadcast.RoomState {
	state := r.session.Room()
	if state.State == broadcast.StateLive {
		r.seenLive.Store(true)
	}
	return state
}

// watch wakes the event streams when the room changes, and ends a player's
// session in a room where nobody presents any more. It returns when the session
// has ended.
func (r *resource) watch() {
	defer r.end(errNoSession)
	changed, expired := r.session.Changed(), r.expiry(nil)
	var rested <-chan time.Time
	for {
		select {
		case <-changed:
			r.room() // is it live?
			r.wakeStreams()
			expired = r.expiry(expired)
			changed, rested = nil, time.After(coalesce)
		case <-rested:
			changed, rested = r.session.Changed(), nil
		case <-expired:
			if expired = r.expiry(expired); expired != nil {
				r.session.Close(errNobodyPresents)
			}
		case <-r.session.Done():
			return
		case <-r.ctx.Done():
			return
		}
	}
}

var errNobodyPresents = refuse(broadcast.CodeNotLive, "Nobody presents in this room any more.")

// expiry is when the session ends because nobody presents: what it is already, or
// from now on; nil while somebody does.
func (r *resource) expiry(already <-chan time.Time) <-chan time.Time {
	if r.session.Role() == broadcast.RolePublisher || r.room().State != broadcast.StateIdle {
		return nil
	}
	if already != nil {
		return already
	}
	return time.After(r.hold)
}

// patch is PATCH on a session: candidates, or a restart of ICE.
func patch(res *resource, w http.ResponseWriter, r *http.Request) error {
	if err := requireType(r, fragmentType); err != nil {
		return err
	}
	condition := strings.Join(r.Header.Values("If-Match"), ",")
	if condition == "" {
		return errNoCondition
	}
	text, err := readBody(http.MaxBytesReader(w, r.Body, maxFragment))
	if err != nil {
		return err
	}
	f, err := parseFragment(text)
	if err != nil {
		return err
	}
	answered, err := res.apply(r.Context(), condition, f)
	if err != nil {
		return err
	}
	if answered == nil {
		return nothing(w, r)
	}
	w.Header().Set("Content-Type", fragmentType)
	w.Header().Set("ETag", answered.etag)
	_, _ = io.WriteString(w, answered.text) // who did not hear it asks again
	return nil
}

var (
	errNoCondition = withStatus{refuse(broadcast.CodeBadRequest, "A PATCH needs If-Match: the session's ETag, or * to restart ICE."), http.StatusPreconditionRequired}
	errOtherTag    = withStatus{refuse(broadcast.CodeBadRequest, "If-Match does not name the session's ICE as it is now; it wants the ETag as it was sent, with quotes."), http.StatusPreconditionFailed}
	errOtherPwd    = withStatus{refuse(broadcast.CodeBadRequest, "The a=ice-pwd is not the one that belongs to this a=ice-ufrag; a restart changes both."), http.StatusUnprocessableEntity}
	errGaveUp      = refuse(broadcast.CodeBadRequest, "The client did not wait for an answer.")
	errPatchFlood  = refuse(broadcast.CodeRateLimited, "More than %d PATCH requests came within %v.", floodMessages, floodWindow)
)

// apply takes a fragment to the session. New credentials restart ICE (RFC 9725
// section 4.3.3), which has an answer; candidates have none.
func (r *resource) apply(ctx context.Context, condition string, f fragment) (answered *restart, err error) {
	if r.floods() {
		return nil, errPatchFlood
	}
	if err := r.takeTurn(ctx); err != nil {
		return nil, err
	}
	defer r.passTurn()
	ufrag, pwd := r.session.Credentials()
	switch {
	case !matches(condition, r.etag):
		err = errOtherTag
	case f.ufrag != ufrag:
		answered, err = r.restart(f)
	case f.pwd != pwd:
		err = errOtherPwd
	default:
		err = r.session.AddCandidates(f.candidates)
		answered = r.repeated(condition)
	}
	if err != nil {
		return nil, r.explained(err)
	}
	return answered, nil
}

// repeated is the last restart's answer, for a client that did not get it and asks
// again: with the credentials of now, and for any ICE session (RFC 9725 section
// 4.3.3). Candidates that come later have to name theirs (section 4.3.2).
func (r *resource) repeated(condition string) *restart {
	if isAny(condition) {
		return r.last
	}
	return nil
}

// floods counts a PATCH, whether or not it waits.
func (r *resource) floods() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flood.exceeded(time.Now())
}

// takeTurn waits for the PATCH before; it fails when the client or the session
// does not wait for that.
func (r *resource) takeTurn(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errGaveUp
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
}

func (r *resource) passTurn() { <-r.turn }

func (r *resource) restart(f fragment) (*restart, error) {
	ice, err := r.session.Restart(f.ufrag, f.pwd, f.candidates)
	if err != nil {
		return nil, err
	}
	r.etag = newTag()
	r.last = &restart{r.etag, fragmentOf(ice)}
	return r.last, nil
}

// explained is what a client is told of an error of the session's: that there is
// none any more, or that it stays as it is.
func (r *resource) explained(err error) error {
	switch {
	case err == nil:
		return nil
	case r.session.Cause() != nil:
		return errNoSession
	case statusOf(err, broadcast.AsError(err)) == http.StatusBadRequest:
		return withStatus{err, http.StatusUnprocessableEntity}
	}
	return err
}

// matches is the strong comparison of If-Match (RFC 9110 section 13.1.1).
func matches(condition, tag string) bool {
	for each := range strings.SplitSeq(condition, ",") {
		if each = strings.TrimSpace(each); each == tag || isAny(each) {
			return true
		}
	}
	return false
}

// isAny knows the asterisk. RFC 9725's own example has quotes around it.
func isAny(condition string) bool { return condition == "*" || condition == `"*"` }

// remove is DELETE on a session. Who asks twice finds none.
func (s *Server) remove(res *resource, _ http.ResponseWriter, _ *http.Request) error {
	if !s.resources.remove(res) {
		return errNoSession
	}
	leave(res.session, broadcast.ErrLeft)
	return nil
}

// leave ends a session, and returns when its room is free for the next.
func leave(session *broadcast.Session, cause error) {
	session.Close(cause)
	<-session.Gone()
}

// on serves requests to a session's URL, and to those below it.
func (s *Server) on(d door, serve func(*resource, http.ResponseWriter, *http.Request) error) verb {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.ctx.Err() != nil {
			return broadcast.ErrShuttingDown
		}
		res := s.resources.find(d.path + r.PathValue("room") + "/" + r.PathValue("id"))
		if res == nil {
			return errNoSession
		}
		return serve(res, w, r)
	}
}

var errNoSession = refuse(codeNotFound, "There is no such session, or it has ended.")

// resources knows the sessions that are spoken to over HTTP.
type resources struct {
	mu          sync.Mutex
	byPath      map[string]*resource // guarded by mu
	successions []succession         // the latest; guarded by mu
}

// succession is what a presenter's page showed, and the token that came in its place.
// The page may not hear of that, since the answer is lost or a refusal: until it has
// shown the new one, or its media flows, what it showed stands for that.
type succession struct {
	room, shown, token string
	refused            bool // and so media may flow as before
}

const (
	maxSuccessions = 256
	maxShown       = 64
)

// succeed notes what a page showed of whom.
func (r *resources) succeed(shown string, session *broadcast.Session, refused bool) {
	if shown == "" || len(shown) > maxShown {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	room := session.RoomName()
	r.successions = slices.DeleteFunc(r.successions, func(s succession) bool { return s.shown == shown && s.room == room })
	if len(r.successions) == maxSuccessions {
		r.successions = slices.Delete(r.successions, 0, 1)
	}
	r.successions = append(r.successions, succession{room, shown, session.Token(), refused})
}

// successor is what came in the place of what a page shows.
func (r *resources) successor(room, shown string) (next succession, is bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.successions {
		if s.shown == shown && s.room == room {
			return s, true
		}
	}
	// The page has heard of this one.
	r.successions = slices.DeleteFunc(r.successions, func(s succession) bool { return s.token == shown })
	return succession{}, false
}

func (r *resources) add(res *resource) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byPath[res.path] = res
}

// find is nil for a session that is over.
func (r *resources) find(path string) *resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	if res := r.byPath[path]; res != nil && res.session.Cause() == nil {
		return res
	}
	return nil
}

// remove is false when somebody else has done it.
func (r *resources) remove(res *resource) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, found := r.byPath[res.path]
	delete(r.byPath, res.path)
	return found
}
