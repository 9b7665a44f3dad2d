package signaling

import (
	"cmp"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"relay/broadcast"
	"relay/signaling/access"
)

const (
	// joinWithin is how long a socket may stay without a join.
	joinWithin = 5 * time.Second
	// coalesce is the shortest time between two room messages: when a class of
	// 300 joins, nobody needs 300 of them.
	coalesce = 200 * time.Millisecond
	// viaWebSocket is broadcast.Join.Via of pages.
	viaWebSocket = "websocket"
)

// peer is the conversation over one socket: join, welcome, offers, candidates,
// leave. Two goroutines: the reader (run) and the watcher (watch).
type peer struct {
	// static
	server  *Server
	role    broadcast.Role
	room    string
	remote  netip.Addr
	origins []string                  // that a publisher is to give to viewers
	browser string                    // in a few words
	client  func(access.Grant) string // see clientOf
	socket  *socket
	log     *slog.Logger
	adopted chan *broadcast.Session // from the reader to the watcher
	watched chan struct{}           // closed when the watcher has ended

	// owned by the reader
	session *broadcast.Session // nil before join
	late    *time.Timer        // ends the socket when no join comes, or when a refusal's turn has come
	turn    *access.Turn       // of the answer to a wrong credential; nil: there was none

	// owned by the watcher
	told    broadcast.RoomState
	trouble broadcast.Error
}

// run reads until the socket is gone. A session outlives it, unless its page left.
func (p *peer) run() {
	p.late = time.AfterFunc(joinWithin, func() {
		p.socket.end(refusal{refuse(broadcast.CodeBadRequest, "No join came within %v.", joinWithin)})
	})
	defer p.finish()
	for {
		frame, err := p.socket.read()
		if errors.Is(err, errGone) {
			return
		}
		if err == nil {
			err = p.receive(frame)
		}
		if err != nil {
			p.complain(err)
		}
	}
}

// finish leaves nothing of the peer behind but its session.
func (p *peer) finish() {
	if p.late.Stop() && p.turn != nil {
		p.turn.Leave()
	}
	p.socket.close()
	if p.session == nil {
		return
	}
	<-p.watched
	if p.server.speakers.release(p.session.ID(), p) {
		p.session.Detach()
	}
}

// complain tells the sender what is wrong with a message. Before the join, and
// in a flood, that is the end.
func (p *peer) complain(err error) {
	told := broadcast.AsError(err)
	if told.Code == broadcast.CodeInternal && p.session != nil && p.session.Cause() != nil {
		return // the session is over: the watcher says so
	}
	level := slog.LevelDebug
	if told.Code == broadcast.CodeInternal {
		level = slog.LevelError
	}
	p.log.Log(p.socket.ctx, level, "message refused", "cause", err)
	p.server.refused(err)
	switch {
	case p.session == nil:
		p.socket.end(refusal{err})
	case errors.Is(err, errFlood):
		p.socket.send(errorOf(told))
		p.session.Close(err)
		p.socket.end(err)
	default:
		p.socket.send(errorOf(told))
	}
}

func (p *peer) receive(frame []byte) error {
	if p.turn != nil {
		return nil // nothing helps any more
	}
	m, err := parse(frame)
	if err != nil {
		return err
	}
	if p.session == nil {
		return p.join(m)
	}
	switch m.Type {
	case "join":
		return refuse(broadcast.CodeBadRequest, "This socket has joined already.")
	case "offer":
		return p.offer(m.SDP)
	case "candidate":
		return p.candidate(m.Candidate)
	case "leave":
		p.session.Close(broadcast.ErrLeft)
	case "picture":
		p.session.SetPicture(*m.Picture)
	case "ping":
		p.socket.send(signal{Type: "pong"})
	}
	return nil
}

