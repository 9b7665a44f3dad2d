//go:build !linux || portable

package wire

// countsDrops: the kernel's drops are not known here.
const countsDrops = false
