package main

import (
	"net"
	"net/http"
	"time"

	"relay/signaling/guests"
)

const (
	// maxConnections are more than --max-viewers by default, each with a WebSocket, and
	// half of them may come from one address: a proxy's.
	maxConnections = 16384
	// maxStreams is how many requests of one HTTP/2 connection may run; a page has some
	// fifty files.
	maxStreams = 100
	// deadPeer is how long a peer of HTTP/2 may take nothing, or answer no ping.
	deadPeer = 15 * time.Second
)

// bound limits what strangers can take of a server, and returns what its listeners
// have to pass.
func bound(server *http.Server) func(net.Listener) net.Listener {
	crowd := guests.New(connectionsFor(descriptors()))
	server.ConnState = crowd.State
	server.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: deadPeer, WriteByteTimeout: deadPeer}
	return crowd.Listen
}

// connectionsFor leaves a quarter of a process's descriptors to all else: without
// any, Accept would fail for everybody.
func connectionsFor(descriptors uint64) int {
	if descriptors == 0 || descriptors/4*3 > maxConnections {
		return maxConnections
	}
	return int(descriptors / 4 * 3)
}
