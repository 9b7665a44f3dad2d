package broadcast

import (
	"log/slog"
	"sync/atomic"
)

// dropReason is why a packet was not stored, or not sent. Nothing is dropped
// without one.
type dropReason uint8

const (
	// Coming in:
	dropPayloadType dropReason = iota // it was not negotiated
	dropReplaced                      // another publisher has the room
	dropEarly                         // from before the publisher's first packet
	dropDuplicate                     // the history has it, or no longer wants it
	dropBehind                        // the fan-out can't keep up: viewers get it by NACK
	// Going out to one viewer:
	dropCodec      // the viewer lacks the codec
	dropAbsent     // the viewer is silent
	dropSlow       // the viewer's network loses too much
	dropNoKeyFrame // the viewer waits for a key frame
	// from before the viewer's first packet: of no use to it, and where numbers went
	// round between the two, its SRTP would guess all later ones wrong (RFC 3711
	// section 3.3.1)
	dropBefore
	dropWrite // the transport refused it
	// Asked for again by a viewer:
	dropForgotten // the history has it no more
	dropBudget    // it asks for too much, or for the same too soon

	dropReasons
)

var dropNames = [dropReasons]string{
	"payload-type", "replaced", "early", "duplicate", "behind",
	"codec", "absent", "slow", "no-key-frame", "before", "write",
	"forgotten", "budget",
}

// drops counts by reason.
type drops [dropReasons]atomic.Uint64

func (d *drops) count(reason dropReason) { d[reason].Add(1) }

// LogValue is the reasons that occurred.
func (d *drops) LogValue() slog.Value {
	var counts []slog.Attr
	for i := range d {
		if n := d[i].Load(); n > 0 {
			counts = append(counts, slog.Uint64(dropNames[i], n))
		}
	}
	return slog.GroupValue(counts...)
}
