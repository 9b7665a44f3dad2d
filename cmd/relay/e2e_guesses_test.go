package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// promptAnswers wrong keys of one address are answered at once, after these
	// so many a second.
	promptAnswers    = 20
	answersPerSecond = 5
)

// guesser tries one key after the other, at both kinds of doors, from one address.
type guesser struct {
	t      *testing.T
	relay  *relay
	client *http.Client

	tried    atomic.Int64
	answered atomic.Int64 // the key is wrong
	limited  atomic.Int64 // too many were
}

// TestTenThousandWrongKeys: their answers come at a bounded rate, and whoever has the
// right key, at the same address, gets in at once meanwhile.
func TestTenThousandWrongKeys(t *testing.T) {
	r := startRelay(t, "--publish-key", "the-right-publish-key", "--view-key", "the-right-view-key")
	g := &guesser{t: t, relay: r, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: patience}}
	defer g.client.CloseIdleConnections()
	enough := int64(length(1000, 10_000))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	began := time.Now()
	var guessers sync.WaitGroup
	for range 50 {
		guessers.Go(func() { g.guess(ctx, g.overHTTP) })
	}
	for range 10 {
		guessers.Go(func() { g.guess(ctx, g.overWebSocket) })
	}
	var worst [2]time.Duration
	rights := 0
	for ; g.tried.Load() < enough || time.Since(began) < seconds(2, 20); rights++ {
		for i, key := range []func() string{g.rightOverHTTP, g.rightOverWebSocket} {
			tried := time.Now()
			if got := key(); got != "in" {
				t.Fatalf("the right key: %s", got)
			}
			worst[i] = max(worst[i], time.Since(tried))
		}
		pause(ctx, 20*time.Millisecond) // or it would join more often than all may together
	}
	took, answered := time.Since(began), g.answered.Load()
	stop()
	guessers.Wait()
	rate := float64(answered-promptAnswers) / took.Seconds()
	if rate > answersPerSecond*1.1 {
		t.Errorf("%.1f answers a second, want %d", rate, answersPerSecond)
	}
	if answered < promptAnswers || max(worst[0], worst[1]) > time.Second {
		t.Errorf("%d answers; the right key took up to %v and %v", answered, worst[0], worst[1])
	}
	figure(t, "access-2: %d wrong keys of one address in %.1f s by 60 at once: %d were answered (%d at once, then %.1f a second), %d turned away; "+
		"the right key %d times meanwhile: in within %d ms by WHIP, %d ms by WebSocket",
		g.tried.Load(), took.Seconds(), answered, promptAnswers, rate, g.limited.Load(), rights, worst[0].Milliseconds(), worst[1].Milliseconds())
}

func (g *guesser) guess(ctx context.Context, try func(key string) string) {
	for ctx.Err() == nil {
		switch got := try(fmt.Sprintf("wrong-key-%08d", g.tried.Add(1))); got {
		case "unauthorized key":
			g.answered.Add(1)
		case "rate-limited":
			g.limited.Add(1)
		default:
			g.t.Errorf("a wrong key: %s", got)
			return
		}
	}
}

// overHTTP returns the code and the reason of a refusal, "in" for none.
func (g *guesser) overHTTP(key string) string {
	request, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:"+g.relay.port+"/whip/math", strings.NewReader("no offer"))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Content-Type", "application/sdp")
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := g.client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	var problem struct{ Code, Reason string }
	decode(body, &problem)
	if problem.Code == "bad-request" { // of the offer: the key was right
		return "in"
	}
	return strings.TrimSpace(problem.Code + " " + problem.Reason)
}

func (g *guesser) overWebSocket(key string) string {
	ws, _, err := websocket.DefaultDialer.Dial("ws://127.0.0.1:"+g.relay.port+"/ws/pull/math", nil)
	if err != nil {
		return err.Error()
	}
	defer ws.Close()
	var m struct{ Type, Code, Reason string }
	err = ws.WriteJSON(map[string]string{"type": "join", "key": key})
	if err == nil {
		err = ws.ReadJSON(&m)
	}
	if err != nil {
		return err.Error()
	}
	if m.Type == "welcome" {
		_ = ws.WriteJSON(map[string]string{"type": "leave"})
		return "in"
	}
	return strings.TrimSpace(m.Code + " " + m.Reason)
}

func (g *guesser) rightOverHTTP() string      { return g.overHTTP("the-right-publish-key") }
func (g *guesser) rightOverWebSocket() string { return g.overWebSocket("the-right-view-key") }
