package load

import (
	"time"

	"github.com/pion/rtcp"

	"relay/cmd/relay/load/tally"
)

// reception is what one viewer gets of one kind. The viewer's mu guards it.
type reception struct {
	kind   kind
	begun  bool
	ssrc   uint32
	stream tally.Stream
	nacker tally.Nacker
	jitter tally.Jitter
	// Of the last sender report: the middle of its NTP time (RFC 3550 section
	// 6.4.1), and when it came.
	report   uint32
	reportAt time.Duration
}

// packet counts a media packet.
func (r *reception) packet(h header, now time.Duration) tally.Verdict {
	if r.begun && r.ssrc != h.ssrc {
		r.restart()
	}
	r.begun, r.ssrc = true, h.ssrc
	r.jitter.Packet(h.timestamp, now, clockRate[r.kind])
	verdict := r.stream.Packet(h.seq, now)
	switch verdict {
	case tally.New:
		r.nacker.Missing(r.stream.Gap(), now)
	case tally.Late, tally.Repaired:
		r.nacker.Got(h.seq)
	}
	return verdict
}

// restart is another SSRC in the place of the one before: a server that begins
// anew. The numbers of the two have nothing to do with each other, which the
// stream sees by itself unless they happen to lie close.
func (r *reception) restart() { r.nacker, r.jitter = tally.Nacker{}, tally.Jitter{} }

// repair counts a packet that came as RTX for the original number osn.
func (r *reception) repair(osn uint16, now time.Duration) tally.Verdict {
	verdict := r.stream.Repair(osn, now)
	if verdict == tally.Repaired {
		r.nacker.Got(osn)
		r.nacker.Missing(r.stream.Gap(), now)
	}
	return verdict
}

// nack is the NACK that is due, nil for none (RFC 4585 section 6.2.1).
func (r *reception) nack(sender uint32, now time.Duration) *rtcp.TransportLayerNack {
	due := r.nacker.Due(now)
	if len(due) == 0 {
		return nil
	}
	r.stream.Asked(due)
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
