package signaling

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the run if a test leaves a goroutine of the relay's behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leaked(time.Now().Add(5 * time.Second)); code == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
		code = 1
	}
	os.Exit(code)
}

// leaked gives goroutines until deadline to end, and returns those that did not.
func leaked(deadline time.Time) string {
	for {
		left := ours()
		if left == "" || time.Now().After(deadline) {
			return left
		}
		runtime.Gosched()
	}
}

// ours are the stacks of goroutines, but for the one that asks, that run code
// of the relay's or of Pion's.
func ours() string {
	buf := make([]byte, 4<<20)
	var left []string
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")[1:] {
		if strings.Contains(stack, "relay/") || strings.Contains(stack, "pion/") {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}
