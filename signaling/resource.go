package signaling

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
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

	candidates int // that were taken since ICE began; owned by whoever has the turn

	mu      sync.Mutex
	streams map[string]*stream // by ID; guarded by mu
	flood   flood              // of PATCHes; guarded by mu
}

func newResource(ctx context.Context, session *broadcast.Session, endpoint string, hold time.Duration) *resource {
	r := &resource{
		path: endpoint + "/" + rand.Text(), session: session, hold: hold,
		turn: make(chan struct{}, 1), streams: map[string]*stream{},
	}
	r.ctx, r.end = context.WithCancelCause(ctx)
	return r
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
	if r.session.Role() == broadcast.RolePublisher || r.session.Room().State != broadcast.StateIdle {
		return nil
	}
	if already != nil {
		return already
	}
	return time.After(r.hold)
}

// tag names the ICE session that has the client's ufrag (RFC 9725 section 4.3.1):
// each restart has a new one.
func (r *resource) tag(ufrag string) string {
	sum := sha256.Sum256([]byte(r.path + " " + ufrag))
	return strconv.Quote(hex.EncodeToString(sum[:12]))
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
	answer, err := res.apply(r.Context(), condition, f)
	if err != nil {
		return err
	}
	if answer == "" {
		return nothing(w, r)
	}
	w.Header().Set("Content-Type", fragmentType)
	w.Header().Set("ETag", res.tag(f.ufrag))
	_, _ = io.WriteString(w, fragmentOf(answer)) // who did not listen restarts again
	return nil
}

var (
	errNoCondition = withStatus{refuse(broadcast.CodeBadRequest, "A PATCH needs If-Match: the session's ETag, or * to restart ICE."), http.StatusPreconditionRequired}
	errOtherTag    = withStatus{refuse(broadcast.CodeBadRequest, "The session's ICE was restarted: If-Match names another one."), http.StatusPreconditionFailed}
	errOtherPwd    = withStatus{refuse(broadcast.CodeBadRequest, "The a=ice-pwd is not the one that belongs to this a=ice-ufrag; a restart changes both."), http.StatusUnprocessableEntity}
	errTooMany     = withStatus{refuse(broadcast.CodeBadRequest, "More than %d candidates came since ICE began.", maxCandidates), http.StatusUnprocessableEntity}
	errGaveUp      = refuse(broadcast.CodeBadRequest, "The client did not wait for an answer.")
	errPatchFlood  = refuse(broadcast.CodeRateLimited, "More than %d PATCH requests came within %v.", floodMessages, floodWindow)
)

// apply takes a fragment to the session. New credentials restart ICE (RFC 9725
// section 4.3.3), and have an answer.
func (r *resource) apply(ctx context.Context, condition string, f fragment) (answer string, err error) {
	if r.floods() {
		return "", errPatchFlood
	}
	if err := r.takeTurn(ctx); err != nil {
		return "", err
	}
	defer r.passTurn()
	ufrag, pwd := r.session.Credentials()
	switch {
	case !matches(condition, r.tag(ufrag)):
		err = errOtherTag
	case f.ufrag != ufrag:
		answer, err = r.restart(f)
	case f.pwd != pwd:
		err = errOtherPwd
	default:
		err = r.addCandidates(f.candidates)
	}
	return answer, r.explained(err)
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

func (r *resource) restart(f fragment) (answer string, err error) {
	answer, err = r.session.Restart(f.ufrag, f.pwd, f.candidates)
	if err == nil {
		r.candidates = 0
	}
	return answer, err
}

// addCandidates takes all of them, or none: their form was judged before.
func (r *resource) addCandidates(candidates []string) error {
	usable := 0
	for _, c := range candidates {
		if isUsable(c) {
			usable++
		}
	}
	if r.candidates+usable > maxCandidates {
		return errTooMany
	}
	r.candidates += usable
	for _, c := range candidates {
		if err := r.session.AddCandidate(c); err != nil {
			return err
		}
	}
	return nil
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

// matches is the strong comparison of If-Match (RFC 9110 section 13.1.1). RFC
// 9725's own example has quotes around the asterisk.
func matches(condition, tag string) bool {
	for each := range strings.SplitSeq(condition, ",") {
		switch strings.TrimSpace(each) {
		case "*", `"*"`, tag:
			return true
		}
	}
	return false
}

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
	mu     sync.Mutex
	byPath map[string]*resource // guarded by mu
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
