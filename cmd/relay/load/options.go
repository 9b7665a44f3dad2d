package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"

	"relay/cmd/relay/load/source"
)

const (
	maxViewers  = 5000
	maxDuration = time.Hour
	maxRamp     = 10 * time.Minute
	// filesBeside is what a run opens beside a socket for each viewer.
	filesBeside = 2*joinsAtOnce + 16
)

// Options is what a run does.
type Options struct {
	// WHEP is where viewers come from. WHIP, when not nil, is where a synthetic
	// publisher sends Source to.
	WHEP, WHIP *url.URL
	// Token is the bearer token of both, "" for none.
	Token    string
	Source   source.Options
	Viewers  int
	Probes   int           // of the viewers; they decrypt
	JoinRate float64       // viewers a second
	Duration time.Duration // of what is measured, from when all have joined
	// Loss is the share (0 to 1) of packets that every viewer drops, and asks for again.
	Loss float64
	// Slow makes the first Slow.Viewers viewers read Slow.Rate bits a second.
	Slow Slow
	// Verify compares what probes get with what was sent, as far as that is known,
	// and with what they got before. It takes memory for each packet.
	Verify bool
	// PID is the server's process, 0 for none: its CPU and memory are measured.
	PID int
	// TargetIsMine allows targets that are not on loopback.
	TargetIsMine bool
	// Insecure takes the server's certificate whoever has signed it.
	Insecure bool
}

// Slow is how many viewers read at what rate, in bits a second.
type Slow struct{ Viewers, Rate int }

// check says what of the options can't be, in a sentence.
func (o *Options) check() error {
	switch {
	case o.WHEP == nil:
		return errors.New("--whep is missing: the URL that viewers play from, such as http://127.0.0.1:8080/whep/main")
	case o.Viewers < 1 || o.Viewers > maxViewers:
		return fmt.Errorf("--viewers has to be 1 to %d", maxViewers)
	case o.Probes < 1:
		return errors.New("--probes has to be 1 or more: without one nothing is known of delay")
	case !(o.JoinRate > 0):
		return errors.New("--join-rate has to be more than 0 viewers a second")
	case float64(o.Viewers)/o.JoinRate > maxRamp.Seconds():
		return fmt.Errorf("--join-rate is too small: all %d viewers have to join within %v", o.Viewers, maxRamp)
	case o.Duration <= 0 || o.Duration > maxDuration:
		return fmt.Errorf("--duration has to be more than 0 and at most %v", maxDuration)
	case !(o.Loss >= 0 && o.Loss < 1):
		return errors.New("--loss is a share from 0 to less than 1: 0.05 is 5 %")
	case o.PID < 0:
		return errors.New("--pid has to be the number of a running process; is the server running?")
	case o.Slow.Viewers < 0 || o.Slow.Viewers > o.Viewers || o.Slow.Viewers > 0 && o.Slow.Rate <= 0:
		return errors.New("--slow is N:RATE, with no more than --viewers and a rate above 0")
	}
	return o.checkFiles()
}

// checkFiles sees to it that the run does not end at the limit of open files: what
// can't be opened can't be deleted either.
func (o *Options) checkFiles() error {
	if limit := maxFiles(); limit > 0 && o.Viewers+filesBeside > limit {
		return fmt.Errorf("%d viewers take %d open files, and this process may have %d: raise the limit (ulimit -n)", o.Viewers, o.Viewers+filesBeside, limit)
	}
	return nil
}

// ramp is how long it takes until the last viewer is told to join.
func (o *Options) ramp() time.Duration {
	return time.Duration(float64(o.Viewers) / o.JoinRate * float64(time.Second))
}

// endpoints are the URLs of the run.
func (o *Options) endpoints() []*url.URL {
	if o.WHIP == nil {
		return []*url.URL{o.WHEP}
	}
	return []*url.URL{o.WHEP, o.WHIP}
}

// allow refuses a URL that is not on this machine, unless the target is the
// user's own: hundreds of viewers are an attack on anybody else.
func (o *Options) allow(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%s is not an http or https URL", u.Redacted())
	}
	if o.TargetIsMine {
		return nil
	}
	addrs, err := lookup(u.Hostname())
	if err != nil {
		return err
	}
	for _, addr := range addrs {
		if !addr.IsLoopback() {
			return fmt.Errorf("%s is not on this machine; add --target-is-mine if you may put this load on it", u.Hostname())
		}
	}
	return nil
}

func lookup(host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", host, err)
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	return addrs, nil
}

// localAddr is the address that this machine speaks to the URL's host from.
func localAddr(u *url.URL) (netip.Addr, error) {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	conn, err := net.Dial("udp", net.JoinHostPort(u.Hostname(), port)) // sends nothing
	if err != nil {
		return netip.Addr{}, fmt.Errorf("find a way to %s: %w", u.Host, err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}
