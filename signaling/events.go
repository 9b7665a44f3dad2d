package signaling

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"relay/broadcast"
)

const (
	eventsURN = "urn:ietf:params:whep:ext:core:server-sent-events"
	jsonType  = "application/json"
	// maxStreams is how many event streams a session can have.
	maxStreams = 4
	// commentEvery is shorter than any proxy's patience.
	commentEvery = 15 * time.Second
)

// eventNames are the events that a player can have.
var eventNames = []string{"active", "inactive", "viewercount"}

// stream is an event stream of a player's session (core extensions of WHEP,
// section 4). It lasts from its POST to its DELETE, over any number of GETs: each
// takes the place of the one before, which may have been cut off unnoticed.
type stream struct {
	// static
	id     string
	room   func() (now broadcast.RoomState, seenLive bool)
	events []string // those that were asked for
	ctx    context.Context
	end    context.CancelCauseFunc // its cause is what a GET is told that comes too late
	wake   chan struct{}           // the room has changed
	turn   chan struct{}           // holds one token: whoever has it sends
	leave  chan struct{}           // asks whoever has the turn to go

	told told // owned by whoever has the turn
}

// told is what a player was told of its room.
type told struct {
	active  bool
	viewers int
}

// routeEvents serves the streams. Only players have them.
func (s *Server) routeEvents(mux *http.ServeMux) {
	below := whep.path + "{room}/{id}/sse"
	mux.Handle(below, s.open(takes("Accept-Post", jsonType), verbs{
		http.MethodPost: s.on(whep, createStream),
	}))
	mux.Handle(below+"/{stream}", s.open(nil, verbs{
		http.MethodGet:    s.on(whep, s.sendEvents),
		http.MethodDelete: s.on(whep, removeStream),
	}))
}

func createStream(res *resource, w http.ResponseWriter, r *http.Request) error {
	events, err := readEvents(r)
	if err != nil {
		return err
	}
	st, err := res.addStream(events)
	if err != nil {
		return err
	}
	w.Header().Set("Location", res.path+"/sse/"+st.id)
	w.WriteHeader(http.StatusCreated)
	return nil
}

// readEvents is the list in r's body; all events when there is none.
func readEvents(r *http.Request) ([]string, error) {
	body, err := readBody(r.Body)
	if err != nil || body == "" {
		return eventNames, err
	}
	if err := requireType(r, jsonType); err != nil {
		return nil, err
	}
	var events []string
	if json.Unmarshal([]byte(body), &events) != nil || len(events) == 0 {
		return nil, refuse(broadcast.CodeBadRequest, "The body has to be a JSON array with the names of events.")
	}
	for _, event := range events {
		if !slices.Contains(eventNames, event) {
			return nil, refuse(broadcast.CodeBadRequest, "There is no event %.32q here; there are %s.", event, strings.Join(eventNames, ", "))
		}
	}
	slices.Sort(events)
	return slices.Clone(slices.Compact(events)), nil // a stream keeps them, however often they are named
}

func (r *resource) addStream(events []string) (*stream, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.streams) >= maxStreams {
		return nil, refuse(broadcast.CodeRateLimited, "A session has at most %d event streams.", maxStreams)
	}
	st := &stream{
		id: rand.Text(), events: events,
		room: func() (broadcast.RoomState, bool) { return r.room(), r.seenLive.Load() },
		wake: make(chan struct{}, 1), turn: make(chan struct{}, 1), leave: make(chan struct{}),
	}
	st.ctx, st.end = context.WithCancelCause(r.ctx)
	r.streams[st.id] = st
	return st, nil
}

func (r *resource) findStream(id string) (*stream, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	st, ok := r.streams[id]
	if !ok {
		return nil, errNoStream
	}
	return st, nil
}

var errNoStream = refuse(codeNotFound, "There is no such event stream, or it has ended.")

func removeStream(res *resource, _ http.ResponseWriter, r *http.Request) error {
	st, err := res.findStream(r.PathValue("stream"))
	if err != nil {
		return err
	}
	st.end(errNoStream)
	res.mu.Lock()
	defer res.mu.Unlock()
	delete(res.streams, st.id)
	return nil
}

