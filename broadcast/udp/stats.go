package udp

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
)

// Stats counts what a Conn did since it was opened.
type Stats struct {
	// Packets and Bytes of payload that the kernel took.
	Packets, Bytes uint64
	// Calls of the kernel to write, and the messages of several packets among
	// what they wrote (UDP_SEGMENT).
	Calls, Segmented uint64
	Drops            Drops
	ReadErrors       uint64
}

// Drops counts packets that were not written, by reason.
type Drops struct {
	Full        uint64 // the socket's buffer stayed full
	Unreachable uint64 // there is no way to the destination
	Forbidden   uint64 // this machine's firewall
	TooLong     uint64 // for a packet
	Closed      uint64 // what a burst had pending at Close
	Other       uint64
}

type dropReason uint8

const (
	dropFull dropReason = iota
	dropUnreachable
	dropForbidden
	dropTooLong
	dropClosed
	dropOther

	dropReasons
)

var (
	errFull        = errors.New("the socket's buffer is full")
	errUnreachable = errors.New("no interface of that name")
)

func reasonOf(err error) dropReason {
	switch {
	case errors.Is(err, errFull), errors.Is(err, syscall.ENOBUFS):
		return dropFull
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN), errors.Is(err, errUnreachable):
		return dropUnreachable
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return dropForbidden
	case errors.Is(err, syscall.EMSGSIZE):
		return dropTooLong
	case errors.Is(err, net.ErrClosed):
		return dropClosed
	}
	return dropOther
}

// counters are what Stats is made of.
type counters struct {
	packets, bytes, calls, segmented atomic.Uint64
	drops                            [dropReasons]atomic.Uint64
}

func (c *counters) drop(cause error, packets int) { c.drops[reasonOf(cause)].Add(uint64(packets)) }

func (c *counters) stats() Stats {
	drops := func(r dropReason) uint64 { return c.drops[r].Load() }
	return Stats{
		Packets: c.packets.Load(), Bytes: c.bytes.Load(), Calls: c.calls.Load(), Segmented: c.segmented.Load(),
		Drops: Drops{
			Full: drops(dropFull), Unreachable: drops(dropUnreachable), Forbidden: drops(dropForbidden),
			TooLong: drops(dropTooLong), Closed: drops(dropClosed), Other: drops(dropOther),
		},
	}
}
