package broadcast

import "encoding/binary"

// NAL unit types (H.264 table 7-1, RFC 6184 section 5.2).
const (
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
)

// h264KeyStart reads the NAL unit types of a payload (RFC 6184). Of packetization
// modes 0 and 1 these are the single NAL unit, the STAP-A and the FU-A; the
// interleaved mode 2 is never negotiated.
func h264KeyStart(payload []byte) keyPart {
	if len(payload) == 0 {
		return keyNone
	}
	switch nalType(payload[0]) {
	case nalSTAPA:
		return stapKeyStart(payload[1:])
	case nalFUA:
		return fuKeyStart(payload[1:])
	default:
		return nalKeyStart(payload[0])
	}
}

func nalType(header byte) byte { return header & 0x1f }

func nalKeyStart(header byte) keyPart {
	switch nalType(header) {
	case nalSPS:
		return keyParameters
	case nalIDR:
		return keyPicture
	}
	return keyNone
}

// stapKeyStart reads aggregated NAL units, each after its size in two bytes
// (section 5.7.1).
func stapKeyStart(units []byte) keyPart {
	best := keyNone
	for len(units) > 2 {
		size := int(binary.BigEndian.Uint16(units))
		if size == 0 || size > len(units)-2 {
			break
		}
		best = max(best, nalKeyStart(units[2]))
		units = units[2+size:]
	}
	return best
}

// fuKeyStart reads a fragment's header: start bit and type (section 5.8).
func fuKeyStart(fragment []byte) keyPart {
	if len(fragment) == 0 || fragment[0]&0x80 == 0 {
		return keyNone
	}
	return nalKeyStart(fragment[0])
}
