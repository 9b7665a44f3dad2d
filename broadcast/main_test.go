package broadcast

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails when a test leaves a goroutine behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if stack := leaked(5 * time.Second); code == 0 && stack != "" {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+stack)
		code = 1
	}
	os.Exit(code)
}

// leaked waits for goroutines to end and returns the stacks of those that don't.
func leaked(patience time.Duration) string {
	deadline := time.Now().Add(patience)
	for {
		stacks := strangersOf(allStacks())
		if stacks == "" || time.Now().After(deadline) {
			return stacks
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func allStacks() string {
	buffer := make([]byte, 1<<20)
	return string(buffer[:runtime.Stack(buffer, true)])
}

// strangersOf leaves out the goroutine that looks, and the test runner's own.
func strangersOf(stacks string) string {
	var kept []string
	for _, stack := range strings.Split(stacks, "\n\n") {
		if !strings.Contains(stack, "broadcast.TestMain") && !strings.Contains(stack, "testing.") && !strings.Contains(stack, "os/signal.") {
			kept = append(kept, stack)
		}
	}
	return strings.Join(kept, "\n\n")
}
