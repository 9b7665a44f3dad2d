package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"relay/broadcast"
	"relay/signaling"
	"relay/signaling/access"
	"relay/signaling/metrics"
	"relay/signaling/oneport"
	"relay/signaling/roomfile"
	"relay/static"
)

const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second // of a whole request; WebSockets have deadlines of their own
	// writeTimeout is for a page's largest file on a poor network. What lasts longer,
	// WebSockets and event streams, has deadlines of its own.
	writeTimeout   = time.Minute
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
	// lastTime is for pages being sent while the relay stops; sockets have had
	// their own time by then. All of it has to fit into 5 s.
	lastTime = 500 * time.Millisecond
)

func serveCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve the pages, and relay media",
		Long: `Serve the pages /push and /pull, and relay media between them, until SIGINT or
SIGTERM. Every flag can also be given in the environment: --udp-port as
RELAY_UDP_PORT. A flag on the command line wins.`,
		Example: `  relay serve
  relay serve --port 9000
  relay serve --host 192.168.1.20 --log-level debug
  relay serve --tls-cert relay.crt --tls-key relay.key
  RELAY_ALLOW_HOST=relay.school.example relay serve`,
		Args:    cobra.NoArgs,
		PreRunE: func(command *cobra.Command, _ []string) error { return setFromEnv(command.Flags()) },
		RunE: func(command *cobra.Command, _ []string) error {
			return serve(command.Context(), o, command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	o.register(command.Flags())
	return command
}

// serve runs the relay until ctx ends.
func serve(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	collectSooner()
	log := o.logger(stderr)
	host, err := lookUp(ctx, o.host)
	if err != nil {
		return err
	}
	opened, err := listen(host, o.port, o.udpPort, log)
	if err != nil {
		return err
	}
	s, err := prepare(o, host, opened, log)
	if err != nil {
		return errors.Join(err, opened.close())
	}
	return s.run(ctx, o, stdout)
}

// prepare reads, or makes, what a relay on these sockets needs besides.
func prepare(o options, host netip.Addr, opened sockets, log *slog.Logger) (*service, error) {
	operator, err := listenAdmin(o.operation.adminAddr)
	if err != nil {
		return nil, err
	}
	identity, err := openIdentity(o, log)
	if err != nil {
		return nil, errors.Join(err, operator.close())
	}
	guard, err := openGuard(o, log)
	if err != nil {
		return nil, errors.Join(err, operator.close())
	}
	return &service{
		host: host, sockets: opened, identity: identity, guard: guard, needs: needsOf(guard, o.access.rooms),
		admin: operator, rooms: openRooms(o, opened.tcpPort(), log), log: log,
	}, nil
}

// service is a relay with what it needs from the machine. Immutable.
type service struct {
	host     netip.Addr
	sockets  sockets
	identity identity
	guard    *access.Guard
	needs    needs
	admin    admin
	rooms    *roomfile.File
	log      *slog.Logger
}

// site is where the pages are found now: Wi-Fi comes and goes.
func (s *service) site() site {
	return site{viewersAddresses(s.host), s.sockets.tcpPort(), s.identity, s.needs}
}

// run relays until ctx ends, and closes the sockets.
func (s *service) run(ctx context.Context, o options, stdout io.Writer) error {
	counted := metrics.New(versionText())
	relay, err := broadcast.New(broadcast.Config{
		Conn: s.sockets.udp, Addresses: lanAddresses, Limits: o.limits.limits(), Log: s.log,
		Observer: counted, Rooms: s.rooms.Load(),
	})
	if err != nil {
		return errors.Join(err, s.sockets.close(), s.admin.close())
	}
	counted.Follow(relay, s.sockets.udp.Stats)
	config := signaling.Config{
		Relay: relay, Pages: static.Handler(o.operation.frameAncestors...), Log: s.log,
		AllowOrigin: o.allowOrigin, AllowHost: o.allowHost,
		Origins: func() []string { return s.site().viewersOrigins() },
		HTTPS:   s.identity.speaksHTTPS(), CA: s.identity.ca,
		Access: s.guard, WHEPHold: o.whepHold,
		Metrics: counted, AdminElsewhere: o.operation.adminAddr != "", Version: versionText(),
	}
	if s.identity.given != nil {
		config.Given = s.identity.given
	}
	front, err := signaling.New(config)
	if err != nil {
		return errors.Join(err, s.sockets.closeTCP(), s.admin.close(), relay.Close())
	}
	s.admin.serve(front, counted, s.log)
	s.announce(stdout)
	err = s.serveUntil(ctx, front, relay, o.operation.drain)
	s.log.Info("stopped")
	err = errors.Join(err, relay.Close(), s.admin.close())
	s.log.Info("media socket", "did", s.sockets.udp.Stats())
	return err
}

// announce says where the relay listens: to people, and to the log.
func (s *service) announce(stdout io.Writer) {
	s.log.Info("listening", "addr", s.sockets.tcp.Addr().String(), "udp", s.sockets.udp.LocalAddr().String(), "version", versionText())
	s.admin.announce(s.log)
	s.sockets.logBuffers(s.log)
	if _, err := io.WriteString(stdout, s.site().banner(codeFor(stdout))); err != nil {
		s.log.Warn("the addresses could not be printed", "cause", err)
	}
}

// serveUntil serves until ctx ends, and what is drained then, or until a listener
// fails; then everybody is told.
func (s *service) serveUntil(ctx context.Context, front *signaling.Server, relay *broadcast.Relay, drainTime time.Duration) error {
	stopFollowing := s.follow(relay)
	server := s.httpServer(front)
	bounded := bound(server)
	failed := make(chan error, 2*len(s.sockets.listeners()))
	for _, listener := range s.sockets.listeners() {
		s.serveOn(listener, server, bounded, failed)
	}
	var err error
	select {
	case <-ctx.Done():
		err = drain(relay, drainTime, failed, s.log)
	case err = <-failed:
	}
	stopFollowing()
	s.rooms.Save(relay.Save()) // while everybody is there
	front.Close()
	if err != nil {
		err = fmt.Errorf("serve HTTP: %w", err)
	}
	return errors.Join(err, shutDown(server))
}

// follow keeps up with the files of certificates and of access, and the rooms on
// disk, until stop is called.
func (s *service) follow(relay *broadcast.Relay) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var followers sync.WaitGroup
	followers.Go(func() { s.identity.follow(ctx) })
	followers.Go(func() { s.guard.Follow(ctx) })
	followers.Go(func() { s.rooms.Follow(ctx, relay.Save) })
	return func() {
		cancel()
		followers.Wait()
	}
}

func (s *service) httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		TLSConfig:         s.identity.tlsConfig(),
		ReadHeaderTimeout: readHeaderTimeout, // and of the handshake of TLS
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// serveOn starts serving what comes to a listener: HTTP and, on the same port, HTTPS.
func (s *service) serveOn(listener net.Listener, server *http.Server, bounded func(net.Listener) net.Listener, failed chan<- error) {
	if !s.identity.speaksHTTPS() {
		go func() { failed <- server.Serve(bounded(listener)) }()
		return
	}
	port := oneport.New(listener, s.log)
	go func() { failed <- server.Serve(bounded(port.HTTP())) }()
	go func() { failed <- server.ServeTLS(bounded(port.TLS()), "", "") }()
}

// shutDown gives running requests lastTime, and closes what is left.
func shutDown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), lastTime)
	defer cancel()
	if server.Shutdown(ctx) == nil {
		return nil
	}
	return server.Close()
}
