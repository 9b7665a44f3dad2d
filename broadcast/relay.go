package broadcast

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/webrtc/v4"
)

// Config is what a Relay needs.
type Config struct {
	// Conn is the UDP socket that all media passes. The Relay closes it. If it has
	// Hold and Release, as udp.Conn has, media is written between these.
	Conn net.PacketConn
	// Addresses are those that reach Conn, best first; they go into answers as
	// host candidates. Loopback is added for a peer that came over loopback.
	Addresses func() []netip.Addr
	// Limits are how much of the Relay anybody may take.
	Limits Limits
	Log    *slog.Logger
	// Observer hears of what happens once in a session's life; nil: nobody does.
	Observer Observer
	// Rooms are those of a process before this one, see Save: they are held for their
	// presenters.
	Rooms []Saved
}

// Relay holds the rooms. Its mutex guards who is where: joins, leaves and
// state changes are rare and small, so one lock for all of them is the simplest
// that is right. No packet passes it.
type Relay struct {
	// static after New
	log         *slog.Logger
	addresses   func() []netip.Addr
	limits      Limits
	socket      *prober
	crew        *crew
	stopCrew    context.CancelFunc
	mux         *mux
	network     *stdnet.Net
	certificate webrtc.Certificate
	observer    Observer
	work        sync.WaitGroup // every goroutine of the relay's

	mu         sync.Mutex // guards all below, and what Room and Session say it guards
	rooms      map[string]*Room
	tokens     map[secret]*Session
	connecting connecting
	census     census
	ended      sums          // of sessions and rooms that are no more
	drained    chan struct{} // not nil from Drain on; closed when nobody presents
	closed     bool
}

// New starts a Relay on the given socket.
func New(c Config) (*Relay, error) {
	certificate, err := newCertificate()
	if err != nil {
		return nil, err
	}
	network, err := stdnet.NewNet()
	if err != nil {
		return nil, fmt.Errorf("look at the network: %w", err)
	}
	socket := newProber(c.Conn)
	r := &Relay{
		log:         c.Log,
		addresses:   c.Addresses,
		limits:      c.Limits,
		socket:      socket,
		crew:        newCrew(holderOf(c.Conn)),
		mux:         newMux(socket, network, pionLogs{c.Log}),
		network:     network,
		certificate: *certificate,
		observer:    cmp.Or[Observer](c.Observer, nobody{}),
		rooms:       map[string]*Room{},
		tokens:      map[secret]*Session{},
		connecting:  connecting{from: map[netip.Addr][]*Session{}},
		census:      census{from: map[addressRole]int{}},
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stopCrew = stop
	r.crew.start(ctx, &r.work)
	r.restore(c.Rooms)
	return r, nil
}

// newCertificate makes the one certificate of all PeerConnections: one each
// would be wasted time when a class joins at the bell.
func newCertificate() (*webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a DTLS key: %w", err)
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("make a DTLS certificate: %w", err)
	}
	return certificate, nil
}

// Close ends every session with ErrShuttingDown and returns when nothing of
// the relay runs any more.
func (r *Relay) Close() error {
	r.mu.Lock()
	r.closed = true
	var open []*Session
	for _, room := range r.rooms {
		for s := range room.sessions {
			open = append(open, s)
		}
	}
	r.mu.Unlock()
	for _, s := range open {
		s.Close(ErrShuttingDown)
	}
	r.mu.Lock()
	for _, room := range r.rooms {
		room.abandon()
	}
	r.mu.Unlock()
	r.stopCrew()
	r.work.Wait()
	if err := r.mux.Close(); err != nil {
		return fmt.Errorf("close the media socket: %w", err)
	}
	return nil
}

// Stats counts what a Relay holds.
type Stats struct {
	Rooms, Publishers, Viewers int
}

// Stats counts rooms, publishers' sessions and viewers' sessions, connected or not.
func (r *Relay) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	stats := Stats{Rooms: len(r.rooms)}
	for _, room := range r.rooms {
		for s := range room.sessions {
			if s.role == RolePublisher {
				stats.Publishers++
			} else {
				stats.Viewers++
			}
		}
	}
	return stats
}

// Room is the state of a room; one that nobody is in is idle.
func (r *Relay) Room(name string) RoomState {
	r.mu.Lock()
	defer r.mu.Unlock()
	if room, ok := r.rooms[name]; ok {
		return room.state()
	}
	return RoomState{State: StateIdle}
}

