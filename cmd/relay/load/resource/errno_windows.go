package resource

import "syscall"

// What the system says of a connection that failed. These are the codes of
// Windows Sockets; package syscall's own of these names are inventions that no
// socket returns.
const (
	errRefused = syscall.Errno(10061)
	errReset   = syscall.Errno(10054)
	errHost    = syscall.Errno(10065)
	errNet     = syscall.Errno(10051)
	errPorts   = syscall.Errno(10049)
)
