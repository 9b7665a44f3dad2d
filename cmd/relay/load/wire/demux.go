package wire

const (
	headerSize = 12 // the fixed header of RTP (RFC 3550 section 5.1)
	// RTCP's packet types where RTP has the marker and payload type (RFC 5761
	// section 4).
	firstRTCP, lastRTCP = 192, 223
)

// isMedia tells RTP from STUN, DTLS, TURN channels and ZRTP by the first byte
// (RFC 7983 section 7) and from RTCP by the second.
func isMedia(packet []byte) bool {
	return len(packet) >= headerSize &&
		packet[0] >= 128 && packet[0] <= 191 &&
		(packet[1] < firstRTCP || packet[1] > lastRTCP)
}
