package main

import (
	"fmt"
	"runtime"
	"testing"

	"relay/cmd/relay/load"
)

// TestMostViewers: how many this machine serves with the tester beside the relay,
// and that nothing is lost at 400.
func TestMostViewers(t *testing.T) {
	if !full {
		t.Parallel() // it mostly waits
	}
	atFirst := length(20, 400)
	best := measureCrowd(t, atFirst)
	if best.err != nil || best.Media.Delivery < load.Number(length(990, 1000))/1000 || full && best.Media.Lost > 0 {
		t.Fatalf("%d viewers: %d packets lost, delivered %.4f %%: %v", atFirst, best.Media.Lost, 100*best.Media.Delivery, best.err)
	}
	figure(t, "engine-7: nothing is lost: %s", best)
	if !full {
		return
	}
	var tooMany crowded
	for step := 200; step >= 100; step /= 2 {
		best, tooMany = climb(t, best, step)
	}
	figure(t, "engine-7: too many: %s", tooMany)
	figure(t, "engine-7: the most: %s", best)
}

// climb adds viewers step by step until they are too many.
func climb(t *testing.T, best crowded, step int) (most, tooMany crowded) {
	for {
		next := measureCrowd(t, best.Viewers.Asked+step)
		if next.err != nil || next.Media.Delivery < 0.999 {
			return best, next
		}
		best = next
	}
}

// crowded is a run with many viewers.
type crowded struct {
	load.Report
	err error
}

func measureCrowd(t *testing.T, viewers int) (c crowded) {
	r := startRelay(t)
	defer r.stop()
	c.Report, _, c.err = reported(nil, append(r.doors("main"), "--load", "video", "--pid", r.pid(),
		"--viewers", fmt.Sprint(viewers), "--join-rate", "50", "--duration", seconds(1, 10).String())...)
	return c
}

func (c crowded) String() string {
	text := fmt.Sprintf("%d viewers (%d connected): delivered %.3f %%, %d lost before repair, p50 %.1f ms, p99 %.1f ms",
		c.Viewers.Asked, c.Viewers.Connected, 100*c.Media.Delivery, c.Media.Lost, c.Delay.P50, c.Delay.P99)
	if c.Server != nil {
		text += fmt.Sprintf("; of %d cores the relay takes %.2f and the tester %.2f, which drops %d",
			runtime.NumCPU(), c.Server.Cores, c.Tester.Cores, c.Tester.Drops)
	}
	return text
}
