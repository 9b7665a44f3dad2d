package signaling

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/gorilla/websocket"

	"relay/broadcast"
)

const (
	// pingEvery and silence: three missed pings are a lost socket. Proxies close
	// one that says nothing for 60 s.
	pingEvery = 10 * time.Second
	silence   = 25 * time.Second
	// writeTimeout, that of the frame that is being written, wordsTime, of all that is
	// said after it, and linger bound how long a socket that ends can hold up a
	// shutdown (5 s in all).
	writeTimeout = 2 * time.Second
	wordsTime    = time.Second
	linger       = time.Second
	// queued messages wait for a page that does not read; real ones are a few a second.
	queued = 64
	// maxFrame is room for the largest offer with its line ends escaped. Longer
	// frames are read and thrown away, up to maxDiscard, so that the sender can be told.
	maxFrame   = 2 * maxSDP
	maxDiscard = 16 << 20
	// floodMessages in floodWindow are more than any page sends: an offer each
	// half second, with as many candidates as are taken.
	floodMessages = 700
	floodWindow   = 10 * time.Second
)

var (
	// errGone: the connection broke, or the page closed it.
	errGone = errors.New("socket gone")
	// errSlow: the page does not read what it is sent.
	errSlow = errors.New("socket does not drain")
)

// refusal ends a socket with an error message instead of a bye: there is no session.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// socket is one WebSocket. Its life is ctx; the cause of ctx's end decides its
// last words.
type socket struct {
	// static
	conn    *websocket.Conn
	log     *slog.Logger
	ctx     context.Context
	end     context.CancelCauseFunc
	out     chan []byte
	unread  chan struct{} // closed when the reader has ended
	written chan struct{} // closed when the writer has ended

	// owned by the reader
	flood flood

	// owned by the writer
	silent time.Time // when the last words have to have been said; zero before
}

// newSocket starts the writer; whoever calls it reads until errGone, then calls close.
func newSocket(ctx context.Context, conn *websocket.Conn, log *slog.Logger) *socket {
	s := &socket{
		conn: conn, log: log, out: make(chan []byte, queued),
		unread: make(chan struct{}), written: make(chan struct{}),
	}
	s.ctx, s.end = context.WithCancelCause(ctx)
	conn.SetReadLimit(maxDiscard)
	conn.SetPongHandler(func(string) error { return s.heard() })
	conn.SetPingHandler(func(data string) error {
		s.control(websocket.PongMessage, []byte(data))
		return s.heard()
	})
	go s.write()
	return s
}

// close is the reader's last call; it returns when nothing of the socket is left.
func (s *socket) close() {
	s.end(errGone)
	close(s.unread)
	<-s.written
}

// heard pushes the deadline: any frame is a sign of life. A frozen tab's browser
// still answers WebSocket pings.
func (s *socket) heard() error {
	return s.conn.SetReadDeadline(time.Now().Add(silence))
}

// read returns the next text frame; errGone when there will be none. Any other
// error is about one frame, and for its sender.
func (s *socket) read() ([]byte, error) {
	for {
		if s.heard() != nil {
			return nil, errGone
		}
		kind, r, err := s.conn.NextReader()
		if err != nil {
			return nil, errGone
		}
		if s.ctx.Err() != nil {
			continue // the last words are being said: wait for the page's close frame
		}
		if s.flood.exceeded(time.Now()) {
			return nil, errFlood
		}
		return readFrame(kind, r)
	}
}

var errFlood = refuse(broadcast.CodeRateLimited, "More than %d messages came within %v.", floodMessages, floodWindow)

func readFrame(kind int, r io.Reader) ([]byte, error) {
	frame, err := io.ReadAll(io.LimitReader(r, maxFrame+1))
	switch {
	case err != nil:
		return nil, errGone
	case kind != websocket.TextMessage:
		return nil, refuse(broadcast.CodeBadRequest, "Messages are text frames with JSON, not binary ones.")
	case len(frame) > maxFrame:
		return nil, refuse(broadcast.CodeTooLarge, "The message is larger than %d bytes.", maxFrame)
	}
	return frame, nil
}

// send queues a message; a page that lets the queue run full is cut off.
func (s *socket) send(message any) {
	frame, err := json.Marshal(message)
	if err != nil {
		s.end(err)
		return
	}
	select {
	case s.out <- frame:
	default:
		s.end(errSlow)
	}
}

// write is the only goroutine that writes messages. It owns the connection's
// end: it closes it after the last words.
func (s *socket) write() {
	defer close(s.written)
	defer s.hangUp()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case frame := <-s.out:
			s.writeFrame(frame)
		case <-ping.C:
			s.control(websocket.PingMessage, nil)
			s.send(signal{Type: "ping"})
		case <-s.ctx.Done():
			s.lastWords(context.Cause(s.ctx))
			return
		}
	}
}

// hangUp closes the connection without TLS's own last word: for that crypto/tls
// waits up to 5 s if the page does not read, and a relay that ends has no more.
func (s *socket) hangUp() {
	conn := s.conn.NetConn()
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	_ = conn.Close() // it may be broken already
}

// frameDeadline is until when the next frame has to be written. Once the socket has
// ended all of them have wordsTime: a page may read one after the other slowly.
func (s *socket) frameDeadline() time.Time {
	if s.ctx.Err() == nil {
		return time.Now().Add(writeTimeout)
	}
	if s.silent.IsZero() {
		s.silent = time.Now().Add(wordsTime)
	}
	return s.silent
}

func (s *socket) writeFrame(frame []byte) {
	err := s.conn.SetWriteDeadline(s.frameDeadline())
	if err == nil {
		err = s.conn.WriteMessage(websocket.TextMessage, frame)
	}
	if err != nil {
		s.end(errGone)
	}
}

func (s *socket) control(kind int, data []byte) {
	if s.conn.WriteControl(kind, data, time.Now().Add(writeTimeout)) != nil {
		s.end(errGone)
	}
}

// lastWords empties the queue, says why the socket ends, and gives the page a
// moment to answer the close frame: closing at once could lose what was said.
func (s *socket) lastWords(cause error) {
	s.log.Debug("socket ended", "cause", cause)
	if errors.Is(cause, errGone) || errors.Is(cause, errSlow) {
		return
	}
	s.drain()
	p := explain(cause)
	refused := errors.As(cause, new(refusal))
	if refused || p.Reason == broadcast.ReasonTooMuch { // who presents has to know the figures
		s.say(errorOf(p.Error))
	}
	if !refused {
		s.say(p.farewell())
	}
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(p.closeCode, p.reason), s.frameDeadline())
	select {
	case <-s.unread:
	case <-time.After(linger):
	}
}

func (s *socket) drain() {
	for {
		select {
		case frame := <-s.out:
			s.writeFrame(frame)
		default:
			return
		}
	}
}

func (s *socket) say(message any) {
	if frame, err := json.Marshal(message); err == nil {
		s.writeFrame(frame)
	}
}

// flood counts messages in windows of floodWindow.
type flood struct {
	since time.Time
	count int
}

func (f *flood) exceeded(now time.Time) bool {
	if now.Sub(f.since) > floodWindow {
		*f = flood{since: now}
	}
	f.count++
	return f.count > floodMessages
}