// join opens a session, or takes over the one that m's token belongs to.
func (p *peer) join(m inbound) error {
	if m.Type != "join" {
		return refuse(broadcast.CodeBadRequest, "The first message has to be a join.")
	}
	name, err := nameOf(m.Name)
	if err != nil {
		return err
	}
	join := broadcast.Join{
		Room: p.room, Token: m.Resume, Remote: p.remote,
		Name: name, Device: deviceOf(m.Device), Browser: p.browser, Via: viaWebSocket,
	}
	grant, refused := p.server.config.Access.Admit(access.Request{Room: p.room, Role: roleIn(p.role), Credential: cmp.Or(m.Token, m.Key)})
	if refused != nil && !p.server.comesBack(p.role, join) {
		return p.reject(refused)
	}
	join.Client = p.client(grant)
	session, err := p.server.join(p.role, p.server.settle(join, grant))
	if err != nil {
		return err
	}
	p.late.Stop()
	p.log = p.log.With("session", session.ID())
	p.log.Debug("page joined", "name", m.Name, "codecs", m.Codecs)
	p.server.speakers.claim(session.ID(), p)
	p.session, p.told = session, session.Room()
	welcome := p.server.welcomeOf(session, p.told, p.origins)
	welcome.Invite = p.server.inviteOf(p.role, p.room, grant)
	p.socket.send(welcome)
	go p.watch(session)
	return nil
}

// reject ends a socket whose page may not join. That its credential is wrong has to
// wait for its turn; meanwhile the page is read, so that it may go.
func (p *peer) reject(refused error) error {
	if !access.IsGuess(refused) {
		return refused
	}
	turn, err := p.server.guesses.Queue(p.remote, time.Now())
	if err != nil {
		refused = err // for which there is a turn, too
	}
	p.server.refused(refused)
	p.late.Stop()
	p.turn = &turn
	p.late = time.AfterFunc(turn.Wait, func() {
		turn.Done()
		p.socket.end(refusal{refused})
	})
	return nil
}

func (p *peer) offer(sdp string) error {
	text, err := p.session.Offer(sdp)
	if errors.Is(err, broadcast.ErrNewPeer) {
		text, err = p.replace(sdp)
	}
	if err != nil {
		return err
	}
	p.socket.send(answer{Type: "answer", SDP: text})
	return nil
}

// replace puts a new session in the place of the page's old one. The watcher
// turns to it first: that the old one then ends is no news to the page.
func (p *peer) replace(sdp string) (string, error) {
	next, err := p.session.Replace()
	if err != nil {
		return "", err
	}
	p.adopt(next)
	text, err := next.Offer(sdp)
	if err == nil || p.session.Cause() != nil {
		p.session = next // for better or worse: the old one has ended
	} else {
		p.adopt(p.session)
	}
	if err != nil {
		next.Close(err)
	}
	return text, err
}

func (p *peer) adopt(session *broadcast.Session) {
	select {
	case p.adopted <- session:
	case <-p.socket.ctx.Done():
	}
}

func (p *peer) candidate(c *iceCandidate) error {
	if c == nil || c.Candidate == "" {
		return nil // the end of candidates
	}
	return p.session.AddCandidates([]string{c.Candidate})
}

// watch tells the page what changes in its room, and ends the socket when the
// session ends.
func (p *peer) watch(session *broadcast.Session) {
	defer close(p.watched)
	p.tell(session)
	changed := session.Changed()
	var rested <-chan time.Time
	for {
		select {
		case <-changed:
			p.tell(session)
			changed, rested = nil, time.After(coalesce)
		case <-rested:
			changed, rested = session.Changed(), nil
		case session = <-p.adopted:
			p.tell(session)
			changed, rested = session.Changed(), nil
		case <-session.Done():
			p.socket.end(session.Cause())
			return
		case <-p.socket.ctx.Done():
			return
		}
	}
}

// tell sends what the page does not know yet.
func (p *peer) tell(session *broadcast.Session) {
	if state := session.Room(); state != p.told {
		p.told = state
		p.socket.send(roomMessage{Type: "room", roomFields: fieldsOf(p.role, state)})
	}
	trouble := session.Trouble()
	if trouble == nil {
		p.trouble = broadcast.Error{}
		return
	}
	if *trouble != p.trouble {
		p.trouble = *trouble
		p.socket.send(errorOf(trouble))
	}
}
