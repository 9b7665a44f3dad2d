package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"relay/broadcast"
	"relay/broadcast/udp"
)

// snapshots is a collector that asks the relay and its socket when it is read.
type snapshots struct {
	metrics *Metrics
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("relay_"+name, help, labels, nil)
}

var (
	roomsDesc     = desc("rooms", "Rooms that somebody is in or expected back in, by state.", "state")
	sessionsDesc  = desc("sessions", "Sessions, connected or not, by the door that they came by.", "role", "via")
	connectedDesc = desc("sessions_connected", "Sessions whose media can flow.", "role", "via")
	drainingDesc  = desc("draining", "1 while nobody new is let in, since the relay is about to stop.")
	droppedDesc   = desc("dropped_packets_total", "Packets that were not stored, or not sent to a viewer, by reason.", "kind", "reason")

	socketDroppedDesc = desc("socket_dropped_packets_total", "UDP packets that were not written, by reason.", "reason")
)

// figure is one counter of a snapshot.
type figure[T any] struct {
	desc *prometheus.Desc
	of   func(T) uint64
}

type media = *broadcast.MediaTotals

// mediaFigures are those that each kind of media has.
var mediaFigures = []figure[media]{
	{desc("received_packets_total", "Packets from publishers.", "kind"), func(m media) uint64 { return m.PacketsIn }},
	{desc("received_bytes_total", "Bytes of payload from publishers.", "kind"), func(m media) uint64 { return m.BytesIn }},
	{desc("sent_packets_total", "Packets to viewers, without repairs.", "kind"), func(m media) uint64 { return m.PacketsOut }},
	{desc("sent_bytes_total", "Bytes of payload to viewers, without repairs.", "kind"), func(m media) uint64 { return m.BytesOut }},
	{desc("repaired_packets_total", "Packets that were sent to a viewer again.", "kind"), func(m media) uint64 { return m.Repaired }},
	{desc("rtx_packets_total", "Those of the repairs that went as RTX (RFC 4588).", "kind"), func(m media) uint64 { return m.RTX }},
	{desc("nack_received_packets_total", "Packets that viewers asked for again.", "kind"), func(m media) uint64 { return m.NACKReceived }},
	{desc("nack_sent_packets_total", "Packets that publishers were asked for again.", "kind"), func(m media) uint64 { return m.NACKSent }},
	{desc("pli_received_total", "Requests of viewers for a key frame (PLI).", "kind"), func(m media) uint64 { return m.PLIReceived }},
	{desc("fir_received_total", "Requests of viewers for a key frame (FIR).", "kind"), func(m media) uint64 { return m.FIRReceived }},
	{desc("pli_sent_total", "Requests to publishers for a key frame (PLI).", "kind"), func(m media) uint64 { return m.PLISent }},
	{desc("fir_sent_total", "Requests to publishers for a key frame (FIR).", "kind"), func(m media) uint64 { return m.FIRSent }},
	{desc("key_frames_total", "Key frames that came from publishers.", "kind"), func(m media) uint64 { return m.KeyFrames }},
}

var socketFigures = []figure[udp.Stats]{
	{desc("socket_sent_packets_total", "UDP packets that the kernel took."), func(s udp.Stats) uint64 { return s.Packets }},
	{desc("socket_sent_bytes_total", "Bytes of payload in these."), func(s udp.Stats) uint64 { return s.Bytes }},
	{desc("socket_write_calls_total", "Calls of the kernel to write them."), func(s udp.Stats) uint64 { return s.Calls }},
	{desc("socket_segmented_messages_total", "Messages of several packets among what was written (UDP_SEGMENT)."), func(s udp.Stats) uint64 { return s.Segmented }},
	{desc("socket_read_errors_total", "Errors of reading."), func(s udp.Stats) uint64 { return s.ReadErrors }},
}

// Describe implements prometheus.Collector.
func (s *snapshots) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{roomsDesc, sessionsDesc, connectedDesc, drainingDesc, droppedDesc, socketDroppedDesc} {
		to <- d
	}
	for _, f := range mediaFigures {
		to <- f.desc
	}
	for _, f := range socketFigures {
		to <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (s *snapshots) Collect(to chan<- prometheus.Metric) {
	from := s.metrics.source.Load()
	if from == nil {
		return
	}
	totals := from.relay.Totals()
	collectRooms(to, &totals, from.relay.Draining())
	collectMedia(to, "video", &totals.Video)
	collectMedia(to, "audio", &totals.Audio)
	collectSocket(to, from.socket())
}

func gauge(to chan<- prometheus.Metric, d *prometheus.Desc, n int, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
}

func count(to chan<- prometheus.Metric, d *prometheus.Desc, n uint64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func collectRooms(to chan<- prometheus.Metric, t *broadcast.Totals, draining bool) {
	for _, state := range states {
		gauge(to, roomsDesc, t.Rooms[state], string(state))
	}
	collectSessions(to, sessionsDesc, t.Sessions)
	collectSessions(to, connectedDesc, t.Connected)
	is := 0
	if draining {
		is = 1
	}
	gauge(to, drainingDesc, is)
}

// collectSessions has each role and door, those of which there is none as well.
func collectSessions(to chan<- prometheus.Metric, d *prometheus.Desc, counts map[broadcast.SessionKind]int) {
	byWord := map[broadcast.SessionKind]int{}
	for kind, n := range counts {
		byWord[broadcast.SessionKind{Role: kind.Role, Via: viaWord(kind.Via)}] += n
	}
	for _, role := range roles {
		for _, via := range vias {
			gauge(to, d, byWord[broadcast.SessionKind{Role: role, Via: via}], role.String(), via)
		}
	}
}

func collectMedia(to chan<- prometheus.Metric, kind string, m media) {
	for _, f := range mediaFigures {
		count(to, f.desc, f.of(m), kind)
	}
	for reason, n := range m.Drops {
		count(to, droppedDesc, n, kind, reason)
	}
}

func collectSocket(to chan<- prometheus.Metric, s udp.Stats) {
	for _, f := range socketFigures {
		count(to, f.desc, f.of(s))
	}
	for reason, n := range map[string]uint64{
		"full": s.Drops.Full, "unreachable": s.Drops.Unreachable, "forbidden": s.Drops.Forbidden,
		"too-long": s.Drops.TooLong, "closed": s.Drops.Closed, "other": s.Drops.Other,
	} {
		count(to, socketDroppedDesc, n, reason)
	}
}
