package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/pflag"

	"relay/static"
)

// operationOptions are for who runs the relay.
type operationOptions struct {
	adminAddr      string
	drain          time.Duration
	frameAncestors []string
}

func (o *operationOptions) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.adminAddr, "admin-addr", "", "address such as 127.0.0.1:9090 for /metrics, /debug/pprof, /healthz and /readyz; without it /metrics is served to this machine only")
	flags.DurationVar(&o.drain, "drain", 0, "how long presentations may go on after SIGTERM while nobody new is let in")
	flags.StringSliceVar(&o.frameAncestors, "frame-ancestors", nil, "site whose pages may show this relay's pages in a frame, such as https://school.example; when not given, any may show /embed and none the others; repeatable")
}

// check finds what cannot be before anything is opened.
func (o *operationOptions) check() error {
	if o.drain < 0 {
		return errors.New("--drain is a time such as 10m, not a negative one")
	}
	if _, _, err := net.SplitHostPort(o.adminAddr); o.adminAddr != "" && err != nil {
		return fmt.Errorf("--admin-addr %q: that is not an address with a port, such as 127.0.0.1:9090", o.adminAddr)
	}
	return static.CheckAncestors(o.frameAncestors)
}
