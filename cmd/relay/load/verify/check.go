package verify

import "hash/maphash"

// Faults counts what should not be.
type Faults struct {
	// Altered is packets whose payload or marker is none that was sent.
	Altered int64 `json:"altered"`
	// Renumbered is packets that have another place among the others than when
	// they were sent.
	Renumbered int64 `json:"renumbered"`
	// Mistimed is packets with another time than they were sent with.
	Mistimed int64 `json:"mistimed"`
	// Rewritten is packets that came under the SSRC and number of another one. With
	// AES-GCM that gives the key away (RFC 7714 section 8.1).
	Rewritten int64 `json:"rewritten"`
	// Disordered is packets that came after one with a higher number, though nobody
	// had asked for them again.
	Disordered int64 `json:"disordered"`
	// Contradicted is repairs that are not what they repeat.
	Contradicted int64 `json:"contradicted"`
}

// Sum is of all kinds of faults.
func (f Faults) Sum() int64 {
	return f.Altered + f.Renumbered + f.Mistimed + f.Rewritten + f.Disordered + f.Contradicted
}

// Add is the sum of both.
func (f Faults) Add(o Faults) Faults {
	return Faults{
		Altered: f.Altered + o.Altered, Renumbered: f.Renumbered + o.Renumbered, Mistimed: f.Mistimed + o.Mistimed,
		Rewritten: f.Rewritten + o.Rewritten, Disordered: f.Disordered + o.Disordered, Contradicted: f.Contradicted + o.Contradicted,
	}
}

// Check is what one viewer got. It remembers all of it. Its methods are one
// goroutine's at a time.
type Check struct {
	ledger *Ledger // nil: what was sent is not known
	seed   maphash.Seed
	wire   map[uint32]*numbers // by SSRC: encrypted packets
	media  map[int]*numbers    // by kind: what packets say, however they came

	// Packets and Payloads are how many were compared: as they are on the wire, and
	// with what was sent.
	Packets, Payloads int64
	Faults            Faults
}

// NewCheck is the check of a viewer. A nil ledger is of a publisher elsewhere.
func NewCheck(ledger *Ledger) *Check {
	return &Check{ledger: ledger, seed: maphash.MakeSeed(), wire: map[uint32]*numbers{}, media: map[int]*numbers{}}
}

// Wire takes a packet as it came, encrypted or not: what is sent twice is the
// same twice.
func (c *Check) Wire(ssrc uint32, seq uint16, packet []byte) {
	c.Packets++
	n := of(c.wire, ssrc, seq)
	number := n.number(seq)
	_, again := n.hashes[number]
	if number < n.newest && !again && !n.asked[number] {
		c.Faults.Disordered++
	}
	if !n.note(number, maphash.Bytes(c.seed, packet)) {
		c.Faults.Rewritten++
	}
}

// Asked says that packets were asked for that come under their own SSRC and number.
func (c *Check) Asked(ssrc uint32, seqs []uint16) {
	for _, seq := range seqs {
		n := of(c.wire, ssrc, seq)
		n.asked[n.number(seq)] = true
	}
}

// Media takes a decrypted packet, or the original that a repair repeats. live is
// false while a server may still send what was before the viewer came, with other
// times. A packet without payload is filler: nobody published it, but its number is
// used up.
func (c *Check) Media(p Packet, live bool) {
	n := of(c.media, p.Kind, p.Seq)
	if !n.note(n.number(p.Seq), c.says(p)) {
		c.Faults.Contradicted++
	}
	if c.ledger != nil && len(p.Payload) > 0 {
		c.Payloads++
		c.ledger.judge(p, live, &c.Faults)
	}
}

// says is a hash of all that a packet says.
func (c *Check) says(p Packet) uint64 {
	said := maphash.Comparable(c.seed, struct {
		timestamp uint32
		marker    bool
	}{p.Timestamp, p.Marker})
	return said ^ maphash.Bytes(c.seed, p.Payload)
}

// numbers is the content of each number of a stream. They do not wrap here.
type numbers struct {
	newest int64
	hashes map[int64]uint64
	asked  map[int64]bool
}

// of is the numbers of a stream, which may begin with this one.
func of[K comparable](streams map[K]*numbers, stream K, first uint16) *numbers {
	n := streams[stream]
	if n == nil {
		n = &numbers{newest: int64(first), hashes: map[int64]uint64{}, asked: map[int64]bool{}}
		streams[stream] = n
	}
	return n
}

func (n *numbers) number(seq uint16) int64 { return n.newest + int64(int16(seq-uint16(n.newest))) }

// note is false if the number had another content before.
func (n *numbers) note(number int64, hash uint64) bool {
	n.newest = max(n.newest, number)
	before, ok := n.hashes[number]
	n.hashes[number] = hash
	return !ok || before == hash
}
