package udp

import "fmt"

// bufferSize is asked for in both directions: the kernel's usual 208 KiB do
// not hold the burst of a key frame to many viewers.
const bufferSize = 4 << 20

// Buffers is what the kernel granted a socket, in bytes; 0 where it does not
// tell. Smaller ones serve fewer viewers, but they serve.
type Buffers struct{ Read, Write int }

// Advice is a sentence for whoever runs this machine if the buffers are smaller
// than they were asked to be, or "".
func (b Buffers) Advice() string {
	short := func(granted int) bool { return granted > 0 && granted < bufferSize }
	if !short(b.Read) && !short(b.Write) {
		return ""
	}
	return fmt.Sprintf("The UDP socket's buffers are %d kB to read and %d kB to write, %d kB were asked for: packets may get lost with many viewers. "+
		"Set them with: sysctl -w net.core.rmem_max=%d net.core.wmem_max=%d",
		b.Read>>10, b.Write>>10, bufferSize>>10, bufferSize, bufferSize)
}
