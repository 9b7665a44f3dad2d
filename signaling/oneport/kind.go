package oneport

// kind is the protocol that a connection speaks.
type kind int

const (
	kindUnknown kind = iota
	kindHTTP
	kindTLS
	kindICE // ICE-TCP (RFC 6544), which nothing listens for yet
)

const (
	// tlsHandshake is the content type of a client's first record (RFC 8446
	// section 5.1).
	tlsHandshake = 0x16
	// maxSTUNHighByte is the high byte of the longest length (RFC 4571 section 2)
	// that a STUN message on an MTU of 1500 can have.
	maxSTUNHighByte = 0x05
)

// kindOf tells the kind by a connection's first byte. In all three protocols the
// client speaks first.
func kindOf(first byte) kind {
	switch {
	case first == tlsHandshake:
		return kindTLS
	case 'A' <= first && first <= 'Z': // a method (RFC 9112 section 3.1): all that exist are upper case
		return kindHTTP
	case first <= maxSTUNHighByte:
		return kindICE
	default:
		return kindUnknown
	}
}
