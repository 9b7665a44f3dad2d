package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
)

// profileArgument makes a test binary run the program under a CPU profile, whose
// file is the next argument. The program, and its arguments, follow.
const profileArgument = "run-profiled"

// runProfiled is the program, and writes the profile when it ends.
func runProfiled(file string, args []string) int {
	profile, err := os.Create(file)
	if err == nil {
		err = pprof.StartCPUProfile(profile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := run(args, os.Stdout, os.Stderr)
	pprof.StopCPUProfile()
	if err := profile.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestProfileOfLoadedRelay prints where the processors' time goes while 100
// viewers are served.
func TestProfileOfLoadedRelay(t *testing.T) {
	if !full {
		t.Parallel() // it mostly waits
	}
	self, err := os.Executable()
	check(t, err)
	file := filepath.Join(t.TempDir(), "cpu.pprof")
	r := startRelayIn(t, place{self, profileArgument, file})
	viewers, duration := fmt.Sprint(length(10, 100)), seconds(1, 10).String()
	loaded(t, append(r.doors("main"), "--load", "video", "--viewers", viewers, "--join-rate", "50", "--duration", duration)...)
	r.stop()
	top, err := exec.Command("go", "tool", "pprof", "-top", "-nodecount", "25", self, file).Output()
	check(t, err)
	t.Logf("\n%s", top)
	if !strings.Contains(string(top), "Syscall6") {
		t.Error("the profile does not show that anything was written")
	}
	figure(t, "engine-4: the top ten: %s", topTen(top))
}

// topTen is the names and shares of the first ten functions that pprof lists.
func topTen(top []byte) string {
	_, rows, _ := strings.Cut(string(top), "cum%\n")
	var names []string
	for row := range strings.Lines(rows) {
		if fields := strings.Fields(row); len(fields) > 5 && len(names) < 10 {
			names = append(names, fields[5]+" "+fields[1])
		}
	}
	return strings.Join(names, ", ")
}
