// Package metrics says in Prometheus's words what a relay does. Its labels are
// words of the relay's own: no room, name or address is among them, so that the
// number of series does not grow with the rooms, nor with what strangers send.
package metrics

import (
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"relay/broadcast"
	"relay/broadcast/udp"
)

// Metrics is all that is said. What happens rarely it counts itself, as a
// broadcast.Observer and for signaling; everything else it asks for when it is read.
type Metrics struct {
	// static
	registry *prometheus.Registry
	handler  http.Handler

	connect   *prometheus.HistogramVec
	first     *prometheus.HistogramVec
	ended     *prometheus.CounterVec
	refusals  *prometheus.CounterVec
	requests  *prometheus.CounterVec
	source    atomic.Pointer[source]
	snapshots snapshots
}

// source is what Follow was given.
type source struct {
	relay  *broadcast.Relay
	socket func() udp.Stats
}

// secondsBuckets are for what takes milliseconds on a LAN, and seconds where
// something is wrong.
var secondsBuckets = []float64{.005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30}

// maxReaders bounds how many read at a time: each walks over all sessions.
const maxReaders = 4

// New makes a Metrics for a relay of this version, with the Go runtime's and the
// process's own figures.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		connect: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "relay_session_connect_seconds", Help: "Time from a session's offer to its media path.", Buckets: secondsBuckets,
		}, []string{"role"}),
		first: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "relay_session_first_packet_seconds", Buckets: secondsBuckets,
			Help: "Time from a session's media path to its first packet; of viewers, those who came while somebody presented.",
		}, []string{"role"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "relay_sessions_ended_total", Help: "Sessions that ended, by cause.",
		}, []string{"role", "cause"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "relay_refusals_total", Help: "Requests and messages that were refused, by the code that was told.",
		}, []string{"code"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "relay_http_requests_total", Help: "HTTP requests, by what they were for.",
		}, []string{"door"}),
	}
	m.snapshots.metrics = m
	m.registry.MustRegister(m.connect, m.first, m.ended, m.refusals, m.requests, &m.snapshots, buildInfo(version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.prepare()
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxReaders})
	return m
}

func buildInfo(version string) prometheus.Collector {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "relay_build_info", Help: "Always 1; the labels say which relay this is.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	info.Set(1)
	return info
}

// prepare makes every series, so that a count that begins is seen to rise from 0.
func (m *Metrics) prepare() {
	for _, role := range roles {
		m.connect.WithLabelValues(role.String())
		m.first.WithLabelValues(role.String())
		for _, cause := range causeWords() {
			m.ended.WithLabelValues(role.String(), cause)
		}
	}
	for _, code := range codes {
		m.refusals.WithLabelValues(string(code))
	}
	for _, door := range doors {
		m.requests.WithLabelValues(door)
	}
}

// Follow has the relay and its socket asked from now on. Before that they are left out.
func (m *Metrics) Follow(relay *broadcast.Relay, socket func() udp.Stats) {
	m.source.Store(&source{relay, socket})
}

// ServeHTTP implements http.Handler.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }

// Connected implements broadcast.Observer.
func (m *Metrics) Connected(_ broadcast.Join, role broadcast.Role, took time.Duration) {
	m.connect.WithLabelValues(role.String()).Observe(took.Seconds())
}

// FirstPacket implements broadcast.Observer.
func (m *Metrics) FirstPacket(role broadcast.Role, took time.Duration) {
	m.first.WithLabelValues(role.String()).Observe(took.Seconds())
}

// Ended implements broadcast.Observer.
func (m *Metrics) Ended(_ broadcast.Join, role broadcast.Role, cause error) {
	m.ended.WithLabelValues(role.String(), causeWord(cause)).Inc()
}

// Refused counts something that was refused.
func (m *Metrics) Refused(code broadcast.Code) { m.refusals.WithLabelValues(codeWord(code)).Inc() }

// Requested counts an HTTP request by the pattern of its handler ("GET /whip/{room}").
func (m *Metrics) Requested(pattern string) { m.requests.WithLabelValues(doorOf(pattern)).Inc() }
