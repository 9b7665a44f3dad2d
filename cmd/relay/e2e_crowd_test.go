package main

import (
	"fmt"
	"testing"
	"time"
)

// TestCrowdJoinsAStillPicture: all of them see it at once, and nobody else notices.
func TestCrowdJoinsAStillPicture(t *testing.T) {
	t.Parallel() // it mostly waits
	watching, crowd := length(4, 20), length(10, 100)
	r := startRelay(t)
	audience := loading(t, nil, append(r.doors("main"), "--load", "video", "--still",
		"--viewers", fmt.Sprint(watching), "--duration", seconds(4, 16).String())...)
	waitFor(t, "the audience", func() bool { return r.room("main").Viewers == watching })
	time.Sleep(seconds(1, 8)) // so much of the picture is to be replayed
	joined := loaded(t, "--whep", "http://127.0.0.1:"+r.port+"/whep/main", "--viewers", fmt.Sprint(crowd),
		"--probes", fmt.Sprint(crowd), "--join-rate", fmt.Sprint(crowd/2), "--duration", "1s")
	before := audience()

	frame := joined.Viewers.FirstFrameFromConnected
	if joined.Viewers.Connected != crowd || int(frame.Count) != crowd {
		t.Errorf("of %d who joined %d connected, and %d saw a picture", crowd, joined.Viewers.Connected, frame.Count)
	}
	if most := float64(length(1000, 300)); float64(frame.P95) > most {
		t.Errorf("the picture came %.0f ms after connected (p95), want %.0f", frame.P95, most)
	}
	asked := before.Publisher.PLIs + before.Publisher.FIRs
	if asked > 1 {
		t.Errorf("%d key frames were asked for", asked)
	}
	if before.Media.Lost > 0 || before.Feedback.NACKs > 0 || before.Media.Delivery < 1 {
		t.Errorf("those who watched lost %d packets and asked for %d again", before.Media.Lost, before.Feedback.NACKs)
	}
	figure(t, "engine-5: %d joined within 2 s: first frame p50 %.1f, p95 %.1f ms after connected (join p95 %.0f ms); %d key frames asked for in all; the %d who watched lost %d packets, asked for %d again",
		crowd, frame.P50, frame.P95, joined.Viewers.Join.P95, asked, watching, before.Media.Lost, before.Feedback.NACKs)
}
