package broadcast

import "time"

const (
	// maxLoss is 20 % in a receiver report's units of 1/256 (RFC 3550 section
	// 6.4.1). With more, no repair keeps up.
	maxLoss = 51
	// lossTime is how long a loss has to last to count.
	lossTime = 5 * time.Second
	// lossRetry is how long a viewer's video stays stopped. Each retry that comes
	// to nothing drowns the sound for some seconds, and costs the room a key frame:
	// after each the next stop lasts twice as long, maxLossRetry at most, until the
	// video has run for so long.
	lossRetry    = 10 * time.Second
	maxLossRetry = time.Minute
	// lossGrace is left out of the judgement after a new start: its first
	// reports speak of the pause and of the burst of a key frame.
	lossGrace = 3 * time.Second
)

// lossJudge decides from a viewer's receiver reports when its network is too
// bad for video: a viewer that loses a fifth of everything sees nothing, and
// its repairs only add to the flood. Its owner guards it.
type lossJudge struct {
	bad     time.Time     // when the first of the bad reports came; zero: none
	stopped time.Time     // zero: the video runs
	grace   time.Time     // until when no report counts
	retried time.Time     // when the video ran again; zero: it has not stopped yet
	wait    time.Duration // that the last stop lasts or lasted
}

// report judges a receiver report, and returns for how long to stop the video now,
// or 0.
func (j *lossJudge) report(fractionLost uint8, now time.Time) (stop time.Duration) {
	if !j.stopped.IsZero() || now.Before(j.grace) {
		return 0
	}
	if fractionLost <= maxLoss {
		j.bad = time.Time{}
		return 0
	}
	if j.bad.IsZero() {
		j.bad = now
	}
	if now.Sub(j.bad) < lossTime {
		return 0
	}
	wait := min(2*j.wait, maxLossRetry)
	if j.retried.IsZero() || now.Sub(j.retried) > maxLossRetry {
		wait = lossRetry
	}
	*j = lossJudge{stopped: now, wait: wait}
	return wait
}

// retry returns, once, whether a stopped video may start again, at its next key
// frame. It is judged afresh then.
func (j *lossJudge) retry(now time.Time) bool {
	if j.stopped.IsZero() || now.Sub(j.stopped) < j.wait {
		return false
	}
	*j = lossJudge{grace: now.Add(lossGrace), retried: now, wait: j.wait}
	return true
}
