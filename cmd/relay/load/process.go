package load

import "time"

// usage is what a process has used so far.
type usage struct {
	user, system time.Duration // of CPU
	resident     int64         // bytes of memory now
	known        bool
}

func (u usage) sub(before usage) usage {
	return usage{user: u.user - before.user, system: u.system - before.system, resident: u.resident - before.resident, known: u.known && before.known}
}

func (u usage) cpu() time.Duration { return u.user + u.system }
