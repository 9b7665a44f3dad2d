//go:build !portable

package udp

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// lane is what is pending for a part of all destinations. There are as many as
// processors, so that each can write to its own.
//
// A batch leaves outside of mu, so that others may write on meanwhile; what they
// write for the same destinations leaves after it, as that takes flushing.
type lane struct {
	socket  *batching // static
	holders atomic.Int32

	flushing sync.Mutex // held while a batch leaves; taken before mu
	sender   *sender    // owned by whoever holds flushing

	mu      sync.Mutex // guards what follows; never held during a kernel call
	pending *batch
	spare   *batch // nil while it is what leaves
	leaving *batch // not changed while it is here
}

// take queues a packet that waits for the end of a burst, or that has to stay
// behind others for its destination. Any other may be written at once: take
// returns false.
func (l *lane) take(packet []byte, to netip.AddrPort, hash uint64) bool {
	for {
		taken, flush := l.queue(packet, to, hash)
		if flush {
			l.flush()
		}
		if taken || !flush {
			return taken
		}
	}
}

// queue also reports whether the lane has to be flushed: it is full, or the
// packet waits for nobody. If the packet was not taken, it is to be queued again
// after that.
func (l *lane) queue(packet []byte, to netip.AddrPort, hash uint64) (taken, flush bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Release counts down before it takes mu: what is queued here because
	// somebody holds is found by that holder's Release.
	held := l.holders.Load() > 0 && isMedia(packet)
	if !held && !l.pending.has(to, hash) && !l.leaving.has(to, hash) {
		return false, false
	}
	if l.pending == nil {
		l.pending, l.spare, l.sender = newBatch(), newBatch(), newSender(l.socket, batchPackets)
	}
	taken = l.pending.add(packet, to, hash)
	return taken, !taken || !held || l.pending.full()
}

// flush returns when all that was pending has left or was dropped.
func (l *lane) flush() {
	l.flushing.Lock()
	if l.begin() {
		l.sender.load(l.leaving)
		_ = l.sender.send() // what failed is counted
		l.end()
	}
	l.flushing.Unlock()
	l.socket.segments.tell(l.socket.unsegmented)
}

// begin makes what is pending the batch that leaves.
func (l *lane) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending == nil || l.pending.empty() {
		return false
	}
	l.leaving, l.pending, l.spare = l.pending, l.spare, nil
	return true
}

func (l *lane) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaving.reset()
	l.spare, l.leaving = l.leaving, nil
}
