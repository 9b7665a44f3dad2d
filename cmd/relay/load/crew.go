package load

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"relay/cmd/relay/load/resource"
	"relay/cmd/relay/load/verify"
	"relay/cmd/relay/load/wire"
)

// crew is all peers of a run, and what they share.
type crew struct {
	// Static after construction.
	options     Options
	epoch       time.Time // of the clock; wall time, as the kernel's time stamps are
	local       netip.Addr
	poller      *wire.Poller
	certificate webrtc.Certificate
	http        *http.Client
	ledger      *verify.Ledger // of the publisher; nil without one, or if nothing is verified
	publisher   *publisher     // nil without one; set before viewers join

	// last is for what is said to the server: it ends soon after the run has, so that
	// whoever presses Ctrl-C does not wait for a server that hangs.
	last    context.Context
	endLast context.CancelFunc

	waiting   atomic.Int64 // viewers who were told that nobody presents
	undeleted atomic.Int64 // sessions whose DELETE failed

	mu       sync.Mutex
	joined   []*viewer      // have connected; only grows; guarded by mu
	failures map[string]int // of joins, by reason; guarded by mu
}

func newCrew(o Options) (*crew, error) {
	c := &crew{options: o, epoch: time.Now().Round(0), failures: map[string]int{}}
	c.last, c.endLast = context.WithCancel(context.Background())
	if o.Verify && o.WHIP != nil {
		c.ledger = verify.NewLedger()
	}
	for _, u := range o.endpoints() {
		if err := o.allow(u); err != nil {
			return nil, err
		}
	}
	var err error
	if c.local, err = localAddr(o.WHEP); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	c.certificate = *certificate
	c.http = &http.Client{Transport: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: joinsAtOnce,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: o.Insecure}, // the user's own decision
	}}
	if c.poller, err = wire.NewPoller(); err != nil {
		return nil, fmt.Errorf("make a poller: %w", err)
	}
	return c, nil
}

// now is the moment on the crew's clock.
func (c *crew) now() time.Duration { return c.at(time.Now()) }

// at is a wall-clock time on the crew's clock.
func (c *crew) at(t time.Time) time.Duration { return t.Round(0).Sub(c.epoch) }

func (c *crew) client(endpoint *url.URL) *resource.Client {
	return &resource.Client{HTTP: c.http, Endpoint: endpoint, Token: c.options.Token, Allow: c.options.allow}
}

// viewers are those that have connected.
func (c *crew) viewers() []*viewer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clip(c.joined)
}

func (c *crew) failed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures[reason(err)]++
}

// reason is an error in words, with what to do about it where that is known.
func reason(err error) string {
	text := resource.Reason(err)
	if strings.HasPrefix(text, "certificate") {
		text += "; add --insecure to take it"
	}
	return text
}

// join adds the viewer of this number.
func (c *crew) join(ctx context.Context, number int) error {
	slow := c.options.Slow.Viewers
	v, err := c.newViewer(number, isProbe(number-slow, c.options.Probes, c.options.Viewers-slow))
	if err != nil {
		return err
	}
	v.slow = number < slow
	c.impair(v)
	ctx, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	if err := v.join(ctx, c.client(c.options.WHEP)); err != nil {
		c.leave(v.leave)
		v.close()
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joined = append(c.joined, v)
	return nil
}

// impair makes a viewer's network as bad as was asked for.
func (c *crew) impair(v *viewer) {
	v.socket.Lose(c.options.Loss, uint64(v.number))
	if v.slow {
		v.socket.Slow(c.options.Slow.Rate)
	}
}

// outlasting is a context that ends a little after ctx, within the last one.
func (c *crew) outlasting(ctx context.Context) context.Context {
	later, cancel := context.WithCancel(c.last)
	context.AfterFunc(ctx, func() { time.AfterFunc(postOutlasts, cancel) })
	return later
}

// leave ends a session with what is left of the last context, but not for ever.
func (c *crew) leave(leave func(context.Context) error) {
	ctx, cancel := context.WithTimeout(c.last, deleteWithin)
	defer cancel()
	if err := leave(ctx); err != nil {
		c.undeleted.Add(1)
	}
}

// isProbe spreads probes evenly over the order of joining. The slow, whose numbers
// are below 0 here, are none: what they see is the tester's own doing.
func isProbe(number, probes, viewers int) bool {
	probes = min(probes, viewers)
	return number >= 0 && (number == 0 || number*probes/viewers != (number-1)*probes/viewers)
}

// hurry bounds what is still to be said to the server.
func (c *crew) hurry() { time.AfterFunc(leaveWithin, c.endLast) }

// disband deletes every session and ends every peer.
func (c *crew) disband() {
	c.hurry()
	defer c.endLast()
	var leaving sync.WaitGroup
	slots := make(chan struct{}, joinsAtOnce)
	for _, v := range c.viewers() {
		slots <- struct{}{}
		leaving.Go(func() {
			defer func() { <-slots }()
			c.leave(v.leave)
			v.close()
		})
	}
	leaving.Wait()
	if p := c.publisher; p != nil {
		c.leave(p.leave)
		p.close()
	}
	_ = c.poller.Close()
	c.http.CloseIdleConnections()
}
