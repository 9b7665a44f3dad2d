package main

import "testing"

func TestConnectionsFitTheDescriptors(t *testing.T) {
	for limit, want := range map[uint64]int{0: maxConnections, 1024: 768, 20_000: 15_000, 1 << 20: maxConnections, 1<<64 - 1: maxConnections} {
		if got := connectionsFor(limit); got != want {
			t.Errorf("of %d descriptors: %d connections, want %d", limit, got, want)
		}
	}
}
