package signaling

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"relay/broadcast"
	"relay/signaling/access"
)

const (
	// maxOrder is the largest body of a request that manages a room.
	maxOrder = 4 << 10
	// mostViewers is more than any relay carries.
	mostViewers = 1_000_000
)

// What /api/rooms/{room}/viewers says. Times are in seconds, null is not known.
type (
	peopleReport struct {
		Room       string          `json:"room"`
		Locked     bool            `json:"locked"`
		MaxViewers *int            `json:"maxViewers"` // null: no bound
		Viewers    []viewerReport  `json:"viewers"`
		Blocked    []blockedReport `json:"blocked"`
		Requests   []requestReport `json:"requests"`
	}
	viewerReport struct {
		ID        string          `json:"id"`
		Name      *string         `json:"name"`
		Since     time.Time       `json:"since"`
		Browser   *string         `json:"browser"`
		Via       string          `json:"via"` // websocket or whep
		Connected bool            `json:"connected"`
		Codec     *string         `json:"codec"`
		Bitrate   int             `json:"bitrate"` // bit/s
		Loss      float64         `json:"loss"`    // 0 to 1
		RTT       *float64        `json:"rtt"`
		Picture   bool            `json:"picture"`
		Trouble   *broadcast.Code `json:"trouble"`
	}
	blockedReport struct {
		ID    string    `json:"id"`
		Name  *string   `json:"name"`
		Since time.Time `json:"since"`
	}
	requestReport struct {
		ID    string    `json:"id"`
		Name  *string   `json:"name"`
		Since time.Time `json:"since"`
	}
)

// routeManagement is the hand of who presents. What a browser may read of it goes by
// the rule for strangers, as everything does.
func (s *Server) routeManagement(mux *http.ServeMux) {
	const room = "/api/rooms/{room}"
	mux.Handle(room+"/viewers", s.open(nil, verbs{http.MethodGet: s.managing(s.listPeople)}))
	mux.Handle(room+"/viewers/{id}", s.open(nil, verbs{http.MethodDelete: s.managing(s.removeViewer)}))
	mux.Handle(room+"/blocked", s.open(takes("Accept-Post", jsonType), verbs{http.MethodPost: s.managing(s.block)}))
	mux.Handle(room+"/blocked/{id}", s.open(nil, verbs{http.MethodDelete: s.managing(s.unblock)}))
	mux.Handle(room+"/requests", s.open(takes("Accept-Post", jsonType), verbs{http.MethodPost: inRoom(s.ask)}))
	mux.Handle(room+"/requests/{id}", s.open(takes("Accept-Post", jsonType), verbs{http.MethodPost: s.managing(s.answerRequest)}))
}

// managing is v for those who may manage the room that the URL names.
func (s *Server) managing(v verb) verb {
	return inRoom(func(w http.ResponseWriter, r *http.Request) error {
		if err := s.mayManage(r); err != nil {
			return err
		}
		return v(w, r)
	})
}

// mayManage lets those through who hold a credential for managing the room, and who
// presents in it, by the secret of the session. That is looked at first: it is no
// wrong key.
func (s *Server) mayManage(r *http.Request) error {
	if s.config.Relay.Presents(r.PathValue("room"), bearerToken(r)) {
		return nil
	}
	_, err := s.admitRequest(r, access.Manage)
	return err
}

// listPeople is GET on a room's viewers.
func (s *Server) listPeople(w http.ResponseWriter, r *http.Request) error {
	room := r.PathValue("room")
	people := s.config.Relay.People(room)
	report := peopleReport{
		Room: room, Locked: people.Locked, MaxViewers: orNull(people.MaxViewers),
		Viewers: []viewerReport{}, Blocked: []blockedReport{}, Requests: []requestReport{},
	}
	for _, v := range people.Viewers {
		report.Viewers = append(report.Viewers, reportOfViewer(v))
	}
	for _, b := range people.Blocked {
		report.Blocked = append(report.Blocked, blockedReport{b.ID, orNull(b.Name), b.Since})
	}
	for _, q := range people.Requests {
		report.Requests = append(report.Requests, requestReport{q.ID, orNull(q.Name), q.Since})
	}
	return sendJSON(w, report)
}

func reportOfViewer(v broadcast.Viewer) viewerReport {
	report := viewerReport{
		ID: v.ID, Name: orNull(v.Name), Since: v.Since, Browser: orNull(v.Browser), Via: v.Via, Connected: v.Connected,
		Codec: orNull(v.Codec.String()), Bitrate: v.Bitrate, Loss: v.Loss, RTT: orNull(v.RTT.Seconds()), Picture: v.Picture,
	}
	if v.Trouble != nil {
		report.Trouble = &v.Trouble.Code
	}
	return report
}

