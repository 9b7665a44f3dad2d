package broadcast

// squeezeStep is the distance of two squeezed frames: 1 ms of the 90 kHz clock.
const squeezeStep = 90

// squeeze is how one DownTrack was primed: the frames of the running GOP come
// with timestamps just before the live edge, so that its viewer sees the
// current picture at once instead of the GOP in its own time. It is a value
// that never changes, since a retransmission repeats what was sent.
//
// The zero value squeezes frame 0 alone onto timestamp 0, a frame that no
// history has: it stands for "not primed".
type squeeze struct {
	// first and last are the ordinals of the squeezed frames, both included.
	first, last uint64
	// edge is the timestamp of frame last.
	edge uint32
	// The frames between after and until, neither included, are sent as empty
	// packets; none if until is 0.
	after, until uint64
}

// stamp is the timestamp under which the viewer gets p, each time it gets it.
func (s *squeeze) stamp(p *packet) uint32 {
	if p.frame < s.first || p.frame > s.last {
		return p.timestamp
	}
	return s.edge - uint32(s.last-p.frame)*squeezeStep
}

// empties reports whether the viewer gets p without its payload.
func (s *squeeze) empties(p *packet) bool { return p.frame > s.after && p.frame < s.until }

// marker is p's marker, as the viewer gets it: nothing ends with an empty packet.
func (s *squeeze) marker(p *packet) bool { return p.marker && !s.empties(p) }

// payload is what the viewer gets of p on the media SSRC.
func (s *squeeze) payload(p *packet) []byte {
	if s.empties(p) {
		return nil
	}
	return p.payload()
}

// osn is what the viewer gets of p on the RTX SSRC.
func (s *squeeze) osn(p *packet) []byte {
	if s.empties(p) {
		return p.osn()[:osnSize]
	}
	return p.osn()
}
