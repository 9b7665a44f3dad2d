//go:build !race

package udp

import "testing"

// Not with the race detector: it makes sync.Pool forget.
func TestBurstAllocatesNothing(t *testing.T) {
	c, to, packet := listen(t, "[::]:0"), sinks(t, 100), media(1000)
	report := append([]byte{128, 200}, make([]byte, 50)...)
	self := c.addr()
	buffer := make([]byte, 100)
	if n := testing.AllocsPerRun(10, func() {
		c.holdAll()
		for _, to := range to {
			for range 10 {
				_, _ = c.WriteToAddrPort(packet, to)
			}
			_, _ = c.WriteToAddrPort(report, to)
		}
		c.releaseAll()
		for range 10 {
			_, _ = c.WriteToAddrPort(report, self)
			_, _, _ = c.ReadFromAddrPort(buffer)
		}
	}); n != 0 {
		t.Errorf("%.0f allocations for 1,000 packets of media and 110 others", n)
	}
}
