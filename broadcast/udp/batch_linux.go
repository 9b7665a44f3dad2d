//go:build !portable

package udp

import "net/netip"

const (
	// A batch is full with so many packets or bytes: enough that a kernel call
	// costs little a packet, and few enough that the first packets need not wait
	// long for the last, and still are in the processor's cache. With 512 a packet
	// costs the same, and the delay's median grows from 1.1 to 1.8 ms (100 viewers
	// x 10 packets a frame on 2 cores).
	batchPackets = 128
	batchBytes   = 128 << 10
	// tableSize is twice the most routes that a batch has, so that a search ends
	// soon. It is a power of two.
	tableSize = 2 * batchPackets
	// usualPacket is what has to fit for a batch not to be full.
	usualPacket = 1500
)

// batch is packets that wait for one kernel call, in order of their coming, and
// by destination. It is made once and used again and again.
type batch struct {
	data    []byte // of all packets
	packets []queued
	routes  []route
	table   [tableSize]uint16 // open addressing: index of the route and 1, or 0
	newest  int               // index of the route that was added to last
}

type queued struct {
	start, end int32 // in data
	next       int32 // for the same destination, or none
}

const none = -1

// route is the packets for one destination.
type route struct {
	to          netip.AddrPort
	first, last int32
}

func newBatch() *batch {
	return &batch{
		data:    make([]byte, 0, batchBytes),
		packets: make([]queued, 0, batchPackets),
		routes:  make([]route, 0, batchPackets),
	}
}

func (b *batch) empty() bool { return len(b.packets) == 0 }

func (b *batch) full() bool {
	return len(b.packets) == batchPackets || batchBytes-len(b.data) < usualPacket
}

// add copies a packet, unless there is no room for it. hash is that of to.
func (b *batch) add(packet []byte, to netip.AddrPort, hash uint64) bool {
	if len(b.packets) == batchPackets || batchBytes-len(b.data) < len(packet) {
		return false
	}
	start, index := len(b.data), int32(len(b.packets))
	b.data = append(b.data, packet...)
	b.packets = append(b.packets, queued{start: int32(start), end: int32(len(b.data)), next: none})
	r := b.route(to, hash)
	if r.last == none {
		r.first = index
	} else {
		b.packets[r.last].next = index
	}
	r.last = index
	return true
}

// route finds or makes the route to a destination. Most often it is the newest.
func (b *batch) route(to netip.AddrPort, hash uint64) *route {
	if b.newest < len(b.routes) && b.routes[b.newest].to == to {
		return &b.routes[b.newest]
	}
	slot, found := b.find(to, hash)
	if !found {
		b.routes = append(b.routes, route{to: to, first: none, last: none})
		b.table[slot] = uint16(len(b.routes))
	}
	b.newest = int(b.table[slot]) - 1
	return &b.routes[b.newest]
}

// find returns the table's slot of a destination, or the one where it belongs.
func (b *batch) find(to netip.AddrPort, hash uint64) (slot uint64, found bool) {
	for slot = hash % tableSize; b.table[slot] != 0; slot = (slot + 1) % tableSize {
		if b.routes[b.table[slot]-1].to == to {
			return slot, true
		}
	}
	return slot, false
}

// has reports whether there are packets for a destination. A nil batch has none.
func (b *batch) has(to netip.AddrPort, hash uint64) bool {
	if b == nil || b.empty() {
		return false
	}
	_, found := b.find(to, hash)
	return found
}

func (b *batch) bytes(packet int32) []byte {
	p := b.packets[packet]
	return b.data[p.start:p.end]
}

func (b *batch) reset() {
	b.data, b.packets, b.routes, b.newest = b.data[:0], b.packets[:0], b.routes[:0], 0
	clear(b.table[:])
}
