package main

import (
	"fmt"
	"testing"
	"time"

	"relay/cmd/relay/load"
)

// TestOneBadNetworkHarmsNobody: a viewer whose network carries a fourteenth of what
// is sent. The others lose nothing and wait for nothing; it hears the sound.
func TestOneBadNetworkHarmsNobody(t *testing.T) {
	if !mayMakeNetworks(t) {
		return
	}
	if !full {
		t.Parallel() // nothing is compared
	}
	others := length(10, 99)
	beside, bad := besideABadNetwork(t, others, true)
	if beside.Media.Lost > 0 || beside.Feedback.NACKs > 0 {
		t.Errorf("the others lost %d packets, and asked for %d again", beside.Media.Lost, beside.Feedback.NACKs)
	}
	if !full {
		return
	}
	// Two runs of the same differ by less than these tolerances.
	alone, _ := besideABadNetwork(t, others, false)
	if beside.Delay.P50 > 1.25*alone.Delay.P50+0.3 || beside.Delay.P95 > 1.5*alone.Delay.P95+1 {
		t.Errorf("delay p50 %.2f ms and p95 %.2f ms; without it %.2f and %.2f", beside.Delay.P50, beside.Delay.P95, alone.Delay.P50, alone.Delay.P95)
	}
	stopped, sound := soundAfterTheStop(bad.Samples)
	if stopped == 0 || sound < 0.8 {
		t.Errorf("the picture stopped after %.0f s; %.0f %% of 10 s of sound came then: %+v", stopped, 100*sound, bad.Samples)
	}
	figure(t, "engine-6: beside a viewer of 200 kbit/s and 5 %% loss, %d others: lost %d, NACKs %d, delay p50 %.2f, p95 %.2f ms (without it %.2f, %.2f); its picture stopped after %.0f s, then it got %.0f %% of 10 s of sound",
		others, beside.Media.Lost, beside.Feedback.NACKs, beside.Delay.P50, beside.Delay.P95, alone.Delay.P50, alone.Delay.P95, stopped, 100*sound)
}

// besideABadNetwork is what the others have in the time that the bad one is there,
// and what that one has.
func besideABadNetwork(t *testing.T, others int, there bool) (good, bad load.Report) {
	r := startRelay(t)
	defer r.stop()
	watching := loading(t, nil, append(r.doors("main"), "--load", "video", "--viewers", fmt.Sprint(others),
		"--join-rate", "50", "--duration", seconds(2, 26).String())...)
	if there {
		n := newNamespace(t)
		n.narrow(200, 1000)
		n.carrySingly()
		n.lose(0.05)
		waitFor(t, "the others", func() bool { return r.room("main").Viewers == others })
		bad = loading(t, n.place(), "--whep", "http://"+n.address+":"+r.port+"/whep/main", "--target-is-mine",
			"--viewers", "1", "--probes", "1", "--duration", seconds(1, 22).String())()
	}
	return watching(), bad
}

// soundAfterTheStop finds the first whole second without video, and how much of the
// sound of the ten seconds from then on came. In the first of them the queue may
// still have been full of video.
func soundAfterTheStop(samples []load.Sample) (stopped, share float64) {
	for i, s := range samples {
		if i == 0 || s.Packets-s.Sound > 5 || samples[i-1].Packets == 0 {
			continue
		}
		came := 0.0
		for _, second := range samples[i:min(i+10, len(samples))] {
			came += second.Sound
		}
		return s.At - 1, came / (10 * 50)
	}
	return 0, 0
}

// TestLossIsRepairedInTime: of what a network loses of everybody's packets, one by
// one or by whole trains, nearly all is there again before a player needs it.
func TestLossIsRepairedInTime(t *testing.T) {
	if !mayMakeNetworks(t) {
		return
	}
	for name, trains := range map[string]bool{"packets": false, "trains of packets": true} {
		t.Run(name, func(t *testing.T) {
			if !full {
				t.Parallel() // as many as promised would be in each other's way
			}
			viewers := length(10, 100)
			r := startRelay(t)
			n := newNamespace(t)
			n.lose(0.02)
			if !trains {
				n.carrySingly()
			}
			publishLoad(t, r)
			time.Sleep(time.Second)
			got := loading(t, n.place(), "--whep", "http://"+n.address+":"+r.port+"/whep/main", "--target-is-mine",
				"--viewers", fmt.Sprint(viewers), "--probes", fmt.Sprint(length(10, 20)), "--join-rate", "50", "--duration", seconds(2, 20).String())()
			inTime := float64(got.Delay.InTime * got.Media.Delivery)
			if slack := load.Number(length(19, 5)) / 1000; got.Media.Loss < 0.02-slack || got.Media.Loss > 0.02+slack {
				t.Errorf("%.2f %% were lost: the test tests something else", 100*got.Media.Loss)
			}
			if least := load.Number(length(990, 999)) / 1000; got.Media.Delivery < least || full && inTime < 0.999 {
				t.Errorf("%.3f %% came, %.3f %% within 200 ms", 100*got.Media.Delivery, 100*inTime)
			}
			figure(t, "engine-6: 2 %% of all %s lost, %d viewers: lost %.2f %%, delivered %.4f %%, within 200 ms %.3f %%; delay p50 %.1f p99 %.1f ms; NACKs %d, RTX %d",
				name, viewers, 100*got.Media.Loss, 100*got.Media.Delivery, 100*inTime, got.Delay.P50, got.Delay.P99, got.Feedback.NACKs, got.Feedback.RTX)
		})
	}
}
