package load

import "encoding/binary"

// header is what of an RTP packet is never encrypted (RFC 3711 section 3.1) and
// is of interest here.
type header struct {
	ssrc        uint32
	timestamp   uint32
	seq         uint16
	payloadType uint8
	marker      bool
	size        int // bytes before the payload
	padding     bool
}

// readHeader reads the RTP header (RFC 3550 section 5.1) of a packet that may be
// encrypted.
func readHeader(b []byte) (header, bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return header{}, false
	}
	h := header{
		ssrc:        binary.BigEndian.Uint32(b[8:]),
		timestamp:   binary.BigEndian.Uint32(b[4:]),
		seq:         binary.BigEndian.Uint16(b[2:]),
		payloadType: b[1] & 0x7f,
		marker:      b[1]&0x80 != 0,
		size:        12 + 4*int(b[0]&0x0f),
		padding:     b[0]&0x20 != 0,
	}
	if b[0]&0x10 != 0 { // an extension, in words of 32 bits
		if len(b) < h.size+4 {
			return header{}, false
		}
		h.size += 4 + 4*int(binary.BigEndian.Uint16(b[h.size+2:]))
	}
	return h, h.size <= len(b)
}

// payload is the payload of a decrypted packet, without padding; empty when the
// packet is nothing but padding or the padding can't be.
func (h header) payload(b []byte) []byte {
	payload := b[h.size:]
	if !h.padding || len(payload) == 0 {
		return payload
	}
	if n := int(payload[len(payload)-1]); n <= len(payload) {
		return payload[:len(payload)-n]
	}
	return nil
}
