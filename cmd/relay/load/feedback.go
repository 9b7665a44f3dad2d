package load

import (
	"context"
	"time"

	"github.com/pion/rtcp"
)

const (
	// feedbackTick is how often it is looked for what is to be asked for again:
	// as often as the wait for reordered packets is long.
	feedbackTick = 10 * time.Millisecond
	// reportEvery is a browser's pace of receiver reports.
	reportEvery = time.Second
	// undecodable is how long a probe without a frame waits before it asks for a
	// key frame.
	undecodable = 500 * time.Millisecond
)

// sendFeedback sends all viewers' NACKs and reports until ctx ends. It is one
// goroutine for all: one for each would wake hundreds of times a tick.
func (c *crew) sendFeedback(ctx context.Context) {
	ticker := time.NewTicker(feedbackTick)
	defer ticker.Stop()
	round := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		round++
		for _, v := range c.viewers() {
			// Reports are spread over the second.
			v.sendFeedback((v.number+round)%int(reportEvery/feedbackTick) == 0)
		}
	}
}

func (v *viewer) sendFeedback(reports bool) {
	if !v.isUp() {
		return
	}
	if reports {
		v.measure()
	}
	if packets := v.feedback(v.crew.now(), reports); len(packets) > 0 {
		_ = v.peer.WriteRTCP(packets) // a lost report is followed by the next
	}
}

// measure takes the round trip from ICE's checks: what a receiver hears by RTCP does
// not tell it.
func (v *viewer) measure() {
	receivers := v.peer.GetReceivers()
	if len(receivers) == 0 || receivers[0].Transport() == nil {
		return
	}
	pair, ok := receivers[0].Transport().ICETransport().GetSelectedCandidatePairStats()
	if !ok {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for k := range v.media {
		v.media[k].measured(time.Duration(pair.CurrentRoundTripTime * float64(time.Second)))
	}
}

// feedback is what the viewer has to say now.
func (v *viewer) feedback(now time.Duration, reports bool) (packets []rtcp.Packet) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if reports {
		packets = v.report(now)
	}
	for k := range v.media {
		nack := v.media[k].nack(v.sender, now)
		if nack == nil {
			continue
		}
		packets = append(packets, nack)
		for _, pair := range nack.Nacks {
			asked := pair.PacketList()
			v.nacks += int64(len(asked))
			if v.probe != nil && v.probe.check != nil && !v.media[k].stream.RTX {
				v.probe.check.Asked(nack.MediaSSRC, asked)
			}
		}
	}
	if v.wantsKeyFrame(now) {
		v.askedKey = now
		v.plis++
		packets = append(packets, &rtcp.PictureLossIndication{SenderSSRC: v.sender, MediaSSRC: v.media[video].ssrc})
	}
	return packets
}

func (v *viewer) report(now time.Duration) []rtcp.Packet {
	var blocks []rtcp.ReceptionReport
	for k := range v.media {
		if v.media[k].begun {
			blocks = append(blocks, v.media[k].receiverReport(now))
		}
	}
	if len(blocks) == 0 {
		return nil
	}
	return []rtcp.Packet{&rtcp.ReceiverReport{SSRC: v.sender, Reports: blocks}}
}

// wantsKeyFrame is true for a probe that has had video for a while, and nothing to
// decode. What is asked for with NACKs is waited for by itself.
func (v *viewer) wantsKeyFrame(now time.Duration) bool {
	return v.probe != nil && v.media[video].begun && v.moments.decodable == 0 &&
		now-max(v.moments.first, v.askedKey) > undecodable
}
