package broadcast

import (
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4/packetio"
)

const (
	// maxStrangers is how many SSRCs a peer may use that neither side announced.
	// An honest one has a few; Pion would keep a stream and a buffer for each.
	maxStrangers = 64
	// maxRemotes is how many addresses a peer may send ICE checks from. An honest
	// one has an interface or two, behind a NAT or two.
	maxRemotes = 64
	// maxQueues is how many of its SSRCs a publisher is listened to on, with RTP and
	// with RTCP: a track of each kind has three at most, with their repairs, and all may
	// change. On others it could fill a queue each that nobody reads.
	maxQueues = 16
	// Bounds of what Pion queues for a reader, in bytes.
	maxQueuedRTP     = 1 << 20
	maxQueuedUnknown = 256 << 10
	maxQueuedRTCP    = 64 << 10
)

// strangers bounds what the peer of one session can make Pion keep. It makes
// what is behind Pion's SSRC demultiplexer, queues for what a publisher sends, a
// viewer's feedback and sinks for all else, and counts the addresses that ICE learns.
type strangers struct {
	role  Role   // static
	flood func() // static: called once, when there are too many

	mu      sync.Mutex           // guards all below
	known   map[uint32]*feedback // nil: there is none, as it is a publisher's
	count   int
	queues  [2]int // by packetio.BufferPacketType, less its first
	remotes map[string]bool
}

func newStrangers(role Role, flood func()) *strangers {
	return &strangers{role: role, flood: flood, known: map[uint32]*feedback{}, remotes: map[string]bool{}}
}

// expect announces SSRCs of a publisher.
func (s *strangers) expect(ssrcs ...uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ssrc := range ssrcs {
		if len(s.known) < maxStrangers {
			s.known[ssrc] = nil
		}
	}
}

// serve announces an SSRC that a viewer is sent, and what its RTCP goes to.
func (s *strangers) serve(ssrc uint32, f *feedback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[ssrc] = f
}

// buffer is webrtc.SettingEngine's BufferFactory.
func (s *strangers) buffer(packets packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	s.mu.Lock()
	feedback, known := s.known[ssrc]
	if !known {
		s.count++
	}
	flooded := s.count == maxStrangers+1
	over := s.count > maxStrangers || s.role == RolePublisher && !s.mayQueue(packets)
	s.mu.Unlock()
	if flooded {
		go s.flood() // Pion holds its lock here
	}
	switch {
	case over:
	case s.role == RolePublisher: // everything: an offer need not announce its SSRCs
		buffer := packetio.NewBuffer()
		buffer.SetLimitSize(queueSize(packets, known))
		return buffer
	case packets == packetio.RTCPBufferPacket && known:
		return feedback
	}
	return newSink()
}

// mayQueue counts one more queue of the publisher's, if there may be one. The caller
// holds s.mu.
func (s *strangers) mayQueue(packets packetio.BufferPacketType) bool {
	count := &s.queues[packets-packetio.RTPBufferPacket]
	if *count == maxQueues {
		return false
	}
	*count++
	return true
}

func queueSize(packets packetio.BufferPacketType, known bool) int {
	switch {
	case packets == packetio.RTCPBufferPacket:
		return maxQueuedRTCP
	case known:
		return maxQueuedRTP
	default:
		return maxQueuedUnknown
	}
}

// checkedFrom notes the address of an ICE check that was in order.
func (s *strangers) checkedFrom(remote ice.Candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.remotes) > maxRemotes {
		return
	}
	s.remotes[net.JoinHostPort(remote.Address(), strconv.Itoa(remote.Port()))] = true
	if len(s.remotes) > maxRemotes {
		go s.flood() // the ICE agent is waiting
	}
}

// sink takes everything and has nothing to read until it is closed.
type sink struct {
	closed chan struct{}
	once   sync.Once
}

func newSink() *sink { return &sink{closed: make(chan struct{})} }

func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

func (s *sink) Read([]byte) (int, error) {
	<-s.closed
	return 0, io.EOF
}

func (s *sink) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}
