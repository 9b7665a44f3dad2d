package broadcast

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// hostCandidate is one that is usable, on its own port.
func hostCandidate(port int) string {
	return fmt.Sprintf("candidate:1 1 udp 1 127.0.0.1 %d typ host", port)
}

func hostCandidates(n int) (lines []string) {
	for i := range n {
		lines = append(lines, hostCandidate(10+i))
	}
	return lines
}

func TestCandidates(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	for _, useless := range []string{
		"", "candidate:", "garbage", "candidate:1 1 udp 1 5f4a.local 9 typ host",
		"candidate:1 1 tcp 1 192.168.1.2 9 typ host tcptype passive", "candidate:1 1 udp 1 224.0.0.1 9 typ host",
		"candidate:1 1 udp 1 0.0.0.0 9 typ host", "candidate:1 1 udp 1 fe80::1%eth0 9 typ host",
		"candidate:1 1 udp 1 192.168.1.2 9 typ later",
	} {
		if err := v.session.AddCandidates(slices.Repeat([]string{useless}, 2*maxCandidates)); err != nil {
			t.Errorf("%q: %v", useless, err)
		}
	}
	for _, odd := range oddCandidates {
		if err := v.session.AddCandidates([]string{hostCandidate(9), odd}); AsError(err).Code != CodeBadRequest {
			t.Errorf("%q: %v", odd, err)
		}
	}
	if _, taken := v.session.candidates[addressOf(hostCandidate(9))]; taken {
		t.Error("a bad candidate left the one before it")
	}
	early, err := relay.Subscribe(Join{Room: "math", Remote: loopback})
	if err != nil {
		t.Fatal(err)
	}
	if err := early.AddCandidates(hostCandidates(1)); AsError(err).Code != CodeBadRequest {
		t.Errorf("a candidate before the offer: %v", err)
	}
}

// Candidates may be repeated (RFC 9725 section 4.3.2); those of the offer count.
func TestRepeatedCandidates(t *testing.T) {
	relay := newTestRelay(t)
	v := newViewer(t, relay, nil, "math")
	v.awaitConnected()
	offered := len(v.session.candidates)
	if offered == 0 {
		t.Fatal("the offer has no candidates")
	}
	left := hostCandidates(maxCandidates - offered)
	for i := range left {
		if err := v.session.AddCandidates(left[:i+1]); err != nil {
			t.Fatalf("the first %d: %v", i+1, err)
		}
	}
	more := append(slices.Clone(left), hostCandidate(9))
	for range 2 {
		if err := v.session.AddCandidates(more); AsError(err).Code != CodeBadRequest {
			t.Errorf("one too many: %v", err)
		}
	}
	if err := v.session.AddCandidates(left); err != nil {
		t.Errorf("the known ones again: %v", err)
	}
	again := v.pc.LocalDescription().SDP
	if _, err := v.session.Offer(again); err != nil {
		t.Fatal(err)
	}
	if err := v.session.AddCandidates(more); AsError(err).Code != CodeBadRequest {
		t.Errorf("one too many after an offer that restarts nothing: %v", err)
	}
	restart(t, v, maxCandidates)
	if err := v.session.AddCandidates([]string{hostCandidate(9)}); AsError(err).Code != CodeBadRequest {
		t.Errorf("one more than a restart's: %v", err)
	}
	restart(t, v, 1)
	if err := v.session.AddCandidates([]string{hostCandidate(9)}); err != nil {
		t.Errorf("one after a restart: %v", err)
	}
}

// restart is a restart with so many candidates, all of them twice.
func restart(t *testing.T, v *viewer, n int) {
	t.Helper()
	ufrag, pwd := fmt.Sprintf("ufrag%d", n), strings.Repeat("x", minPwd)
	if _, err := v.session.Restart(ufrag, pwd, hostCandidates(maxCandidates+1)); AsError(err).Code != CodeBadRequest || v.session.Cause() != nil {
		t.Errorf("too many: %v", err)
	}
	if _, err := v.session.Restart(ufrag, pwd, slices.Repeat(hostCandidates(n), 2)); err != nil {
		t.Fatal(err)
	}
}
