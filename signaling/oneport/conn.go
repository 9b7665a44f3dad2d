package oneport

import (
	"container/list"
	"errors"
	"io"
	"net"
	"time"
)

const (
	// silence is how long a connection may stay without its first byte. Browsers
	// open some in advance, and do without those that were closed.
	silence = 5 * time.Second
	// refuseWithin bounds the time that a refusal takes.
	refuseWithin = time.Second
	// maxUnread is what is read of a refused client after its first byte.
	maxUnread = 64 << 10
)

const refusal = "HTTP/1.1 400 Bad Request\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n" +
	"Connection: close\r\n" +
	"\r\n" +
	"This port speaks HTTP and HTTPS only.\n"

// conn is a connection whose first byte was looked at, and is read again.
type conn struct {
	// static
	net.Conn
	dropped chan struct{} // closed by drop

	place *list.Element // guarded by the lobby's lock

	// owned by the reader
	first  [1]byte
	unread bool // first is still to be read
}

func newConn(inner net.Conn) *conn {
	return &conn{Conn: inner, dropped: make(chan struct{})}
}

// drop closes c, wherever its goroutine waits.
func (c *conn) drop() {
	close(c.dropped)
	_ = c.Close()
}

// look waits for the first byte, and tells the kind by it.
func (c *conn) look() (kind, error) {
	if err := c.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return kindUnknown, err
	}
	if _, err := io.ReadFull(c.Conn, c.first[:]); err != nil {
		return kindUnknown, err
	}
	c.unread = true
	return kindOf(c.first[0]), c.SetReadDeadline(time.Time{})
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	if !c.unread || len(b) == 0 {
		return c.Conn.Read(b)
	}
	c.unread = false
	return copy(b, c.first[:]), nil
}

// CloseWrite is what net/http looks for, to end a response before it closes the
// connection: a reset on its heels would take the response away.
func (c *conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// refuse says in one sentence what is spoken here. Nobody may be there to read
// it, so that its errors do not matter. What the client still sends is read, as
// closing over it would reset the connection.
func (c *conn) refuse() {
	_ = c.SetDeadline(time.Now().Add(refuseWithin))
	_, _ = io.WriteString(c.Conn, refusal)
	_ = c.CloseWrite()
	_, _ = io.CopyN(io.Discard, c.Conn, maxUnread)
}
