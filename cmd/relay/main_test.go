package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// builtRelay is the program, built once for all tests that run it as people do.
var builtRelay string

// TestMain fails the run if a test leaves a goroutine behind.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == referenceArgument {
		fmt.Fprintln(os.Stderr, serveReference(os.Args[2]))
		os.Exit(1)
	}
	if len(os.Args) > 3 && os.Args[1] == profileArgument {
		os.Exit(runProfiled(os.Args[2], os.Args[4:]))
	}
	code := testWithBinary(m)
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func testWithBinary(m *testing.M) int {
	folder, err := os.MkdirTemp("", "relay-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	// Nothing is left in this user's own folder, whatever a test starts.
	if err := os.Setenv("RELAY_STATE_DIR", filepath.Join(folder, "state")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	builtRelay = filepath.Join(folder, "relay")
	build := exec.Command("go", "build", fmt.Sprintf("-race=%t", testedForRaces()), "-o", builtRelay, ".")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the relay: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}
