package main

import (
	"errors"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestGStreamer: webrtcbin publishes.
func TestGStreamer(t *testing.T) {
	r := startRelay(t)
	browser := startChromium(t, autoplay)
	for _, codec := range []string{"vp8", "h264"} {
		t.Run(codec, func(t *testing.T) {
			stop := publishByGStreamer(t, r.url("/whip/"+codec), codec)
			viewer := watch(t, browser, r.url("/pull/"+codec), 1)[0]
			rate := checkCounters(t, eval[collected](viewer, "probe.collect(3000)"), 3, length(10, 25))
			stop()
			viewer.waitState("waiting")
			viewer.close()
			figure(t, "whip-4: GStreamer's webrtcbin publishes %s: %.1f new pictures a second, and the viewer is told when it ends", codec, rate)
		})
	}
}

// publishByGStreamer publishes the pattern until stop is called, or the test
// ends.
func publishByGStreamer(t *testing.T, endpoint, codec string) (stop func()) {
	t.Helper()
	gstreamer := exec.Command("testdata/whip.py", endpoint, codec)
	gstreamer.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log := &syncBuffer{}
	gstreamer.Stdout, gstreamer.Stderr = log, log
	pictures, err := gstreamer.StdinPipe()
	check(t, errors.Join(err, gstreamer.Start()))
	end := make(chan struct{})
	var feeder sync.WaitGroup
	feeder.Go(func() { feedPattern(pictures, end) })
	stop = sync.OnceFunc(func() {
		close(end)
		defer time.AfterFunc(patience, func() { _ = gstreamer.Process.Kill() }).Stop()
		feeder.Wait()
		if err := gstreamer.Wait(); err != nil {
			t.Errorf("GStreamer: %v: %s", err, log)
		}
	})
	t.Cleanup(stop)
	return stop
}
