package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// slowness is what somebody says on a connection who then lets the relay wait.
var slowness = map[string]string{
	"no word":         "",
	"half a header":   "GET /pull HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
	"half a body":     "POST /whip/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/sdp\r\nContent-Length: 100000\r\n\r\nv=0",
	"reading nothing": strings.Repeat("GET /static/js/relay-player.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 200),
	"idle":            "GET /api/rooms/slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
}

// besiege opens so many connections of each kind from an address until the context
// ends; who is hung up on comes again.
func besiege(ctx context.Context, from, to string, each int) (ended *sync.WaitGroup) {
	ended = &sync.WaitGroup{}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	for _, says := range slowness {
		for range each {
			ended.Go(func() {
				for ctx.Err() == nil {
					linger(ctx, dialer, to, says)
				}
			})
		}
	}
	return ended
}

// linger is one such connection. It reads as slowly as TCP lets it.
func linger(ctx context.Context, dialer *net.Dialer, to, says string) {
	conn, err := dialer.DialContext(ctx, "tcp", to)
	if err == nil {
		defer conn.Close()
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		_ = conn.(*net.TCPConn).SetReadBuffer(4096)
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(conn, says)
	}
	for err == nil { // until the relay hangs up
		pause(ctx, 300*time.Millisecond)
		_, err = conn.Read(make([]byte, 1))
	}
	pause(ctx, 300*time.Millisecond)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// TestSlowClientsKeepNobodyOut: one address opens more connections than the relay
// has descriptors for, and takes its time on each. Others are served all the same.
func TestSlowClientsKeepNobodyOut(t *testing.T) {
	r := startRelayIn(t, place{"prlimit", "--nofile=400:400"})
	ctx, stop := context.WithCancel(t.Context())
	besiegers := besiege(ctx, "127.0.0.2", "127.0.0.1:"+r.port, 120)
	defer besiegers.Wait()
	defer stop()
	pause(ctx, 2*time.Second) // until all of them are there
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	const visits = 30
	slowest, failed := time.Duration(0), 0
	for range visits {
		began := time.Now()
		response, err := client.Get("http://127.0.0.1:" + r.port + "/pull")
		if err != nil {
			failed++
			t.Log(err)
			continue
		}
		_ = response.Body.Close()
		slowest = max(slowest, time.Since(began))
	}
	if failed > 0 {
		t.Errorf("%d of %d visits failed", failed, visits)
	}
	figure(t, "access-6: %d slow connections from one address, with 400 descriptors: %d of %d visits from another were served, the slowest in %v",
		120*len(slowness), visits-failed, visits, slowest.Round(time.Millisecond))
}
