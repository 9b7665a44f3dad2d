// Package signaling is the relay's HTTP side: the WebSocket over which a page
// and the relay agree on a session, WHIP and WHEP for clients of other makes,
// the rooms API, the rule for strangers in front of all of them, the way from
// HTTP to HTTPS, and the files by which the relay's own CA is trusted. It is a
// thin front end over broadcast.Session; media never passes it.
package signaling

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"relay/broadcast"
	"relay/signaling/access"
	"relay/signaling/metrics"
)

// maxBody is the largest body of any request.
const maxBody = maxSDP

// Config is what a Server is made of.
type Config struct {
	Relay *broadcast.Relay
	// Pages serves every path that signaling does not.
	Pages http.Handler
	// HTTPS says that the relay speaks it too, on the port of HTTP.
	HTTPS bool
	// CA is the relay's own, which its certificates come from; nil: they come from
	// elsewhere, or there are none.
	CA *x509.Certificate
	// Given is the certificate that comes from elsewhere; nil: there is none.
	Given Certificate
	// Origins are those under which viewers reach the relay
	// ("http://192.168.1.20:8080"), best first; nil: not known.
	Origins func() []string
	// AllowOrigin are the origins, beside our own, whose pages may speak to the
	// relay ("https://school.example").
	AllowOrigin []string
	// AllowHost are the host names, beside local ones, under which the relay is
	// reached ("relay.school.example").
	AllowHost []string
	// ICEServers are the STUN and TURN servers that clients are told of.
	ICEServers []ICEServer
	// Access decides who may do what. Nil: everybody may present and watch.
	Access Access
	// WHEPHold is how long a WHEP session stays in a room in which nobody presents.
	WHEPHold time.Duration
	// Metrics count what is asked and refused, and are served to this machine and to
	// who may manage all rooms; nil: nobody reads them.
	Metrics *metrics.Metrics
	// AdminElsewhere leaves Metrics to another address.
	AdminElsewhere bool
	// Version is the relay's, for operators.
	Version string
	Log     *slog.Logger
}

// ICEServer is a STUN or TURN server, as in RTCConfiguration.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Certificate is one that somebody else's CA vouches for. Its names are the
// relay's: nobody gets a certificate for a name of which he is not the owner.
type Certificate interface {
	// Hosts are the names in it that are no patterns.
	Hosts() []string
	// Covers is true if browsers accept it for this name or address.
	Covers(host string) bool
}

// Server serves WebSockets, WHIP, WHEP, the rooms API and the pages. It is an
// http.Handler.
type Server struct {
	// static
	config    Config
	strangers *strangers
	handler   http.Handler
	upgrader  websocket.Upgrader
	ctx       context.Context // its end is the end of every socket and event stream
	stop      context.CancelCauseFunc

	started time.Time

	hosts, origins seldom // refused

	speakers  speakers
	resources resources
	guesses   *access.Guesses
	returns   returns
	rates     rates
	drawings  drawings

	mu   sync.Mutex // so that nothing comes in while Close waits
	work sync.WaitGroup
}

// New makes a Server. It fails when an allowed origin or host cannot be one.
func New(config Config) (*Server, error) {
	machine, err := os.Hostname()
	if err != nil {
		config.Log.Warn("this machine's name is unknown, and will not be served", "cause", err)
	}
	strangers, err := newStrangers(config.AllowOrigin, config.AllowHost, machine)
	if err != nil {
		return nil, err
	}
	if config.Given != nil {
		strangers.certified = config.Given.Covers
	}
	if config.Origins == nil {
		config.Origins = func() []string { return nil }
	}
	if config.Access == nil {
		config.Access = access.Open{}
	}
	if config.Metrics == nil {
		config.Metrics = metrics.New(config.Version)
	}
	s := &Server{
		config: config, strangers: strangers, started: time.Now(),
		speakers: speakers{sessions: map[string]*peer{}}, resources: resources{byPath: map[string]*resource{}},
		guesses: access.NewGuesses(),
	}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	s.upgrader = websocket.Upgrader{
		CheckOrigin: func(*http.Request) bool { return true }, // refuseOrigins has been there
		Error:       func(w http.ResponseWriter, _ *http.Request, _ int, _ error) { writeProblem(w, errNoWebSocket) },
	}
	s.handler = s.count(withHeaders(s.catchPanics(s.refuseHosts(limitBody(s.routes())))))
	return s, nil
}

var errNoWebSocket = refuse(broadcast.CodeBadRequest, "This address speaks WebSocket (RFC 6455) only.")

