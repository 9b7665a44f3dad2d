package load

import (
	"slices"
	"time"

	"github.com/pion/rtcp"

	"relay/cmd/relay/load/tally"
)

const (
	// lingering is for how long after a packet of the SSRC in use one of an SSRC
	// before it is a straggler: later, the server has gone back.
	lingering = 500 * time.Millisecond
	// maxFormer is how many SSRCs of before are known.
	maxFormer = 16
)

// reception is what one viewer gets of one kind. The viewer's mu guards it.
type reception struct {
	kind   kind
	begun  bool
	nacks  bool // it was agreed that packets may be asked for
	ssrc   uint32
	former []uint32      // SSRCs before this one, the latest last
	heard  time.Duration // when the last packet of ssrc came
	stream tally.Stream
	nacker tally.Nacker
	jitter tally.Jitter
	// Of the last sender report: the middle of its NTP time (RFC 3550 section
	// 6.4.1), and when it came.
	report   uint32
	reportAt time.Duration
}

// packet counts a media packet. One of an SSRC that is in use no more is a Stray,
// and not counted.
func (r *reception) packet(h header, to belonging, now time.Duration) tally.Verdict {
	switch {
	case !r.begun || r.ssrc == h.ssrc:
	case slices.Contains(r.former, h.ssrc) && now-r.heard < lingering:
		return tally.Stray
	default:
		r.restart(h.ssrc)
	}
	r.begun, r.ssrc, r.heard = true, h.ssrc, now
	r.nacks, r.stream.RTX = to.nack, r.stream.RTX || to.apart
	r.jitter.Packet(h.timestamp, now, clockRate[r.kind])
	verdict := r.stream.Packet(h.seq, now)
	switch verdict {
	case tally.New:
		r.missing(now)
	case tally.Late, tally.Repaired:
		r.nacker.Got(h.seq)
	}
	return verdict
}

// restart is another SSRC in the place of the one before: a server that begins
// anew. The numbers of the two have nothing to do with each other, even if they
// happen to lie close, and neither have the clocks.
func (r *reception) restart(ssrc uint32) {
	r.former = slices.DeleteFunc(r.former, func(s uint32) bool { return s == ssrc })
	if len(r.former) == maxFormer {
		r.former = slices.Delete(r.former, 0, 1)
	}
	r.former = append(r.former, r.ssrc)
	r.stream.Restart()
	r.nacker, r.jitter, r.report = tally.Nacker{RTT: r.nacker.RTT}, tally.Jitter{}, 0
}

// missing has what the last packet left out asked for, if that was agreed on.
func (r *reception) missing(now time.Duration) {
	if r.nacks {
		r.nacker.Missing(r.stream.Gap(), now)
	}
}

// measured notes a round trip to the server, zero if it is not known.
func (r *reception) measured(rtt time.Duration) {
	if rtt <= 0 {
		return
	}
	r.nacker.RTT = rtt
	if r.stream.RTT == 0 || rtt < r.stream.RTT {
		r.stream.RTT = rtt
	}
}

// repair counts a packet that came as RTX for the original number osn.
func (r *reception) repair(osn uint16, now time.Duration) tally.Verdict {
	verdict := r.stream.Repair(osn, now)
	if verdict == tally.Repaired {
		r.nacker.Got(osn)
		r.missing(now)
	}
	return verdict
}

// nack is the NACK that is due, nil for none (RFC 4585 section 6.2.1).
func (r *reception) nack(sender uint32, now time.Duration) *rtcp.TransportLayerNack {
	due := r.nacker.Due(now)
	if len(due) == 0 {
		return nil
	}
	r.stream.Asked(due, now)
	return &rtcp.TransportLayerNack{SenderSSRC: sender, MediaSSRC: r.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(due)}
}

// reported notes a sender report.
func (r *reception) reported(report *rtcp.SenderReport, now time.Duration) {
	r.report, r.reportAt = uint32(report.NTPTime>>16), now
}

// receiverReport is the block of the next receiver report (RFC 3550 section 6.4.1).
func (r *reception) receiverReport(now time.Duration) rtcp.ReceptionReport {
	got := r.stream.Reception()
	block := rtcp.ReceptionReport{
		SSRC: r.ssrc, FractionLost: got.Fraction, TotalLost: got.Lost,
		LastSequenceNumber: got.Highest, Jitter: r.jitter.Value(), LastSenderReport: r.report,
	}
	if r.report != 0 {
		block.Delay = uint32((now - r.reportAt) * 65536 / time.Second)
	}
	return block
}
