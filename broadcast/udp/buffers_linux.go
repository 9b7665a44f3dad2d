//go:build !portable

package udp

import (
	"net"

	"golang.org/x/sys/unix"
)

// askBuffers asks beyond the configured limits first, which takes CAP_NET_ADMIN.
func askBuffers(conn *net.UDPConn) (granted Buffers) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return granted
	}
	_ = raw.Control(func(fd uintptr) {
		granted.Read = askBuffer(int(fd), unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
		granted.Write = askBuffer(int(fd), unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	})
	return granted
}

// askBuffer returns what was granted: half of what the kernel tells (socket(7)).
func askBuffer(fd, force, option int) int {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, bufferSize) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, bufferSize)
	}
	granted, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
	return granted / 2
}
