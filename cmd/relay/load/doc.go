// Package load plays a publisher and many viewers against any WHIP and WHEP
// server, and measures what arrives.
//
// A viewer is a whole peer: ICE, DTLS, receiver reports, NACKs. But its media is
// counted by the clear RTP headers below Pion (package wire); only some viewers,
// the probes, decrypt what they get, and tell from the clock in each payload how
// late it is. What a packet was to its stream is decided in package tally, what a
// publisher sends is made in package source, and sessions are opened and deleted
// by package resource.
//
// Locks: a viewer's mu guards its counters, which the goroutine that reads all
// sockets fills and three others read: feedback (NACKs and reports of all
// viewers), the sampler (a point each second) and the report.
package load
