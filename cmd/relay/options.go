package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"relay/signaling"
)

// options are what "relay serve" can be told.
type options struct {
	host        string
	port        port
	udpPort     port
	allowOrigin []string
	allowHost   []string
	access      accessOptions
	limits      limitOptions
	stateDir    string
	tlsCert     string
	tlsKey      string
	noTLS       bool
	listRooms   bool
	whepHold    time.Duration
	operation   operationOptions
	logLevel    choice
	logFormat   choice
}

// register declares the flags. README.md has the same table; a test compares them.
func (o *options) register(flags *pflag.FlagSet) {
	o.port = 8080
	o.logLevel = choice{"info", []string{"debug", "info", "warn", "error"}}
	o.logFormat = choice{"text", []string{"text", "json"}}
	flags.StringVar(&o.host, "host", "", "address to listen on; all addresses when not given")
	flags.Var(&o.port, "port", "TCP port of pages and signaling; 0 takes a free one")
	flags.Var(&o.udpPort, "udp-port", "UDP port of media; 0 takes the number of --port")
	flags.StringSliceVar(&o.allowOrigin, "allow-origin", nil, "another origin whose pages may use this relay, such as https://school.example; repeatable")
	flags.StringSliceVar(&o.allowHost, "allow-host", nil, "host name under which this relay is reached, such as relay.school.example; repeatable")
	o.access.register(flags)
	o.limits.register(flags)
	flags.StringVar(&o.stateDir, "state-dir", "", "folder of the relay's own certificates, its tokens' secret and its rooms; when not given, this user's folder for such")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "PEM file of a certificate for HTTPS, in the place of the relay's own; read again when it changes")
	flags.StringVar(&o.tlsKey, "tls-key", "", "PEM file of the private key of --tls-cert")
	flags.BoolVar(&o.noTLS, "no-tls", false, "speak plain HTTP only, behind a proxy that speaks HTTPS")
	flags.BoolVar(&o.listRooms, "list-rooms", false, "show the names of all live rooms at /api/rooms")
	flags.DurationVar(&o.whepHold, "whep-hold", time.Minute, "how long a WHEP player stays in a room in which nobody presents any more")
	o.operation.register(flags)
	flags.Var(&o.logLevel, "log-level", "least level to log: debug, info, warn or error")
	flags.Var(&o.logFormat, "log-format", "form of the log: text or json")
}

// check finds what cannot be before anything is opened or made.
func (o *options) check() error {
	switch {
	case o.noTLS && (o.tlsCert != "" || o.tlsKey != ""):
		return errors.New("--no-tls serves no certificate: leave out --tls-cert and --tls-key, or --no-tls")
	case o.tlsCert == "" && o.tlsKey != "":
		return errors.New("--tls-key needs --tls-cert, the file with its certificate")
	case o.tlsCert != "" && o.tlsKey == "":
		return errors.New("--tls-cert needs --tls-key, the file with its private key")
	case o.whepHold < 0:
		return errors.New("--whep-hold is a time such as 60s, not a negative one")
	}
	if err := cmp.Or(o.access.check(), o.limits.check(), o.operation.check()); err != nil {
		return err
	}
	return signaling.CheckNames(o.allowOrigin, o.allowHost)
}

// logger is what the options say about the log.
func (o *options) logger(w io.Writer) *slog.Logger {
	how := &slog.HandlerOptions{Level: levels[o.logLevel.value]}
	if o.logFormat.value == "json" {
		return slog.New(slog.NewJSONHandler(w, how))
	}
	return slog.New(slog.NewTextHandler(w, how))
}

var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// port is a TCP or UDP port as a flag.
type port uint16

func (p *port) String() string { return strconv.Itoa(int(*p)) }

// Type is the word for the value in the help text.
func (p *port) Type() string { return "number" }

// Set implements pflag.Value.
func (p *port) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return errors.New("a port is a number from 0 to 65535")
	}
	*p = port(n)
	return nil
}

// choice is one of a few words as a flag.
type choice struct {
	value string
	among []string
}

func (c *choice) String() string { return c.value }

// Type is the word for the value in the help text.
func (c *choice) Type() string { return "word" }

// Set implements pflag.Value.
func (c *choice) Set(text string) error {
	if !slices.Contains(c.among, text) {
		return fmt.Errorf("choose one of %s", strings.Join(c.among, ", "))
	}
	c.value = text
	return nil
}
