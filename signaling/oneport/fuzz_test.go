package oneport

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// received is what one side of a Port read of a connection.
type received struct {
	kind kind
	data []byte
}

// receiveAll accepts until the Port ends.
func receiveAll(l net.Listener, kind kind, out chan<- received) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		data, _ := io.ReadAll(c) // a pipe ends with EOF only
		_ = c.Close()
		out <- received{kind, data}
	}
}

// FuzzFirstBytes sends data in pieces whose lengths are those of cuts.
func FuzzFirstBytes(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), []byte{1, 1, 2})
	f.Add([]byte("\x16\x03\x01\x00\x05hello"), []byte{1})
	f.Add([]byte("\x00\x14\x00\x01\x00\x00\x21\x12\xa4\x42"), []byte{2})
	f.Add([]byte("ssh-2.0"), []byte{})
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		l := newPipes()
		p := New(l, discard)
		out := make(chan received, 1)
		go receiveAll(p.HTTP(), kindHTTP, out)
		go receiveAll(p.TLS(), kindTLS, out)
		client := l.dial()
		answered := make(chan []byte)
		go func() {
			answer, _ := io.ReadAll(client) // until either end is closed
			answered <- answer
		}()
		sendInPieces(client, data, cuts)
		_ = client.Close()
		answer := <-answered
		if want := kindOfAll(data); want == kindHTTP || want == kindTLS {
			if got := <-out; got.kind != want || !bytes.Equal(got.data, data) {
				t.Errorf("%d read %q, sent was %q", got.kind, got.data, data)
			}
		}
		closeAll(t, p)
		if len(out) > 0 {
			t.Errorf("%q was delivered", data)
		}
		if len(answer) > 0 && (kindOfAll(data) != kindUnknown || !bytes.HasPrefix([]byte(refusal), answer)) {
			t.Errorf("%q was answered %q", data, answer)
		}
	})
}

func kindOfAll(data []byte) kind {
	if len(data) == 0 {
		return kindUnknown
	}
	return kindOf(data[0])
}

// sendInPieces stops when the other end is closed.
func sendInPieces(client net.Conn, data, cuts []byte) {
	for len(data) > 0 {
		n := len(data)
		if len(cuts) > 0 {
			n, cuts = min(n, 1+int(cuts[0])), cuts[1:]
		}
		if _, err := client.Write(data[:n]); err != nil {
			return
		}
		data = data[n:]
	}
}
