package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// TestJoinFloodKeepsNobodyOut: one address joins without an end, far over the rate
// that all may have. Others come in at once.
func TestJoinFloodKeepsNobodyOut(t *testing.T) {
	r := startRelay(t, "--max-join-rate", "20")
	ctx, stop := context.WithCancel(t.Context())
	s := &siege{t: t, address: "127.0.0.1:" + r.port}
	var let, refused atomic.Int64
	var crowd sync.WaitGroup
	for range 20 {
		crowd.Go(func() {
			for ctx.Err() == nil {
				if s.joins(ctx, "127.0.1.1") {
					let.Add(1)
				} else {
					refused.Add(1)
				}
			}
		})
	}
	waitFor(t, "joins to be refused", func() bool { return refused.Load() > 20 })
	const newcomers = 10
	in, slowest := 0, time.Duration(0)
	for i := range newcomers {
		began := time.Now()
		if s.joins(ctx, fmt.Sprintf("127.0.2.%d", i+1)) {
			in++
		}
		slowest = max(slowest, time.Since(began))
		pause(ctx, 200*time.Millisecond)
	}
	stop()
	crowd.Wait()
	if in < newcomers {
		t.Errorf("%d of %d newcomers were let in", in, newcomers)
	}
	figure(t, "access-6: beside one address that joins without an end (%d let in, %d refused) %d of %d newcomers from others were let in, the slowest after %v",
		let.Load(), refused.Load(), in, newcomers, slowest.Round(time.Millisecond))
}

// joins is true for who was let in, and leaves.
func (s *siege) joins(ctx context.Context, from string) bool {
	socket := s.dial(ctx, from, "pull/main")
	if socket == nil {
		return false
	}
	defer socket.Close()
	_ = socket.SetReadDeadline(time.Now().Add(5 * time.Second))
	var said message
	if socket.WriteJSON(map[string]any{"type": "join"}) != nil || socket.ReadJSON(&said) != nil {
		return false
	}
	_ = socket.WriteMessage(websocket.TextMessage, []byte(`{"type":"leave"}`))
	return said.Type == "welcome"
}
