//go:build !portable

package udp

const (
	// The kernel takes at most 64 segments a message (UDP_MAX_SEGMENTS, 128 since
	// Linux 6.9), and what fits one IP packet of 64 kB with its headers.
	maxSegments = 64
	maxMessage  = 1<<16 - 1 - 40 - 8
	// maxPacket is the longest packet there is: over IPv6, without options.
	maxPacket = 1<<16 - 1 - 8
)

// run is packets for one destination that can leave as one message: all of one
// size, but the last, which may be shorter.
type run struct {
	size    int // of a segment
	packets int
	bytes   int
	ended   bool
}

// add takes a packet of that size if it can be part of the run. The zero run
// takes any.
func (r *run) add(size int) bool {
	if r.packets == 0 {
		*r = run{size: size, packets: 1, bytes: size, ended: size == 0}
		return true
	}
	if r.ended || size == 0 || size > r.size || r.packets == maxSegments || r.bytes+size > maxMessage {
		return false
	}
	r.packets++
	r.bytes += size
	r.ended = size < r.size
	return true
}

// isMedia tells RTP from STUN, DTLS and RTCP by the first two bytes (RFC 7983
// section 7, RFC 5761 section 4).
func isMedia(b []byte) bool {
	return len(b) >= 2 && b[0] >= 128 && b[0] <= 191 && (b[1] < 192 || b[1] > 223)
}
