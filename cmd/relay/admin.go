package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"syscall"

	"relay/signaling"
	"relay/signaling/metrics"
)

// admin is what an operator's programs look at, on an address of its own that
// strangers do not reach. The zero admin is none.
type admin struct {
	listener net.Listener
	server   *http.Server
}

// listenAdmin opens the address of --admin-addr; "" is none.
func listenAdmin(addr string) (admin, error) {
	if addr == "" {
		return admin{}, nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return admin{}, cannotListenAdmin(addr, err)
	}
	return admin{listener: listener}, nil
}

// announce says in the log where it is.
func (a *admin) announce(log *slog.Logger) {
	if a.listener == nil {
		return
	}
	local := a.listener.Addr().(*net.TCPAddr)
	log.Info("admin listening", "addr", local.String(), "metrics", "http://"+local.String()+"/metrics")
	if !local.IP.IsLoopback() {
		log.Warn("--admin-addr asks nobody for a key: whoever reaches the address reads the relay's figures and its memory", "addr", local.String())
	}
}

func cannotListenAdmin(addr string, err error) error {
	why := "that is neither an address nor a name of this machine"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = "it is in use by another program; stop that, or choose another port"
	case errors.Is(err, os.ErrPermission):
		why = "this user may not open it; choose a port of 1024 or more"
	}
	return &listenError{fmt.Sprintf("--admin-addr %q: %s", addr, why), err}
}

// serve starts answering, until close.
func (a *admin) serve(front *signaling.Server, m *metrics.Metrics, log *slog.Logger) {
	if a.listener == nil {
		return
	}
	a.server = &http.Server{
		Handler:           adminHandler(front, m),
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("admin address serves no more", "cause", err)
		}
	}()
}

// adminHandler has no /debug/pprof/cmdline: keys may stand on the command line.
func adminHandler(front *signaling.Server, m *metrics.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", front.ServeHealth)
	mux.HandleFunc("GET /readyz", front.ServeReady)
	mux.Handle("GET /metrics", m)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return front.KeepFromStrangers(mux)
}

// close ends it at once: nobody there is to be told anything.
func (a *admin) close() error {
	switch {
	case a.server != nil:
		return a.server.Close()
	case a.listener != nil:
		return a.listener.Close()
	}
	return nil
}
