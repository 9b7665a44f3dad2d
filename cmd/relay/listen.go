package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"relay/broadcast/udp"
)

// sockets are the relay's: TCP for pages and signaling, UDP for media.
type sockets struct {
	tcp *net.TCPListener
	// local is for the presenter, with --host: only localhost is a secure context
	// without HTTPS. Nil when tcp listens there too.
	local *net.TCPListener
	udp   *udp.Conn
}

func (s sockets) listeners() []net.Listener {
	if s.local == nil {
		return []net.Listener{s.tcp}
	}
	return []net.Listener{s.tcp, s.local}
}

func (s sockets) closeTCP() error {
	var errs []error
	for _, l := range s.listeners() {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

func (s sockets) close() error { return errors.Join(s.closeTCP(), s.udp.Close()) }

func (s sockets) tcpPort() uint16 { return s.tcp.Addr().(*net.TCPAddr).AddrPort().Port() }

// freePortTries is how often a free TCP port may turn out to be taken on UDP.
const freePortTries = 20

// listen opens both sockets. With port 0 and no UDP port they get one free number.
func listen(host netip.Addr, tcpPort, udpPort port, log *slog.Logger) (sockets, error) {
	if tcpPort != 0 || udpPort != 0 {
		return listenOn(host, tcpPort, udpPort, log)
	}
	var opened sockets
	var err error
	for range freePortTries {
		opened, err = listenOn(host, 0, 0, log)
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return opened, err
}

func listenOn(host netip.Addr, tcpPort, udpPort port, log *slog.Logger) (sockets, error) {
	tcp, err := net.ListenTCP("tcp", tcpAddr(host, tcpPort))
	if err != nil {
		return sockets{}, cannotListen("TCP", tcpPort, "--port", err)
	}
	opened := sockets{tcp: tcp}
	if !host.IsUnspecified() && !host.IsLoopback() {
		if opened.local, err = net.ListenTCP("tcp", tcpAddr(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port(opened.tcpPort()))); err != nil {
			return sockets{}, errors.Join(cannotListen("TCP", tcpPort, "--port", err), tcp.Close())
		}
	}
	if udpPort == 0 {
		udpPort = port(opened.tcpPort())
	}
	unsegmented := udp.OnUnsegmented(func(cause error) { logUnsegmented(log, cause) })
	if opened.udp, err = udp.Listen(netip.AddrPortFrom(host, uint16(udpPort)), unsegmented); err != nil {
		return sockets{}, errors.Join(cannotListen("UDP", udpPort, "--udp-port", err), opened.closeTCP())
	}
	return opened, nil
}

func logUnsegmented(log *slog.Logger, cause error) {
	log.Warn("the kernel or the network does not take several UDP packets as one message (UDP_SEGMENT): each is written by itself, and a viewer costs more CPU", "cause", cause)
}

// logBuffers tells once how to have larger buffers, where they are small.
func (s sockets) logBuffers(log *slog.Logger) {
	if advice := s.udp.Buffers().Advice(); advice != "" {
		log.Warn("the kernel grants small socket buffers", "advice", advice)
	}
}

// tcpAddr leaves an unspecified address out: Go then listens on IPv6 and IPv4.
func tcpAddr(host netip.Addr, p port) *net.TCPAddr {
	if host.IsUnspecified() {
		return &net.TCPAddr{Port: int(p)}
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(host, uint16(p)))
}

// cannotListen says what to do about it.
func cannotListen(network string, p port, flag string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return &listenError{fmt.Sprintf("%s port %d is in use by another program; stop that, or choose another port with %s", network, p, flag), err}
	case errors.Is(err, os.ErrPermission):
		return &listenError{fmt.Sprintf("this user may not open %s port %d; choose one of 1024 or more with %s", network, p, flag), err}
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return &listenError{"this machine does not have the address given with --host", err}
	}
	return fmt.Errorf("open %s port %d: %w", network, p, err)
}

// listenError tells a sentence instead of the kernel's word.
type listenError struct {
	sentence string
	cause    error
}

func (e *listenError) Error() string { return e.sentence }
func (e *listenError) Unwrap() error { return e.cause }

// lookUp turns --host into an address; none stands for all.
func lookUp(ctx context.Context, host string) (netip.Addr, error) {
	if host == "" {
		return netip.IPv6Unspecified(), nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addrs) == 0 {
		return netip.Addr{}, fmt.Errorf("--host %s: that is neither an address nor a name of this machine", strconv.Quote(host))
	}
	return addrs[0].Unmap(), nil
}
