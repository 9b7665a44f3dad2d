package signaling

import (
	"encoding/json"
	"net/http"

	"relay/broadcast"
	"relay/signaling/access"
)

// What /api/rooms says.
type (
	roomReport struct {
		Room  string `json:"room"`
		Title string `json:"title,omitempty"`
		roomFields
		Locked     bool            `json:"locked"`
		MaxViewers *int            `json:"maxViewers"` // null: no bound
		Tracks     []trackReport   `json:"tracks"`
		Warnings   []warningReport `json:"warnings"`
	}
	trackReport struct {
		Kind             string   `json:"kind"`
		Codec            string   `json:"codec"`
		Width            *int     `json:"width"`            // null: not known
		Height           *int     `json:"height"`           // null: not known
		Bitrate          int      `json:"bitrate"`          // bit/s
		FrameRate        float64  `json:"frameRate"`        // 1/s
		KeyFrameInterval *float64 `json:"keyFrameInterval"` // s, between the last two; null: not known
		Loss             float64  `json:"loss"`             // 0 to 1
	}
	warningReport struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
)

func (s *Server) routeRooms(mux *http.ServeMux) {
	mux.Handle("/api/rooms", s.open(nil, verbs{http.MethodGet: s.listRooms}))
	mux.Handle("/api/rooms/{room}", s.open(nil, verbs{
		http.MethodGet: inRoom(s.serveRoom), http.MethodPatch: s.managing(s.changeRoom), http.MethodDelete: s.managing(s.endForAll),
	}))
}

// serveRoom is for those who may watch the room.
func (s *Server) serveRoom(w http.ResponseWriter, r *http.Request) error {
	room := r.PathValue("room")
	if _, err := s.admitRequest(r, access.View); err != nil {
		return err
	}
	return sendJSON(w, s.report(room))
}

// listRooms has what the asker may know: a room's name may be all that keeps it
// private.
func (s *Server) listRooms(w http.ResponseWriter, r *http.Request) error {
	names, err := s.config.Access.List(bearerToken(r), s.config.Relay.Live())
	if err != nil {
		return s.slow(r, err)
	}
	rooms := []roomReport{}
	for _, room := range names {
		rooms = append(rooms, s.report(room))
	}
	return sendJSON(w, map[string]any{"rooms": rooms})
}

func (s *Server) report(room string) roomReport {
	report := reportOf(room, s.config.Relay.Info(room))
	report.Title = s.config.Access.Room(room).Title
	return report
}

func reportOf(room string, info broadcast.Info) roomReport {
	report := roomReport{
		Room: room, roomFields: fieldsOf(broadcast.RoleViewer, info.RoomState),
		Locked: info.Locked, MaxViewers: orNull(info.MaxViewers),
		Tracks: []trackReport{}, Warnings: []warningReport{},
	}
	for _, t := range info.Tracks {
		report.Tracks = append(report.Tracks, trackReport{
			t.Kind, t.Codec.String(), orNull(t.Width), orNull(t.Height),
			t.Bitrate, t.FrameRate, orNull(t.KeyFrameInterval.Seconds()), t.Loss,
		})
	}
	for _, warning := range info.Warnings {
		report.Warnings = append(report.Warnings, warningReport{warning.Code, warning.Sentence})
	}
	return report
}

func sendJSON(w http.ResponseWriter, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	document{"application/json", content}.send(w)
	return nil
}
