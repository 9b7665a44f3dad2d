// Package verify tells whether what a server delivers is what was published: no
// packet altered, renumbered or given another time, and no number used for two
// packets.
package verify

import (
	"hash/maphash"
	"sync"
)

// Packet is what of an RTP packet a server may not change, but for the start of
// numbers and times, which it may shift by one constant each.
type Packet struct {
	Kind      int // of its stream: what is sent as one kind comes as that
	Seq       uint16
	Timestamp uint32
	Marker    bool
	Payload   []byte // not kept
}

// Ledger is all that a publisher has sent. Its methods may be called from any
// goroutine.
type Ledger struct {
	seed maphash.Seed // static

	mu     sync.Mutex // guards what follows
	sent   map[content]Packet
	shifts map[int]*shift // by kind
}

// content is a packet's kind and a hash of its payload.
type content struct {
	kind int
	hash uint64
}

// shift is by how much a server shifts a kind, once that is known.
type shift struct {
	numbered, timed bool
	seq             uint16
	timestamp       uint32
}

// NewLedger is a ledger of a publisher that has sent nothing yet.
func NewLedger() *Ledger {
	return &Ledger{seed: maphash.MakeSeed(), sent: map[content]Packet{}, shifts: map[int]*shift{}}
}

// Send notes a packet that is about to be sent. No two may have the same payload.
func (l *Ledger) Send(p Packet) {
	at := l.content(p)
	p.Payload = nil
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[at] = p
	if l.shifts[p.Kind] == nil {
		l.shifts[p.Kind] = &shift{}
	}
}

func (l *Ledger) content(p Packet) content {
	return content{p.Kind, maphash.Bytes(l.seed, p.Payload)}
}

// judge compares a packet that came with what was sent. timed is whether its time
// has to be right, too.
func (l *Ledger) judge(p Packet, timed bool, faults *Faults) {
	at := l.content(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	sent, ok := l.sent[at]
	if !ok {
		faults.Altered++
		return
	}
	by := l.shifts[p.Kind]
	seq, timestamp := p.Seq-sent.Seq, p.Timestamp-sent.Timestamp
	if !by.numbered {
		by.numbered, by.seq = true, seq
	}
	if timed && !by.timed {
		by.timed, by.timestamp = true, timestamp
	}
	switch {
	case seq != by.seq:
		faults.Renumbered++
	case p.Marker != sent.Marker:
		faults.Altered++
	case timed && timestamp != by.timestamp:
		faults.Mistimed++
	}
}
