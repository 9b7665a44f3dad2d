package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// hostileOverHTTP is who abuses what speaks HTTP, and the port of it.
func hostileOverHTTP() []hostile {
	return []hostile{
		{"bad SDP over WHIP", 30 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.request(ctx, from, "POST", "/whip/"+anyOf("main", "bad", "a.b"), badSDP(), offers)
		}},
		{"bad SDP over WHEP", 30 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.request(ctx, from, "POST", "/whep/main", badSDP(), offers)
		}},
		{"sessions that never connect", 60 * time.Millisecond, halfOpen},
		{"replayed and forged secrets", 20 * time.Millisecond, forge},
		{"abuse of the API", 20 * time.Millisecond, abuseAPI},
		{"slow connections", 2 * time.Second, func(s *siege, ctx context.Context, from string) {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			besiege(ctx, from, s.address, 60).Wait()
		}},
		{"connections by the hundred", 5 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.say(ctx, from, anyOf("", "x", "\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n", "\x00\x14"+strings.Repeat("x", 20)))
		}},
		{"half a handshake", 20 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.say(ctx, from, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"+strings.Repeat("\x00", rand.IntN(600)))
		}},
		{"streams of HTTP/2 that are reset", time.Second, resetStreams},
		{"headers by the thousand", 100 * time.Millisecond, func(s *siege, ctx context.Context, from string) {
			s.say(ctx, from, "GET /pull HTTP/1.1\r\nHost: 127.0.0.1\r\n"+strings.Repeat("a: b\r\n", rand.IntN(20_000))+"\r\n")
		}},
	}
}

// badSDP is an offer that is none.
func badSDP() string {
	honest := strings.Split(honestOffer, "\r\n")
	switch rand.IntN(5) {
	case 0:
		return strings.Repeat("a=x:"+strings.Repeat("y", 200)+"\r\n", rand.IntN(1300))
	case 1:
		return honestOffer[:rand.IntN(len(honestOffer))]
	case 2:
		honest[rand.IntN(len(honest))] = "a=rtpmap:96 " + strings.Repeat("V", rand.IntN(1000))
	case 3:
		return strings.Replace(honestOffer, "\r\na=mid:0", strings.Repeat("\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host", rand.IntN(100))+"\r\na=mid:0", 1)
	case 4:
		return honestOffer + strings.Repeat("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:9\r\n", rand.IntN(200))
	}
	return strings.Join(honest, "\r\n")
}

const honestOffer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n" +
	"a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\na=setup:actpass\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1\r\n"

// halfOpen opens a session, and never comes.
func halfOpen(s *siege, ctx context.Context, from string) {
	if rand.IntN(2) == 0 {
		s.request(ctx, from, "POST", "/whep/main", honestOffer, offers)
		return
	}
	s.request(ctx, from, "POST", fmt.Sprintf("/whip/half%d", rand.IntN(50)), strings.Replace(honestOffer, "recvonly", "sendonly", 1), offers)
}

// forge shows secrets that are not, or not any more.
func forge(s *siege, ctx context.Context, from string) {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	none := part(`{"alg":"none"}`) + "." + part(`{"room":"*","roles":["manage"],"exp":99999999999}`) + "."
	signed := part(`{"alg":"HS256"}`) + "." + part(`{"room":"*","roles":["manage"],"exp":99999999999}`) + "." + part(strings.Repeat("x", 32))
	secret := "Authorization: Bearer " + anyOf(none, signed, strings.Repeat("A", rand.IntN(9000)), "", "x.y.z", part(fmt.Sprint(rand.Uint64())))
	switch rand.IntN(4) {
	case 0:
		s.request(ctx, from, "POST", "/whip/main", strings.Replace(honestOffer, "recvonly", "sendonly", 1), offers, secret, "Relay-Resume: "+fmt.Sprint(rand.Uint64()))
	case 1:
		s.request(ctx, from, "DELETE", "/api/rooms/main", "", secret)
	case 2:
		s.request(ctx, from, "DELETE", fmt.Sprintf("/whep/main/%x", rand.Uint64()), "", secret)
	case 3: // one's own, again
		_, header, _ := s.request(ctx, from, "POST", "/whep/main", honestOffer, offers)
		for range 3 {
			s.request(ctx, from, "DELETE", header.Get("Location"), "")
		}
	}
}

// abuseAPI sends what the API does not know.
func abuseAPI(s *siege, ctx context.Context, from string) {
	path := "/api/rooms/" + anyOf("main", "a.b", "%00", strings.Repeat("x", 64), "../..") + anyOf("", "/viewers", "/viewers/1", "/blocked", "/requests", "/requests/1", "/x")
	body := anyOf("", "{", `{"locked":1}`, `{"maxViewers":-1}`, `{"secret":"`+strings.Repeat("s", 40)+`"}`, strings.Repeat("[", 5000), strings.Repeat("x", rand.IntN(300_000)))
	s.request(ctx, from, anyOf("GET", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "BREW"), path, body,
		"Content-Type: application/json", "Accept: "+anyOf("*/*", ";;;", strings.Repeat("a/b,", 1000)), "If-Match: "+anyOf("*", `"`, strings.Repeat(`"x",`, 500)))
}

// say opens a connection, says something and hangs up soon.
func (s *siege) say(ctx context.Context, from, what string) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(200 * time.Millisecond))
	_, _ = conn.Write([]byte(what))
	if rand.IntN(10) == 0 {
		_, _ = conn.Read(make([]byte, 100))
	}
}

// resetStreams opens streams of HTTP/2 and resets each at once, for a second.
func resetStreams(s *siege, ctx context.Context, from string) {
	dialer := &tls.Dialer{
		NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: time.Second},
		Config:    &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}},
	}
	conn, err := dialer.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte(http2.ClientPreface))
	framer := http2.NewFramer(conn, conn)
	_ = framer.WriteSettings()
	var block strings.Builder
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{{":method", "GET"}, {":path", "/static/js/relay-player.js"}, {":scheme", "https"}, {":authority", s.address}} {
		_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	for stream := uint32(1); stream < 1000 && ctx.Err() == nil; stream += 2 {
		if framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte(block.String()), EndStream: true, EndHeaders: true}) != nil {
			return // the relay has had enough
		}
		_ = framer.WriteRSTStream(stream, http2.ErrCodeCancel)
		time.Sleep(2 * time.Millisecond)
	}
}