// removeViewer is DELETE on a viewer.
func (s *Server) removeViewer(w http.ResponseWriter, r *http.Request) error {
	if !s.config.Relay.Remove(r.PathValue("room"), r.PathValue("id")) {
		return errNoViewer
	}
	s.note(r, "viewer removed", "session", shortened(r.PathValue("id")))
	return nothing(w, r)
}

var errNoViewer = refuse(codeNotFound, "There is no such viewer in the room, or it has left.")

// block is POST on what is blocked.
func (s *Server) block(w http.ResponseWriter, r *http.Request) error {
	var order struct {
		Viewer string `json:"viewer"`
	}
	if err := readOrder(w, r, &order); err != nil {
		return err
	}
	id, ok := s.config.Relay.Block(r.PathValue("room"), order.Viewer)
	if !ok {
		return errNoViewer
	}
	s.note(r, "viewer blocked", "session", shortened(order.Viewer))
	content, err := json.Marshal(map[string]string{"id": id})
	if err != nil {
		return err
	}
	document{jsonType, content}.sendAs(w, http.StatusCreated)
	return nil
}

// unblock is DELETE on an entry of what is blocked.
func (s *Server) unblock(w http.ResponseWriter, r *http.Request) error {
	if !s.config.Relay.Unblock(r.PathValue("room"), r.PathValue("id")) {
		return errNotBlocked
	}
	return nothing(w, r)
}

var errNotBlocked = refuse(codeNotFound, "That is not blocked, or not any more.")

// changeRoom is PATCH on a room: its rules, those that are named.
func (s *Server) changeRoom(w http.ResponseWriter, r *http.Request) error {
	var order struct {
		Locked     *bool `json:"locked"`
		MaxViewers bound `json:"maxViewers"`
	}
	if err := readOrder(w, r, &order); err != nil {
		return err
	}
	if order.Locked == nil && !order.MaxViewers.named {
		return errNoRule
	}
	relay, room, there := s.config.Relay, r.PathValue("room"), true
	if order.MaxViewers.named {
		there = relay.LimitViewers(room, order.MaxViewers.most)
	}
	if order.Locked != nil {
		there = relay.Lock(room, *order.Locked)
	}
	if !there {
		return errNobodyThere
	}
	return nothing(w, r)
}

var (
	errNoRule      = refuse(broadcast.CodeBadRequest, `The body has to name what is to change: "locked", "maxViewers" or both.`)
	errNobodyThere = refuse(broadcast.CodeNotLive, "Nobody is in this room: there is nothing to change.")
)

// bound is a number of viewers, or null for no bound.
type bound struct {
	named bool
	most  int
}

// UnmarshalJSON implements json.Unmarshaler.
func (b *bound) UnmarshalJSON(text []byte) error {
	b.named, b.most = true, 0
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	if err := json.Unmarshal(text, &b.most); err != nil || b.most < 1 || b.most > mostViewers {
		return errBound
	}
	return nil
}

var errBound = refuse(broadcast.CodeBadRequest, `"maxViewers" is a whole number from 1 to %d, or null for no bound.`, mostViewers)

// endForAll is DELETE on a room.
func (s *Server) endForAll(w http.ResponseWriter, r *http.Request) error {
	s.config.Relay.EndForAll(r.PathValue("room"))
	s.note(r, "presentation ended for all")
	return nothing(w, r)
}

// note logs what was done to people, by whom and to whom.
func (s *Server) note(r *http.Request, what string, facts ...any) {
	facts = append(facts, "room", r.PathValue("room"), "remote", remoteAddr(r).String())
	s.config.Log.Info(what, facts...)
}

// readOrder reads the JSON object in r's body. Its errors say what is wrong, since it
// is people who write such requests.
func readOrder(w http.ResponseWriter, r *http.Request, order any) error {
	if err := requireType(r, jsonType); err != nil {
		return err
	}
	text, err := readBody(http.MaxBytesReader(w, r.Body, maxOrder))
	if err != nil {
		return err
	}
	return parseOrder([]byte(text), order)
}

// parseOrder reads one JSON object without fields that order does not have: a rule
// that is spelled wrong would seem to hold.
func parseOrder(text []byte, order any) error {
	if depth(text) > maxDepth {
		return refuse(broadcast.CodeBadRequest, "The body is nested too deeply.")
	}
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '{' {
		return refuse(broadcast.CodeBadRequest, "The body has to be a JSON object.")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(order); err != nil {
		return malformedOrder(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return refuse(broadcast.CodeBadRequest, "The body has more in it than one JSON object.")
	}
	return nil
}
