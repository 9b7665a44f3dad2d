package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// hostileOverWebSocket is who abuses the pages' way in.
func hostileOverWebSocket() []hostile {
	return []hostile{
		{"bad SDP over WebSocket", 100 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.converse(ctx, from, 20, func(int) any { return map[string]any{"type": "offer", "sdp": badSDP()} })
		}},
		{"messages by the thousand", 500 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.converse(ctx, from, 1000, func(i int) any {
				return map[string]any{"type": anyOf("ping", "candidate", "join", "picture", "x"), "candidate": map[string]any{"candidate": fmt.Sprint(i)}}
			})
		}},
		{"giant messages", 300 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.converse(ctx, from, 2, func(i int) any {
				return map[string]any{"type": "offer", "sdp": strings.Repeat("x", []int{1 << 20, 17 << 20}[i])}
			})
		}},
		{"slow readers of WebSockets", time.Second, readNothing},
		{"sockets that do not join", 20 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			if socket := s.dial(ctx, from, anyOf("push", "pull")+"/x"); socket != nil {
				time.AfterFunc(2*time.Second, func() { _ = socket.Close() })
			}
		}},
		{"rooms by the hundred", 50 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			if socket := s.dial(ctx, from, fmt.Sprintf("%s/room%d", anyOf("push", "pull"), rand.IntN(500))); socket != nil {
				_ = socket.WriteJSON(map[string]any{"type": "join", "name": strings.Repeat("n", 60), "device": strings.Repeat("d", 32)})
				time.AfterFunc(time.Second, func() { _ = socket.Close() })
			}
		}},
	}
}

// dial opens a WebSocket, if the relay lets it in.
func (s *siege) dial(ctx context.Context, from, path string) *websocket.Conn {
	dialer := websocket.Dialer{
		NetDialContext:   (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: time.Second}).DialContext,
		HandshakeTimeout: 2 * time.Second,
	}
	socket, _, err := dialer.DialContext(ctx, "ws://"+s.address+"/ws/"+path, nil)
	if err != nil {
		return nil
	}
	_ = socket.SetWriteDeadline(time.Now().Add(5 * time.Second))
	return socket
}

// converse joins, and sends messages until the relay has had enough.
func (s *siege) converse(ctx context.Context, from string, count int, message func(i int) any) {
	socket := s.dial(ctx, from, anyOf("push/x", "pull/main"))
	if socket == nil {
		return
	}
	defer socket.Close()
	_ = socket.WriteJSON(map[string]any{"type": "join", "resume": fmt.Sprint(rand.Uint64())})
	for i := range count {
		if ctx.Err() != nil || socket.WriteJSON(message(i)) != nil {
			return
		}
		if i%50 == 49 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	_ = socket.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, _, _ = socket.ReadMessage()
}

// readNothing asks for much on some sockets, and reads none of it.
func readNothing(s *siege, ctx context.Context, from string) {
	for range 10 {
		socket := s.dial(ctx, from, "pull/main")
		if socket == nil {
			return
		}
		_ = socket.NetConn().(*net.TCPConn).SetReadBuffer(4096)
		_ = socket.WriteJSON(map[string]any{"type": "join"})
		for range 300 {
			_ = socket.WriteJSON(map[string]any{"type": "offer", "sdp": "x"})
		}
		time.AfterFunc(5*time.Second, func() { _ = socket.Close() })
	}
}