// routes lets pages through whatever their Origin is: what the relay embeds is
// no secret, and a page that cannot load cannot say what is wrong.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	ours := func(pattern string, handle http.HandlerFunc) { mux.Handle(pattern, s.refuseOrigins(handle)) }
	ours("GET /ws/push/{room}", func(w http.ResponseWriter, r *http.Request) { s.converse(w, r, broadcast.RolePublisher) })
	ours("GET /ws/pull/{room}", func(w http.ResponseWriter, r *http.Request) { s.converse(w, r, broadcast.RoleViewer) })
	s.routeDoors(mux)
	s.routeRooms(mux)
	s.routeManagement(mux)
	s.routeNeighbours(mux)
	s.routeHealth(mux)
	ours("GET /qr.svg", s.serveQR)
	ours("POST /qr.svg", s.serveSecretQR)
	for name, makeFile := range trustFiles {
		ours("GET /trust/"+name, s.serveTrust(makeFile))
	}
	mux.Handle("GET /push", s.requireHTTPS(s.config.Pages))
	mux.Handle("GET /push/{room}", s.requireHTTPS(s.config.Pages))
	mux.Handle("/", s.config.Pages)
	return mux
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handler.ServeHTTP(w, r)
}

// Close says bye on every socket, ends the event streams, and returns when all
// of them have ended. Whoever comes later is told that the relay is shutting
// down. Sessions are left to the Relay.
func (s *Server) Close() {
	s.mu.Lock()
	s.returns.begin()
	s.stop(broadcast.ErrShuttingDown)
	s.mu.Unlock()
	s.work.Wait()
}

// enter counts somebody in whom Close waits for; it is false once that was called.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.work.Add(1)
	return true
}

// converse is one WebSocket from beginning to end.
func (s *Server) converse(w http.ResponseWriter, r *http.Request, role broadcast.Role) {
	if !s.enter() {
		writeProblem(w, broadcast.ErrShuttingDown)
		return
	}
	defer s.work.Done()
	conn, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	room, remote := r.PathValue("room"), remoteAddr(r)
	log := s.config.Log.With("room", room, "role", role.String(), "remote", remote.String())
	p := &peer{
		server: s, role: role, room: room, remote: remote, log: log,
		origins: s.viewersOrigins(r), browser: browserOf(r.UserAgent()),
		client:  func(grant access.Grant) string { return clientOf(r, grant) },
		socket:  newSocket(context.WithoutCancel(s.ctx), conn, log),
		adopted: make(chan *broadcast.Session), watched: make(chan struct{}),
	}
	defer s.returns.enter(role)()
	defer context.AfterFunc(s.ctx, func() { p.socket.end(comeBack{s.returns.next(role)}) })()
	if !broadcast.ValidRoom(room) {
		s.refused(errRoomName)
		p.socket.end(refusal{errRoomName})
	}
	p.run()
}

var errRoomName = refuse(broadcast.CodeBadRequest, "A room's name is 1 to 64 of the letters A to Z and a to z, digits, _ and -.")

func remoteAddr(r *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return remote.Addr().Unmap()
}

// count counts a request by what it was for, when that is known.
func (s *Server) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { s.config.Metrics.Requested(r.Pattern) }()
		next.ServeHTTP(w, r)
	})
}

// refused counts somebody who is told an error.
func (s *Server) refused(err error) { s.config.Metrics.Refused(explain(err).Code) }

// catchPanics keeps one request's bug from being everybody's. The log gets the
// pattern, since the URL of a session is a secret.
func (s *Server) catchPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			s.config.Log.Error("request panicked", "method", r.Method, "url", r.Pattern, "cause", v, "stack", string(debug.Stack()))
			s.refused(errPanicked)
			writeProblem(w, errPanicked)
		}()
		next.ServeHTTP(w, r)
	})
}

var errPanicked = errors.New("request panicked")

// refuseHosts answers 421 to names that a stranger may own.
func (s *Server) refuseHosts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hasNoHost(r) || s.strangers.allowsHost(r.Host) {
			next.ServeHTTP(w, r)
			return
		}
		s.config.Log.Log(r.Context(), s.hosts.level(time.Now()), "host refused", "host", shortened(r.Host), "remote", r.RemoteAddr, "flag", "--allow-host")
		s.refused(errMisdirected)
		writeMisdirected(w, r)
	})
}

// KeepFromStrangers is next at an address of its own, behind the same rule for names
// as all else here, and with the same headers: what asks nobody for a key is read by a
// website as soon as the website's own name points there.
func (s *Server) KeepFromStrangers(next http.Handler) http.Handler {
	return withHeaders(s.catchPanics(s.refuseHosts(next)))
}

// refuseOrigins answers 403 to pages of other origins.
func (s *Server) refuseOrigins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Origin")
		if s.strangers.allowsOrigin(r) {
			next.ServeHTTP(w, r)
			return
		}
		origin := r.Header.Get("Origin")
		s.config.Log.Log(r.Context(), s.origins.level(time.Now()), "origin refused", "origin", shortened(origin), "host", r.Host, "remote", r.RemoteAddr, "flag", "--allow-origin")
		s.refused(errOrigin)
		writeProblem(w, errOrigin)
	})
}

// shortened is what the log gets of a stranger's words.
func shortened(s string) string { return fmt.Sprintf("%.100s", s) }

var errOrigin = refuse(broadcast.CodeForbidden, "Pages of this origin may not use the relay; its flag --allow-origin can name it.")

func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}
