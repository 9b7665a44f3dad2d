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
	"time"

	"github.com/spf13/cobra"

	"relay/broadcast"
	"relay/signaling"
	"relay/static"
)

const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second // of a whole request; WebSockets have deadlines of their own
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// drainTime is for pages being sent while the relay stops; sockets have had
	// their own time by then. All of it has to fit into 5 s.
	drainTime = 500 * time.Millisecond
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
	log := o.logger(stderr)
	host, err := lookUp(ctx, o.host)
	if err != nil {
		return err
	}
	opened, err := listen(host, o.port, o.udpPort)
	if err != nil {
		return err
	}
	relay, err := broadcast.New(broadcast.Config{Conn: opened.udp, Addresses: lanAddresses, Log: log})
	if err != nil {
		return errors.Join(err, opened.close())
	}
	front, err := signaling.New(signaling.Config{
		Relay: relay, Pages: static.Handler(), AllowOrigin: o.allowOrigin, AllowHost: o.allowHost, Log: log,
		Hosts: func() []string { return hostPorts(viewersAddresses(host), opened.tcpPort()) },
	})
	if err != nil {
		return errors.Join(err, opened.closeTCP(), relay.Close())
	}
	if err := announce(stdout, log, host, opened); err != nil {
		log.Warn("the addresses could not be printed", "cause", err)
	}
	err = serveUntil(ctx, newHTTPServer(front, log), opened.listeners(), front)
	log.Info("stopped")
	return errors.Join(err, relay.Close())
}

// announce says where the relay listens: to people, and to the log.
func announce(stdout io.Writer, log *slog.Logger, host netip.Addr, opened sockets) error {
	addr := opened.tcp.Addr()
	log.Info("listening", "addr", addr.String(), "udp", opened.udp.LocalAddr().String(), "version", versionText())
	return printBanner(stdout, viewersAddresses(host), opened.tcpPort())
}

func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// serveUntil serves until ctx ends or the listener fails; then everybody is told.
func serveUntil(ctx context.Context, server *http.Server, listeners []net.Listener, front *signaling.Server) error {
	failed := make(chan error, len(listeners))
	for _, listener := range listeners {
		go func() { failed <- server.Serve(listener) }()
	}
	select {
	case <-ctx.Done():
		front.Close()
		return drain(server)
	case err := <-failed:
		front.Close()
		return fmt.Errorf("serve HTTP: %w", err)
	}
}

// drain gives running requests drainTime, and closes what is left.
func drain(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if server.Shutdown(ctx) == nil {
		return nil
	}
	return server.Close()
}
