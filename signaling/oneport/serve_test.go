package oneport

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// patience is for what takes milliseconds on an idle machine.
const patience = 20 * time.Second

// site is one http.Server on both sides of a Port.
type site struct {
	addr  string
	roots *x509.CertPool
}

func newSite(t *testing.T) site {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	certificate, roots := newCertificate(t)
	server := &http.Server{
		Handler:           http.HandlerFunc(answer),
		ReadHeaderTimeout: patience,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}},
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	p := New(inner, discard)
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(p.HTTP()) }()
	go func() { ended <- server.ServeTLS(p.TLS(), "", "") }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := <-ended; err != http.ErrServerClosed {
				t.Error(err)
			}
		}
	})
	return site{inner.Addr().String(), roots}
}

// newCertificate is one for 127.0.0.1 that signs itself.
func newCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// answer echoes a WebSocket's messages, and says how anything else was asked.
func answer(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		_, _ = fmt.Fprintf(w, "%s, TLS %v", r.Proto, r.TLS != nil)
		return
	}
	ws, err := new(websocket.Upgrader).Upgrade(w, r, nil)
	if err != nil {
		return // it has answered
	}
	defer ws.Close()
	for {
		kind, message, err := ws.ReadMessage()
		if err != nil || ws.WriteMessage(kind, message) != nil {
			return
		}
	}
}

func TestHTTPAndHTTPS(t *testing.T) {
	s := newSite(t)
	for _, test := range []struct {
		scheme string
		http2  bool
		want   string
	}{
		{"http", false, "HTTP/1.1, TLS false"},
		{"https", false, "HTTP/1.1, TLS true"},
		{"https", true, "HTTP/2.0, TLS true"},
	} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}, ForceAttemptHTTP2: test.http2}
		client := http.Client{Transport: transport, Timeout: patience}
		for range 2 { // the second time over the same connection
			response, err := client.Get(test.scheme + "://" + s.addr)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if string(body) != test.want || err != nil {
				t.Errorf("%s: %q, %v", test.scheme, body, err)
			}
			_ = response.Body.Close()
		}
		transport.CloseIdleConnections()
	}
}

func TestWebSocketOnBothSides(t *testing.T) {
	s := newSite(t)
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: s.roots}, HandshakeTimeout: patience}
	message := strings.Repeat("long ", 20_000)
	for _, scheme := range []string{"ws", "wss"} {
		ws, _, err := dialer.Dial(scheme+"://"+s.addr, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := ws.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := ws.ReadMessage(); string(got) != message || err != nil {
			t.Errorf("%s: %d bytes came back, %v", scheme, len(got), err)
		}
		_ = ws.Close()
	}
}

// dialRaw speaks no protocol of its own.
func (s site) dialRaw(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// byteByByte sends each byte as a packet of its own (TCP_NODELAY is Go's default).
type byteByByte struct{ net.Conn }

func (c byteByByte) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := c.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

func TestByteByByte(t *testing.T) {
	s := newSite(t)
	plain := byteByByte{s.dialRaw(t)}
	secure := tls.Client(byteByByte{s.dialRaw(t)}, &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1"})
	for want, conn := range map[string]net.Conn{"HTTP/1.1, TLS false": plain, "HTTP/1.1, TLS true": secure} {
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(response.Body); string(body) != want || err != nil {
			t.Errorf("%q, %v", body, err)
		}
		_ = conn.Close()
	}
}

func TestGarbageIsAnsweredInOneSentence(t *testing.T) {
	s := newSite(t)
	for _, garbage := range []string{"ssh-2.0-client\r\n", "\xff", "get / HTTP/1.1\r\n\r\n", strings.Repeat("x", maxUnread)} {
		conn := s.dialRaw(t)
		if _, err := io.WriteString(conn, garbage); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%.20q: %v", garbage, err)
		}
		body, err := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusBadRequest || string(body) != "This port speaks HTTP and HTTPS only.\n" || err != nil {
			t.Errorf("%.20q: %s %q, %v", garbage, response.Status, body, err)
		}
		_ = conn.Close()
	}
}

func TestICEIsClosed(t *testing.T) {
	conn := newSite(t).dialRaw(t)
	defer conn.Close()
	if _, err := conn.Write([]byte{0x00}); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

// net/http ends a response to an unread body with CloseWrite.
func TestCloseWriteReachesTheSocket(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := New(inner, discard)
	client := site{addr: inner.Addr().String()}.dialRaw(t)
	if _, err := io.WriteString(client, "GET"); err != nil {
		t.Fatal(err)
	}
	conn, err := p.HTTP().Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the client read %v", err)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); string(got) != "GET" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	closeAll(t, p, conn, client)
}

func TestReadingAllocatesNothing(t *testing.T) {
	inner, peer := net.Pipe()
	defer peer.Close()
	c := newConn(inner)
	defer c.Close()
	buffer := make([]byte, 16)
	if n := testing.AllocsPerRun(1000, func() {
		c.unread = true
		_, _ = c.Read(buffer)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
