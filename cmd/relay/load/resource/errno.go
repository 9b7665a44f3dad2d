//go:build !windows

package resource

import "syscall"

// What the system says of a connection that failed.
const (
	errRefused = syscall.ECONNREFUSED
	errReset   = syscall.ECONNRESET
	errHost    = syscall.EHOSTUNREACH
	errNet     = syscall.ENETUNREACH
	errPorts   = syscall.EADDRNOTAVAIL
)
