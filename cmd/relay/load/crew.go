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
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"relay/cmd/relay/load/resource"
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
	publisher   *publisher // nil without one; set before viewers join

	mu       sync.Mutex
	joined   []*viewer      // have connected; only grows; guarded by mu
	failures map[string]int // of joins, by reason; guarded by mu
}

func newCrew(o Options) (*crew, error) {
	c := &crew{options: o, epoch: time.Now().Round(0), failures: map[string]int{}}
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
	c.failures[resource.Reason(err)]++
}

// join adds the viewer of this number.
func (c *crew) join(ctx context.Context, number int) error {
	v, err := c.newViewer(number, isProbe(number, c.options.Probes, c.options.Viewers))
	if err != nil {
		return err
	}
	c.impair(v)
	ctx, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	if err := v.join(ctx, c.client(c.options.WHEP)); err != nil {
		v.giveUp()
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
	if v.number < c.options.Slow.Viewers {
		v.socket.Slow(c.options.Slow.Rate)
	}
}

// isProbe spreads probes evenly over the order of joining.
func isProbe(number, probes, viewers int) bool {
	probes = min(probes, viewers)
	return number*probes/viewers != (number-1)*probes/viewers || number == 0
}

// disband deletes every session and ends every peer, within leaveWithin.
func (c *crew) disband() (left int) {
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	viewers := c.viewers()
	var deleted, busy sync.WaitGroup
	var mu sync.Mutex
	failed := 0
	slots := make(chan struct{}, joinsAtOnce)
	for _, v := range viewers {
		slots <- struct{}{}
		deleted.Go(func() {
			defer func() { <-slots }()
			if err := v.leave(ctx); err != nil {
				mu.Lock()
				failed++
				mu.Unlock()
			}
		})
	}
	deleted.Wait()
	if p := c.publisher; p != nil {
		if err := p.leave(ctx); err != nil {
			failed++
		}
		p.close()
	}
	for _, v := range viewers {
		busy.Go(v.close)
	}
	busy.Wait()
	_ = c.poller.Close()
	c.http.CloseIdleConnections()
	return failed
}
