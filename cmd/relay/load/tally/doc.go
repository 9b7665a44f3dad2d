// Package tally does the counting of a load test: which packets of a stream
// came, were late, repaired or never seen (Stream), which of them to ask for
// (Nacker), what a receiver report says of them (Reception, Jitter), and the
// percentiles of many durations (Times).
//
// Everything here is arithmetic: no clock, no randomness, no I/O. Moments are
// durations on one monotonic clock of the caller's. No type locks: each value
// belongs to one goroutine at a time.
//
// The parts are used together like this:
//
//	switch stream.Packet(seq, now) {
//	case tally.New:
//		nacker.Missing(stream.Gap(), now)
//	case tally.Late, tally.Repaired:
//		nacker.Got(seq)
//	}
//	if stream.Repair(osn, now) == tally.Repaired { // on the RTX SSRC
//		nacker.Got(osn)
//		nacker.Missing(stream.Gap(), now) // if it came ahead of all
//	}
//	if due := nacker.Due(now); len(due) > 0 {
//		stream.Asked(due, now) // and send the NACK
//	}
package tally
