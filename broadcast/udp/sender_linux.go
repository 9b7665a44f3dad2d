//go:build !portable

package udp

import (
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sender writes messages to the kernel. It is made once, with its memory, and
// is one goroutine's at a time.
type sender struct {
	// Static after newSender.
	socket *batching
	call   func(fd uintptr) // one sendmmsg

	// What is to be written; message i is run i.
	messages []message
	runs     []run
	sizes    []segmentSize
	vectors  []unix.Iovec
	names    []name
	next     int // the first message that has not been written

	taken int // packets that the kernel took
	sent  int // what call returned
	errno unix.Errno
	again *sender // for the packets of a refused message
}

// newSender has room for so many packets.
func newSender(socket *batching, packets int) *sender {
	s := &sender{
		socket:   socket,
		messages: make([]message, 0, packets),
		runs:     make([]run, 0, packets),
		sizes:    make([]segmentSize, packets),
		vectors:  make([]unix.Iovec, 0, packets),
		names:    make([]name, 0, packets),
	}
	s.call = s.write
	return s
}

// reset forgets the packets, which are somebody else's memory.
func (s *sender) reset() {
	clear(s.vectors)
	s.messages, s.runs, s.vectors, s.names = s.messages[:0], s.runs[:0], s.vectors[:0], s.names[:0]
	s.next, s.taken = 0, 0
}

// load makes messages of a batch: all packets of one destination after each
// other, runs of them as one message where the kernel takes that.
func (s *sender) load(b *batch) {
	s.reset()
	segmented := s.socket.segments.on(time.Now())
	for i := range b.routes {
		r := &b.routes[i]
		to, size, err := s.name(r.to)
		for p, first := r.first, true; p != none; p, first = b.packets[p].next, false {
			switch packet := b.bytes(p); {
			case err != nil:
				s.socket.drop(err, 1)
			case first || !segmented || !s.lengthen(packet):
				s.begin(packet, to, size)
			}
		}
	}
}

// name puts a destination where messages can refer to it.
func (s *sender) name(to netip.AddrPort) (*name, uint32, error) {
	s.names = s.names[:len(s.names)+1]
	n := &s.names[len(s.names)-1]
	size, err := s.socket.put(n, to)
	return n, size, err
}

// begin makes a new message of a packet.
func (s *sender) begin(packet []byte, to *name, size uint32) {
	s.vectors = append(s.vectors, unix.Iovec{Base: unsafe.SliceData(packet)})
	vector := &s.vectors[len(s.vectors)-1]
	vector.SetLen(len(packet))
	m := message{}
	m.header.Name, m.header.Namelen = (*byte)(unsafe.Pointer(to)), size
	m.header.Iov = vector
	m.header.SetIovlen(1)
	s.messages = append(s.messages, m)
	var r run
	r.add(len(packet))
	s.runs = append(s.runs, r)
}

// lengthen adds a packet to the newest message if its run takes it. Packets that
// lie together are one vector.
func (s *sender) lengthen(packet []byte) bool {
	i := len(s.messages) - 1
	m, r := &s.messages[i], &s.runs[i]
	if !r.add(len(packet)) {
		return false
	}
	if r.packets == 2 {
		m.segment(&s.sizes[i], r.size)
	}
	last := &s.vectors[len(s.vectors)-1]
	if unsafe.Add(unsafe.Pointer(last.Base), last.Len) == unsafe.Pointer(unsafe.SliceData(packet)) {
		last.SetLen(int(last.Len) + len(packet))
		return true
	}
	s.vectors = append(s.vectors, unix.Iovec{Base: unsafe.SliceData(packet)})
	s.vectors[len(s.vectors)-1].SetLen(len(packet))
	m.header.SetIovlen(int(m.header.Iovlen) + 1)
	return true
}

// send writes all messages, in order. What could not be written is counted, and
// the last reason returned.
func (s *sender) send() (failure error) {
	for s.next < len(s.messages) {
		if s.runs[s.next].packets > 1 && !s.socket.segments.on(time.Now()) {
			s.resend() // refused since load
			s.next++
			continue
		}
		if err := s.transmit(); err != nil { // none of the rest can be written
			for _, r := range s.runs[s.next:] {
				s.socket.drop(err, r.packets)
			}
			return err
		}
		s.account()
		if s.errno != 0 {
			failure = s.refused(s.errno)
		}
	}
	return failure
}

// transmit is one kernel call, or more if the socket's buffer is full. Its
// result is in sent and errno.
func (s *sender) transmit() error {
	if err := s.socket.control(s.call); err != nil {
		return err
	}
	if s.errno == unix.EAGAIN {
		return s.socket.patience.retry(s)
	}
	return nil
}

func (s *sender) write(fd uintptr) {
	s.socket.calls.Add(1)
	s.sent, s.errno = s.socket.kernel(fd, s.messages[s.next:])
}

// account counts what the last call wrote.
func (s *sender) account() {
	packets, bytes, segmented := 0, 0, 0
	for _, r := range s.runs[s.next : s.next+s.sent] {
		packets += r.packets
		bytes += r.bytes
		if r.packets > 1 {
			segmented++
		}
	}
	s.next += s.sent
	s.taken += packets
	s.socket.packets.Add(uint64(packets))
	s.socket.bytes.Add(uint64(bytes))
	if segmented > 0 {
		s.socket.segmented.Add(uint64(segmented))
		s.socket.segments.accepted()
	}
}

// refused goes on after a message that the kernel did not take. It harms no
// other destination's.
func (s *sender) refused(cause unix.Errno) error {
	defer func() { s.next++ }()
	packets := s.runs[s.next].packets
	if packets == 1 || !refusesSegments(cause) {
		s.socket.drop(cause, packets)
		return cause
	}
	if s.resend() > 0 { // else it was no fault of the segments
		s.socket.segments.refused(cause, time.Now())
	}
	return nil
}

// resend writes the next message's packets one by one, and returns how many
// could be.
func (s *sender) resend() int {
	if s.again == nil {
		s.again = newSender(s.socket, maxSegments)
	}
	s.again.reset()
	m, size := &s.messages[s.next].header, s.runs[s.next].size
	for _, vector := range unsafe.Slice(m.Iov, m.Iovlen) {
		for b := unsafe.Slice(vector.Base, vector.Len); len(b) > 0; b = b[min(size, len(b)):] {
			s.again.begin(b[:min(size, len(b))], (*name)(unsafe.Pointer(m.Name)), m.Namelen)
		}
	}
	_ = s.again.send() // what failed is counted
	return s.again.taken
}
