package main

import (
	"fmt"
	"testing"
	"time"

	"relay/cmd/relay/load"
)

// BenchmarkFanOut runs the relay and the reference in turn under the same load,
// and reports what each took and the ratio. -benchtime 1x; .ci/bench prints it as
// a table.
func BenchmarkFanOut(b *testing.B) {
	for _, preset := range []string{"screen", "video"} {
		for _, viewers := range []int{100, 200} {
			b.Run(fmt.Sprintf("%s/%d", preset, viewers), func(b *testing.B) {
				for range b.N {
					compare(b, preset, viewers)
				}
			})
		}
	}
}

// compare measures both, and reports.
func compare(b *testing.B, preset string, viewers int) {
	flags := []string{"--load", preset, "--viewers", fmt.Sprint(viewers), "--join-rate", "50", "--duration", benchTime.String()}
	relay, reference := benchRelay(b, flags), benchReference(b, flags)
	for _, row := range []struct {
		unit string
		of   func(load.Report) float64
	}{
		{"µs/packet", func(r load.Report) float64 { return float64(r.Server.PerPacket) }},
		{"µs-user/packet", func(r load.Report) float64 { return float64(r.Server.PerPacket) * r.Server.UserCores / r.Server.Cores }},
		{"µs-system/packet", func(r load.Report) float64 {
			return float64(r.Server.PerPacket) * r.Server.SystemCores / r.Server.Cores
		}},
		{"kB/viewer", func(r load.Report) float64 { return float64(r.Server.PerViewer) / 1000 }},
		{"ms-delay-p50", func(r load.Report) float64 { return float64(r.Delay.P50) }},
		{"ms-delay-p99", func(r load.Report) float64 { return float64(r.Delay.P99) }},
		{"%-delivered", func(r load.Report) float64 { return 100 * float64(r.Media.Delivery) }},
		{"tester-cores", func(r load.Report) float64 { return r.Tester.Cores }},
	} {
		ours, theirs := row.of(relay), row.of(reference)
		b.ReportMetric(ours, "relay-"+row.unit)
		b.ReportMetric(theirs, "reference-"+row.unit)
		b.ReportMetric(ours/theirs, "ratio-"+row.unit)
	}
	b.ReportMetric(0, "ns/op") // what a run takes says nothing
}

// benchTime is how long each measures.
const benchTime = 10 * time.Second

func benchRelay(b testing.TB, flags []string) load.Report {
	b.Helper()
	r := startRelay(b)
	defer r.stop()
	return loaded(b, append(append(r.doors("main"), "--pid", r.pid()), flags...)...)
}

func benchReference(b testing.TB, flags []string) load.Report {
	b.Helper()
	p := startReference(b, "")
	defer p.stop()
	return loaded(b, append([]string{
		"--publish", "--whip", p.url("/in/live"), "--whep", p.url("/out/live"), "--pid", p.pid(),
	}, flags...)...)
}
