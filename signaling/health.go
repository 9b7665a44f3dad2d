package signaling

import (
	"io"
	"net/http"
	"time"

	"relay/broadcast"
)

// routeHealth serves what operators and their programs look at.
func (s *Server) routeHealth(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", s.ServeHealth)
	mux.HandleFunc("GET /readyz", s.ServeReady)
	mux.Handle("/metrics", s.open(nil, verbs{http.MethodGet: s.serveMetrics}))
	mux.Handle("/api/status", s.open(nil, verbs{http.MethodGet: s.serveStatus}))
}

// ServeHealth answers as long as the process serves at all.
func (s *Server) ServeHealth(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok\n") }

// ServeReady answers 200 while newcomers are let in, 503 from the moment on that the
// relay is to stop.
func (s *Server) ServeReady(w http.ResponseWriter, _ *http.Request) {
	switch {
	case s.ctx.Err() != nil:
		say(w, http.StatusServiceUnavailable, "stopping\n")
	case s.config.Relay.Draining():
		say(w, http.StatusServiceUnavailable, "draining\n")
	default:
		say(w, http.StatusOK, "ready\n")
	}
}

// say answers with a line for programs.
func say(w http.ResponseWriter, status int, line string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	limitWrite(w)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, line) // who asked does not listen any more
}

// serveMetrics is for programs on this machine, and for whoever may manage all
// rooms; with an address of their own (--admin-addr) they are there only.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	if s.config.AdminElsewhere {
		return errAdminElsewhere
	}
	if !fromThisMachine(r) {
		if err := s.mayOperate(r); err != nil {
			return err
		}
	}
	limitWrite(w)
	w.Header().Set("Cache-Control", "no-store")
	s.config.Metrics.ServeHTTP(w, r)
	return nil
}

var errAdminElsewhere = refuse(codeNotFound, "The relay's metrics have an address of their own: that of its flag --admin-addr.")

// fromThisMachine is true for a client on the relay's own machine: not for one behind
// a proxy there, nor for a page, which any website can open in a browser there.
func fromThisMachine(r *http.Request) bool {
	return remoteAddr(r).IsLoopback() && isLoopbackName(r.Host) && !isProxied(r) && r.Header.Get("Origin") == ""
}

// mayOperate is for whoever has a token for managing all rooms.
func (s *Server) mayOperate(r *http.Request) error {
	return s.slow(r, s.config.Access.Operate(bearerToken(r)))
}

// statusReport is /api/status. Times are in seconds, rates in bits per second.
type statusReport struct {
	Version    string      `json:"version"`
	Started    time.Time   `json:"started"`
	Uptime     float64     `json:"uptime"`
	Draining   bool        `json:"draining"`
	Rooms      roomCounts  `json:"rooms"`
	Publishers int         `json:"publishers"` // connected
	Viewers    int         `json:"viewers"`    // connected
	Sessions   int         `json:"sessions"`   // connected or not
	BitrateIn  *int        `json:"bitrateIn"`  // null: nobody has asked in the last seconds
	BitrateOut *int        `json:"bitrateOut"`
	Totals     totalCounts `json:"totals"`
}

type (
	roomCounts struct {
		Live int `json:"live"`
		Away int `json:"away"`
		Idle int `json:"idle"`
	}
	// totalCounts are those of video and audio together, since the relay started.
	totalCounts struct {
		PacketsIn  uint64 `json:"packetsIn"`
		BytesIn    uint64 `json:"bytesIn"`
		PacketsOut uint64 `json:"packetsOut"`
		BytesOut   uint64 `json:"bytesOut"`
		Repaired   uint64 `json:"repaired"`
		Dropped    uint64 `json:"dropped"`
	}
)

func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) error {
	if err := s.mayOperate(r); err != nil {
		return err
	}
	totals := s.config.Relay.Totals()
	report := countsOf(totals)
	report.Version, report.Started = s.config.Version, s.started
	report.Uptime = time.Since(s.started).Seconds()
	report.Draining = s.config.Relay.Draining() || s.ctx.Err() != nil
	report.BitrateIn, report.BitrateOut = s.rates.next(report.Totals, time.Now())
	return sendJSON(w, report)
}

func countsOf(t broadcast.Totals) statusReport {
	report := statusReport{Rooms: roomCounts{t.Rooms[broadcast.StateLive], t.Rooms[broadcast.StateAway], t.Rooms[broadcast.StateIdle]}}
	for kind, n := range t.Connected {
		if kind.Role == broadcast.RolePublisher {
			report.Publishers += n
		} else {
			report.Viewers += n
		}
	}
	for _, n := range t.Sessions {
		report.Sessions += n
	}
	for _, m := range []broadcast.MediaTotals{t.Video, t.Audio} {
		report.Totals.add(m)
	}
	return report
}

func (t *totalCounts) add(m broadcast.MediaTotals) {
	t.PacketsIn += m.PacketsIn
	t.BytesIn += m.BytesIn
	t.PacketsOut += m.PacketsOut
	t.BytesOut += m.BytesOut
	t.Repaired += m.Repaired
	for _, n := range m.Drops {
		t.Dropped += n
	}
}
