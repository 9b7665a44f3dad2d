package broadcast

// bitReader reads a header bit by bit, the highest of each byte first. What is
// beyond the end reads as 0, and over says so.
type bitReader struct {
	rest    []byte
	escaped bool // H264: a 3 after two zeros is not part of the header (section 7.4.1)
	over    bool

	current byte
	left    int // bits of current that were not read yet
	zeros   int // bytes of 0 that current ends
}

func (r *bitReader) flag() bool {
	if r.left == 0 {
		r.advance()
	}
	r.left--
	return r.current>>r.left&1 != 0
}

func (r *bitReader) advance() {
	if r.escaped && r.zeros >= 2 && len(r.rest) > 0 && r.rest[0] == 3 {
		r.rest, r.zeros = r.rest[1:], 0
	}
	r.current, r.left = 0, 8
	if len(r.rest) == 0 {
		r.over = true
		return
	}
	r.current, r.rest = r.rest[0], r.rest[1:]
	r.zeros++
	if r.current != 0 {
		r.zeros = 0
	}
}

// bits is the next n bits as a number; n is 32 at most.
func (r *bitReader) bits(n int) (value uint32) {
	for range n {
		value <<= 1
		if r.flag() {
			value |= 1
		}
	}
	return value
}

// ue is an Exp-Golomb code (H.264 section 9.1).
func (r *bitReader) ue() uint32 {
	zeros := 0
	for !r.flag() {
		if zeros++; zeros > 31 {
			r.over = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// se is a signed one (H.264 section 9.1.1).
func (r *bitReader) se() int {
	code := int(r.ue())
	if code%2 == 0 {
		return -code / 2
	}
	return (code + 1) / 2
}
