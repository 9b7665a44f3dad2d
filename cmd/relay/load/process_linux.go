package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// tick is the unit of CPU time in /proc: USER_HZ, 100 on every architecture that
// Go runs on.
const tick = 10 * time.Millisecond

// usageOf reads what a process uses, all its threads together (proc(5)).
func usageOf(pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("--pid has to be the number of a running process, and %d is none: is the server running?", pid)
	}
	// The command, the second field, may hold anything, but the last bracket ends it.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 22 {
		return usage{}, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(string(fields[i-3]), 10, 64) // the third field is the first here
		return n
	}
	return usage{
		user: time.Duration(number(14)) * tick, system: time.Duration(number(15)) * tick,
		resident: number(24) * int64(os.Getpagesize()), known: true,
	}, nil
}

// ownUsage is this process's, to the microsecond.
func ownUsage() usage {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return usage{}
	}
	return usage{user: time.Duration(own.Utime.Nano()), system: time.Duration(own.Stime.Nano()), known: true}
}

// maxFiles is how many files this process may have open at once; 0 if not known.
func maxFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(limit.Cur, 1<<30))
}
