package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"relay/cmd/relay/load"
	"relay/cmd/relay/load/verify"
)

// comeAndGo has some viewers join and leave again and again until ctx ends.
func comeAndGo(ctx context.Context, t *testing.T, r *relay, viewers int) (rounds int) {
	for ctx.Err() == nil {
		got, said, err := reported(nil, "--whep", "http://127.0.0.1:"+r.port+"/whep/main", "--viewers", fmt.Sprint(viewers),
			"--probes", fmt.Sprint(viewers), "--verify", "--loss", "0.02", "--duration", "1s")
		if ctx.Err() != nil {
			return rounds // the publisher may have ended meanwhile
		}
		if err != nil || got.Verified == nil || got.Verified.Faults != (verify.Faults{}) {
			t.Errorf("those who come and go: %v, %+v\n%s", err, got.Verified, said)
			return rounds
		}
		rounds++
	}
	return rounds
}

// TestEveryPacketIsAsItWasSent: while packets are lost and repaired, others come and
// go, and one viewer is slow.
func TestEveryPacketIsAsItWasSent(t *testing.T) {
	if !full {
		t.Parallel() // it mostly waits
	}
	r := startRelay(t)
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	defer others.Wait()
	defer stop()
	rounds := 0
	others.Go(func() {
		waitForLive(ctx, r)
		rounds = comeAndGo(ctx, t, r, length(2, 10))
	})
	duration := seconds(2, 20)
	viewers, probes := length(6, 100), length(3, 20)
	joining := 2*time.Second + time.Duration(viewers)*time.Second/20
	time.AfterFunc(joining+duration, stop) // before the publisher leaves
	got := loaded(t, append(r.doors("main"), "--load", "video", "--verify", "--viewers", fmt.Sprint(viewers), "--probes", fmt.Sprint(probes),
		"--loss", "0.02", "--slow", "1:500k", "--duration", duration.String())...)
	stop()
	others.Wait()
	judgeVerified(t, got, probes)
	if got.Media.Delivery < 0.999 || got.Media.Duplicates != 0 {
		t.Errorf("of all viewers %+v", got.Media)
	}
	v := got.Verified
	figure(t, "engine-8: %d viewers, 2 %% lost, one slow, %d times %d came and went: delivered %.3f %%; of %d probes %d packets and %d payloads "+
		"(%d repairs as RTX) compared: %d altered, %d renumbered, %d mistimed, %d numbers used twice, %d out of order, %d duplicates",
		viewers, rounds, length(2, 10), 100*got.Media.Delivery, v.Probes, v.Packets, v.Payloads, got.Feedback.RTX,
		v.Altered, v.Renumbered, v.Mistimed, v.Rewritten, v.Disordered, v.Duplicates)
}

// judgeVerified wants no fault, and that faults were looked for.
func judgeVerified(t *testing.T, got load.Report, probes int) {
	t.Helper()
	v := got.Verified
	if v == nil || v.Probes != probes {
		t.Fatalf("verified %+v", v)
	}
	if v.Faults != (verify.Faults{}) || v.Duplicates != 0 {
		t.Errorf("of the probes %+v", v)
	}
	if least := int64(float64(probes) * got.Seconds * 300); v.Packets < least || v.Payloads < least || got.Feedback.RTX == 0 {
		t.Errorf("%d packets and %d payloads were compared, want %d; %d repairs", v.Packets, v.Payloads, least, got.Feedback.RTX)
	}
}

// TestVerifyingFindsFaults: packets that come twice, and numbers that are used
// twice, by the hand of a forwarder.
func TestVerifyingFindsFaults(t *testing.T) {
	if !full {
		t.Parallel() // it mostly waits
	}
	r := startRelay(t)
	publishLoad(t, r)
	f := startForwarder(t, "http://127.0.0.1:"+r.port, impairment{duplicate: 150, forge: 130, swap: 170})
	got, said, err := reported(nil, "--whep", f.URL+"/whep/main", "--viewers", "3", "--probes", "3", "--verify", "--duration", "2s")
	v := got.Verified
	if err == nil || v == nil {
		t.Fatalf("nothing was found: %v, %+v\n%s", err, v, said)
	}
	forged, duplicated, swapped := f.forged.Load(), f.duplicated.Load(), f.swapped.Load()
	// Some pass the forwarder only after the tester has ended. A forgery is a duplicate, too.
	enough := func(found, injected int64) bool { return found > injected*8/10 && found <= injected }
	if !enough(v.Rewritten, forged) || !enough(v.Duplicates, duplicated+forged) || !enough(v.Disordered, swapped) {
		t.Errorf("found %+v; injected %d forgeries, %d duplicates, %d swaps", v, forged, duplicated, swapped)
	}
	figure(t, "engine-8: a forwarder's %d forgeries, %d duplicates and %d swaps: found %d, %d, %d", forged, duplicated, swapped,
		v.Rewritten, v.Duplicates-v.Rewritten, v.Disordered)
}

// waitForLive waits until the room is live, or ctx ends.
func waitForLive(ctx context.Context, r *relay) {
	for ctx.Err() == nil && r.room("main").State != "live" {
		time.Sleep(20 * time.Millisecond)
	}
}
