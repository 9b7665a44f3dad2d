// Package broadcast is the SFU core: it takes one publisher's RTP packets a
// room and forwards them, still encoded, to every viewer of that room.
//
// The way of a packet:
//
//  1. udp.Conn reads it from the kernel and hands it to Pion's mux.
//  2. Pion demultiplexes and decrypts it; a Track reads it from a TrackRemote.
//  3. The Track's reader (one goroutine) drops the publisher's header
//     extensions, shifts sequence number and timestamp onto the room's
//     timeline, stores the packet in the history and tallies it for Relay.Info.
//  4. The fan-out (one goroutine a room and kind) takes what has arrived:
//     until the marker bit, or for at most 1 ms.
//  5. For each viewer, for each packet: a header with that viewer's SSRC and
//     payload type, SRTP, into the pending batch. Nothing is allocated, nothing
//     waits. The crew helps: each processor has its lane of the socket, and the
//     viewers whose packets leave there.
//  6. udp.Conn writes the batch: runs of one viewer's packets as one message, all
//     messages in one kernel call.
//  7. A NACK is answered from the history, as RTX where that was negotiated.
//     A PLI goes to the key-frame governor.
//
// What holds at all times:
//
//   - Packets of one viewer and kind keep their order. Who joins is sent the
//     running GOP in slices, at a rate that a network takes, and what comes
//     meanwhile behind it.
//   - A packet in the history is never changed.
//   - One (SSRC, sequence number) never carries two contents: AES-GCM would
//     reuse a nonce.
//   - Nothing in 3 to 7 waits for a viewer.
//   - Session, Room and history outlive the publisher.
package broadcast
