package main

import (
	"os"
	"runtime/debug"
)

// garbagePercent is how much garbage may lie about before it is collected, as a
// share of what is in use. Nearly all that a relay holds are sessions that stay,
// and while media flows there is little garbage: a collection every few seconds,
// which takes about a hundredth of the relay's time. With Go's own 100 a class that
// joins at the bell would leave as much garbage behind as its sessions take.
const garbagePercent = 25

// collectSooner sets it, unless whoever runs the relay has said otherwise.
func collectSooner() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}
