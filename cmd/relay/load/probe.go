package load

import (
	"time"

	"relay/cmd/relay/load/source"
	"relay/cmd/relay/load/tally"
	"relay/cmd/relay/load/verify"
)

const (
	// arrivalSlots is how many packets may be between the poller, which knows when
	// one came, and Pion, which decrypts it.
	arrivalSlots = 4096
	// maxFrame is the longest key frame that is put together, in packets.
	maxFrame = 4096
	// replayed is for how long after a viewer's connecting the server may still send
	// what was before it.
	replayed = 500 * time.Millisecond
	// inTime is what a player's buffer bridges: what comes later is of no use.
	inTime = 200 * time.Millisecond
)

// probe is what a viewer that decrypts learns. The viewer's mu guards it.
type probe struct {
	arrivals [kinds][arrivalSlots]arrival
	frame    keyFrame
	second   tally.Times   // delays since the last sample
	window   tally.Times   // delays of the window
	measures bool          // the window runs
	check    *verify.Check // nil: nothing is verified
	// Packets of the window with a clock, repaired ones too, and how many of them
	// were later than inTime.
	came, late int64
}

// arrival is when a packet came, encrypted, and whether because it was asked for.
type arrival struct {
	seq      uint16
	repaired bool
	at       time.Time
}

// arrived notes a packet by what it was to its stream. A copy is not when it came.
func (p *probe) arrived(k kind, seq uint16, at time.Time, verdict tally.Verdict) {
	if verdict != tally.Duplicate {
		p.arrivals[k][seq%arrivalSlots] = arrival{seq: seq, repaired: verdict == tally.Repaired, at: at}
	}
}

// arrival is when the packet came; the zero time if it is not known any more.
func (p *probe) arrival(k kind, seq uint16) arrival {
	if a := p.arrivals[k][seq%arrivalSlots]; a.seq == seq {
		return a
	}
	return arrival{}
}

// delayed takes the age of a packet, from the clock in its payload. What was sent
// before the viewer was connected is a replay, and as old as that is. The age of
// what was repaired is the loss's doing: it counts for what came in time only.
func (p *probe) delayed(payload []byte, came arrival, connected time.Time) {
	sent, ok := source.ReadStamp(payload)
	if !ok || came.at.IsZero() || connected.IsZero() || sent.Before(connected) {
		return
	}
	delay := came.at.Sub(sent)
	if !came.repaired {
		p.second.Add(delay)
	}
	if !p.measures {
		return
	}
	if p.came++; delay > inTime {
		p.late++
	}
	if !came.repaired {
		p.window.Add(delay)
	}
}

// verified compares a decrypted packet, or the original that a repair repeats.
func (p *probe) verified(k kind, seq uint16, h header, payload []byte, connected time.Time) {
	if p.check == nil {
		return
	}
	sent, ok := source.ReadStamp(payload)
	live := ok && !connected.IsZero() && sent.After(connected.Add(replayed))
	p.check.Media(published(k, seq, h.timestamp, h.marker, payload), live)
}

// published is a packet in the words of package verify.
func published(k kind, seq uint16, timestamp uint32, marker bool, payload []byte) verify.Packet {
	return verify.Packet{Kind: int(k), Seq: seq, Timestamp: timestamp, Marker: marker, Payload: payload}
}

// keyFrame finds the first frame that a decoder could begin with: a key frame of
// which every packet has come, from its first one to the one with the marker.
type keyFrame struct {
	begun     bool
	timestamp uint32
	first     uint16 // number of its first packet
	last      int    // the marker's place after the first, -1 while not seen
	count     int    // of the packets that came
	came      [maxFrame / 64]uint64
}

// packet takes a video packet, in any order, and reports whether the key frame is
// whole with it.
func (f *keyFrame) packet(codec source.Codec, h header, payload []byte) bool {
	if !f.belongs(h) && source.KeyFrameStart(codec, payload) {
		*f = keyFrame{begun: true, timestamp: h.timestamp, first: h.seq, last: -1}
	}
	place := int(h.seq - f.first)
	if !f.belongs(h) || place >= maxFrame {
		return false
	}
	if bit := uint64(1) << (place % 64); f.came[place/64]&bit == 0 {
		f.came[place/64] |= bit
		f.count++
	}
	if h.marker {
		f.last = place
	}
	return f.last >= 0 && f.count == f.last+1
}

func (f *keyFrame) belongs(h header) bool { return f.begun && h.timestamp == f.timestamp }