// wakeStreams is the watcher's.
func (r *resource) wakeStreams() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, st := range r.streams {
		select {
		case st.wake <- struct{}{}:
		default:
		}
	}
}

// sendEvents is GET on a stream. It lasts until the player goes, another GET
// comes, or the stream ends.
func (s *Server) sendEvents(res *resource, w http.ResponseWriter, r *http.Request) error {
	st, err := res.findStream(r.PathValue("stream"))
	if err != nil {
		return err
	}
	if !s.enter() {
		return broadcast.ErrShuttingDown
	}
	defer s.work.Done()
	if err := st.takeTurn(r.Context()); err != nil {
		return err
	}
	defer st.passTurn()
	st.send(r.Context(), newEventWriter(w))
	return nil
}

// takeTurn waits for whoever sends to go; it fails when the player or the stream
// does not wait for that.
func (st *stream) takeTurn(ctx context.Context) error {
	for {
		select {
		case st.turn <- struct{}{}:
			if st.ctx.Err() == nil {
				return nil
			}
			st.passTurn()
		case st.leave <- struct{}{}:
		case <-ctx.Done():
			return errGaveUp
		case <-st.ctx.Done():
			return context.Cause(st.ctx)
		}
	}
}

func (st *stream) passTurn() { <-st.turn }

// send tells the player what changes. The first events say how things are: what
// the GET before has sent may not have arrived.
func (st *stream) send(ctx context.Context, out *eventWriter) {
	comment := time.NewTicker(commentEvery)
	defer comment.Stop()
	now, seenLive := st.room()
	st.told.forget(now, seenLive)
	text := st.news(now)
	for out.write(text) {
		select {
		case <-st.wake:
			now, _ := st.room()
			text = st.news(now)
		case <-comment.C:
			text = ":\n\n"
		case <-st.leave:
			return
		case <-ctx.Done():
			return
		case <-st.ctx.Done():
			return
		}
	}
}

// news brings the player from what it was told to state.
func (st *stream) news(state broadcast.RoomState) string {
	var b strings.Builder
	for _, e := range st.told.update(state) {
		if slices.Contains(st.events, e.name) {
			fmt.Fprintf(&b, "event: %s\ndata: %s\n\n", e.name, e.data)
		}
	}
	return b.String()
}

type event struct{ name, data string }

// update is how t comes to what it is to be. A room whose presenter is away is
// not active: nothing is published to it.
func (t *told) update(state broadcast.RoomState) (events []event) {
	active := state.State == broadcast.StateLive
	switch {
	case active && !t.active:
		events = append(events, event{"active", "{}"})
	case !active && t.active:
		events = append(events, event{"inactive", "{}"})
	}
	if state.Viewers != t.viewers {
		events = append(events, event{"viewercount", fmt.Sprintf(`{"viewercount":%d}`, state.Viewers)})
	}
	t.active, t.viewers = active, state.Viewers
	return events
}

// forget makes the next update tell state whole. A room that was never live is
// not inactive: that is not the first that a player hears of it (section 4.2).
func (t *told) forget(state broadcast.RoomState, seenLive bool) {
	t.active = seenLive && state.State != broadcast.StateLive
	t.viewers = -1
}

// eventWriter writes to one player.
type eventWriter struct {
	w       io.Writer
	control *http.ResponseController
}

// newEventWriter begins the response.
func newEventWriter(w http.ResponseWriter) *eventWriter {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would wait until it has 4 kB
	w.WriteHeader(http.StatusOK)
	return &eventWriter{w, http.NewResponseController(w)}
}

// write is false when the player does not read any more. The deadline is one
// write's: HTTP/2 ends a stream whose deadline passes, even if nothing waits.
func (e *eventWriter) write(text string) bool {
	err := e.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		_, err = io.WriteString(e.w, text)
	}
	if err == nil {
		err = e.control.Flush()
	}
	return err == nil && e.control.SetWriteDeadline(time.Time{}) == nil
}
