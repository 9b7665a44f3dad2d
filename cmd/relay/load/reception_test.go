package load

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"relay/cmd/relay/load/tally"
)

const ms = time.Millisecond

func take(r *reception, to belonging, ssrc uint32, now time.Duration, seqs ...uint16) (last tally.Verdict) {
	for _, seq := range seqs {
		last = r.packet(header{ssrc: ssrc, seq: seq}, to, now)
	}
	return last
}

// What comes late, and was asked for, came by itself where repairs come as RTX.
func TestReorderingIsNoLossWithRTX(t *testing.T) {
	r := &reception{kind: video}
	to := belonging{known: true, nack: true, apart: true}
	take(r, to, 1, 0, 1, 3)
	if r.nack(9, 20*ms) == nil {
		t.Fatal("nothing is asked for")
	}
	if verdict := take(r, to, 1, 60*ms, 2); verdict != tally.Late {
		t.Errorf("verdict %d", verdict)
	}
}

func TestNoNACKUnlessAgreed(t *testing.T) {
	r := &reception{kind: audio}
	to := belonging{known: true, kind: audio}
	take(r, to, 1, 0, 1, 3)
	if nack := r.nack(9, 20*ms); nack != nil {
		t.Errorf("asks for %v", nack.Nacks)
	}
	take(r, to, 1, 60*ms, 2)
	if c := r.stream.Counts(); c.Lost() != 0 || c.Reordered != 1 {
		t.Errorf("%+v", c)
	}
}

// The shortest round trip tells what can't be an answer; the last one, when to ask
// again.
func TestRoundTripsAreTaken(t *testing.T) {
	r := &reception{kind: video}
	for _, rtt := range []time.Duration{80 * ms, 60 * ms, 0, 70 * ms} {
		r.measured(rtt)
	}
	if r.stream.RTT != 60*ms || r.nacker.RTT != 70*ms {
		t.Errorf("shortest %v, last %v", r.stream.RTT, r.nacker.RTT)
	}
	to := belonging{known: true, nack: true}
	take(r, to, 1, 0, 1, 3, 5)
	r.nack(9, 10*ms)
	if soon, later := take(r, to, 1, 30*ms, 2), take(r, to, 1, 80*ms, 4); soon != tally.Late || later != tally.Repaired {
		t.Errorf("verdicts %d and %d", soon, later)
	}
}

// Another SSRC is another numbering, wherever it lies, and stragglers of the one
// before don't bring that back.
func TestAnotherSSRCMakesNoLoss(t *testing.T) {
	for _, jump := range []uint16{1, 1500, 2999, 30000, 65535 - 1499} {
		r := &reception{kind: video}
		to := belonging{known: true, nack: true, apart: true}
		take(r, to, 1, 0, 100, 101, 102)
		r.reported(&rtcp.SenderReport{SSRC: 1, NTPTime: 1 << 40}, 0)
		for i := range uint16(10) {
			take(r, to, 2, 10*ms, 103+jump+i)
			if verdict := take(r, to, 1, 11*ms, 103+i); verdict != tally.Stray {
				t.Errorf("jump %d: a straggler was %d", jump, verdict)
			}
		}
		c := r.stream.Counts()
		if c.Expected != 13 || c.Lost() != 0 || c.Restarts != 1 || c.Reordered+c.Duplicates+c.Strays != 0 {
			t.Errorf("jump %d: %+v", jump, c)
		}
		if r.nack(9, 100*ms) != nil || r.ssrc != 2 || r.receiverReport(time.Second).LastSenderReport != 0 {
			t.Errorf("jump %d: something of the SSRC before is left", jump)
		}
	}
}

func TestAServerMayGoBackToAnSSRC(t *testing.T) {
	r := &reception{kind: video}
	to := belonging{known: true}
	for i, ssrc := range []uint32{1, 2, 1, 2} {
		take(r, to, ssrc, time.Duration(i)*time.Second, 7, 8)
	}
	if c := r.stream.Counts(); c.Received != 8 || c.Restarts != 3 || len(r.former) != 1 {
		t.Errorf("%+v, former %v", c, r.former)
	}
	for ssrc := range uint32(100) {
		take(r, to, 100+ssrc, 10*time.Second, 7)
	}
	if len(r.former) != maxFormer {
		t.Errorf("%d SSRCs are remembered", len(r.former))
	}
}
