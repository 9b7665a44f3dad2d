// Package wire is the sockets of many viewers below Pion: a Poller reads them
// all from one goroutine, gives media to a Sink and the rest to Pion's UDP mux.
// It reads of a packet only what RFC 7983 needs to tell RTP from the rest.
package wire

import (
	"errors"
	"time"
)

const (
	// bufferSize is asked for in each socket's receive direction, in bytes. A
	// tester that waits for a processor must not count its own wait as loss.
	bufferSize = 4 << 20
	// slowBufferSize, in bytes, is what a slow viewer's socket has instead: about
	// the queue of a home router, so that it overflows as that one does.
	slowBufferSize = 64 << 10
	// packetSize, in bytes, is the longest packet that is read whole. WebRTC's
	// stay under 1,500; a longer one is dropped and counted.
	packetSize = 2048
	// slowTick is how often a slow socket is looked at: several times a frame at
	// 30 frames a second, so that no frame waits for the tick.
	slowTick = 5 * time.Millisecond
)

// errAddress is an address that is none, or has a zone: link-local ones are not
// worth a lookup a packet to a tester of one's own machine.
var errAddress = errors.New("no IP address, or one with a zone")

// Sink takes the media of one Socket.
type Sink interface {
	// RTP takes one RTP packet (RFC 3550), still encrypted (RFC 3711), which it
	// may not keep. arrived is wall clock, without a monotonic part: the kernel's
	// own time stamp on Linux, elsewhere and on a slow socket the time of
	// reading. up asks that Pion gets the packet as well. It is called from the
	// Poller's goroutine and must not block; one call a Socket at a time.
	RTP(packet []byte, arrived time.Time) (up bool)
}

// Stats counts what a Socket dropped, in packets since it was opened.
type Stats struct {
	KernelDrops uint64 // by the kernel's full buffer: the tester's own loss (Linux; elsewhere 0)
	SlowDrops   uint64 // the same while Slow was on: the viewer's loss
	Lost        uint64 // by Lose: the viewer's loss
	QueueDrops  uint64 // meant for Pion, which had not read the 4,096 before: the tester's own
	Oversize    uint64 // longer than 2,048 bytes: the tester's own
	ReadErrors  uint64 // calls that failed; the socket is read on
	Buffer      int    // receive buffer granted by the kernel, in bytes; 0 where unknown
}