// Join says who wants to be in which room.
type Join struct {
	Room string
	// Token resumes a session (see Session.Token); "" for a newcomer. A token
	// that is not known any more makes a newcomer.
	Token string
	// Remote is the peer's address as HTTP saw it; it decides about bitrates and
	// about loopback candidates.
	Remote netip.Addr
	// Name is what the person is called, Browser is such as "Chrome on Windows", Via
	// is the door, such as "websocket": for who presents to see. "" is not known.
	Name, Browser, Via string
	// Vouched says that somebody else than the person says the Name: it stays when the
	// session is resumed with one that nobody vouches for.
	Vouched bool
	// Device tells a viewer's device from others, as far as it wants to be told: a
	// device that is blocked is not let in again. "" is not known.
	Device string
	// Client is the relay's own guess at that, such as the address and the program,
	// which others may share: it stands for a Device that is not known where viewers
	// are sent out, and lets nobody into a locked room. "" is not known.
	Client string
	// MaxViewers is how many viewers may be in the room; 0: no bound of its own.
	MaxViewers int
	// MaxBitrate is what a publisher may send, in bits per second; 0: the Relay's.
	MaxBitrate int
	// Linger is how long the session is kept when it fell silent; 0: 30 s.
	Linger time.Duration
	// Encoder says that the publisher is a program, such as OBS, whose key frames
	// come by its own settings: they are watched, see Info.Warnings.
	Encoder bool
	// Final says that whoever holds the session's token can't come back: the
	// presentation ends with the session, and the session when its peer closes the
	// connection. While the session is only silent, its room is away all the same.
	Final bool
	// Strict holds the peer to what WHIP (RFC 9725 sections 4.2, 4.4) and WHEP ask
	// of offers, beyond what the relay needs, and writes rtcp-mux-only into answers,
	// as section 4.4.1 wants it; RFC 8858 section 4.3 has it in offers only.
	Strict bool
}

// Publish opens a publisher's session, or hands out the one that j.Token
// belongs to. It holds the room from its first Offer on. Errors: room-busy
// when somebody else presents or is expected back, room-full, rate-limited,
// forbidden for a device that is blocked, bad-request, shutting-down.
func (r *Relay) Publish(j Join) (*Session, error) { return r.join(j, RolePublisher) }

// Subscribe opens a viewer's session, or hands out the one that j.Token
// belongs to. Errors: room-full, rate-limited, forbidden where a rule of the room's
// keeps the viewer out (see Error.Reason), bad-request, shutting-down.
func (r *Relay) Subscribe(j Join) (*Session, error) { return r.join(j, RoleViewer) }

func (r *Relay) join(j Join, role Role) (*Session, error) {
	if !ValidRoom(j.Room) {
		return nil, errorf(CodeBadRequest, "A room's name is 1 to 64 of the letters A-Z and a-z, digits, _ and -.")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, shuttingDown()
	}
	if s := r.tokens[secretOf(j.Token)]; s != nil && s.role == role && s.room.name == j.Room && s.ctx.Err() == nil {
		s.introduce(j)
		s.renewToken()
		return s, nil
	}
	if err := r.mayEnter(j, role); err != nil {
		return nil, err
	}
	if err := r.mayJoin(j, role, time.Now()); err != nil {
		return nil, err
	}
	room := r.enter(j.Room)
	s := newSession(room, role, j)
	s.introduce(j)
	s.count(true)
	room.sessions[s] = struct{}{}
	s.renewToken()
	if role == RolePublisher {
		room.passOn(j.Token, s.token)
	}
	return s, nil
}

// Returns is true if the token belongs to a session that is in the room, or to the
// presenter that the room is held for or promised to.
func (r *Relay) Returns(room string, role Role, token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.tokens[secretOf(token)]; s != nil && s.role == role && s.room.name == room && s.ctx.Err() == nil {
		return true
	}
	held := r.rooms[room]
	return held != nil && role == RolePublisher && held.expects(token)
}

// mayJoin tells whether somebody may come in who resumes no session. Who the room is
// held for or promised to is let in whatever its rules and the limits say. The caller
// holds r.mu.
func (r *Relay) mayJoin(j Join, role Role, now time.Time) error {
	if err := r.connecting.mayEnter(j.Remote, role); err != nil {
		return err
	}
	room := r.rooms[j.Room]
	if room != nil && role == RolePublisher && room.expects(j.Token) {
		return nil
	}
	if room != nil {
		if err := room.rules.mayEnter(role, person{device: j.Device, client: j.Client}, now); err != nil {
			return err
		}
	}
	if room != nil && role == RolePublisher {
		if err := room.mayPublish(j.Token); err != nil {
			return err
		}
	}
	return r.mayAdd(room, role, j, now)
}

func shuttingDown() *Error {
	return &Error{Code: CodeShuttingDown, Sentence: "The relay is shutting down.", RetryAfter: restartTime}
}

// enter returns the room, made if need be. The caller holds r.mu.
func (r *Relay) enter(name string) *Room {
	room, ok := r.rooms[name]
	if !ok {
		room = newRoom(r, name)
		r.rooms[name] = room
	}
	return room
}

// hosts are the addresses that the peer at remote is told.
func (r *Relay) hosts(remote netip.Addr) []netip.Addr {
	if host := r.mux.host(); host.IsValid() {
		return []netip.Addr{host}
	}
	var hosts []netip.Addr
	if remote.IsLoopback() {
		hosts = append(hosts, remote.Unmap())
	}
	return append(hosts, r.addresses()...)
}
