package load

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"relay/cmd/relay/load/verify"
)

func someReport() *Report {
	return &Report{
		Seconds: 30, Verdict: "The verdict.",
		Viewers: ViewersReport{
			Asked: 5, Connected: 3, Failed: map[string]int{"timeout": 1, "409 Conflict": 1}, Dropped: 1, Silent: 1,
			Join: Quantiles{Count: 3, P50: 4.2, P95: 12.7, P99: 13}, FirstFrame: Quantiles{P50: unknown, P95: unknown, P99: unknown},
		},
		Media:     MediaReport{Packets: 1234567, Expected: 1234600, Lost: 40, Delivery: 0.9999, Restarts: 2},
		Delay:     DelayReport{Quantiles: Quantiles{Count: 9, P50: 0.4}, Max: 3},
		Verified:  &VerifiedReport{Probes: 3, Packets: 4321, Duplicates: 6, Faults: verify.Faults{Altered: 5}},
		Publisher: &PublisherReport{Codec: "VP8"},
		Server:    &ServerReport{Cores: 0.5, PerPacket: 7.25, PerViewer: 350_000},
		Tester:    TesterReport{Cores: 0.2, Drops: 7},
		Samples:   []Sample{{At: 1, DelayP50: 1, DelayP99: 2}, {At: 2, DelayP50: 1, DelayP99: 30, Lost: 0.02}},
		Undeleted: 1,
	}
}

func TestTableHasTheFigures(t *testing.T) {
	var b strings.Builder
	if err := someReport().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"3 of 5 viewers connected", "1 failed: timeout", "1 lost their connection", "1 got nothing",
		"4.2", "1,234,567 packets", "99.990 %", "7.2 µs", "-    -    -", "350 kB", "lost 7 packets", "1 DELETEs were not answered", "The verdict.", "began anew 2 times",
		"verified 4,321 packets of 3 probes", "5 altered", "6 duplicates",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	b.Reset()
	early := &Report{Viewers: ViewersReport{Asked: 2, Connected: 1}}
	if err := early.WriteTable(&b); err != nil || !strings.Contains(b.String(), "nothing was measured") {
		t.Errorf("%v\n%s", err, b.String())
	}
	if err := early.WriteTable(fullDisk{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a table that could not be written: %v", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestNumbersAreRead(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 12345678: "12,345,678", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for n, want := range map[float64]float64{0.1: 0.1, 0.11: 0.2, 1: 1, 3: 4, 5: 8, 9: 10, 81: 100} {
		if got := roundUp(n); got < want*0.999 || got > want*1.001 {
			t.Errorf("%g: %g, want %g", n, got, want)
		}
	}
}

func TestVerdictSaysWhatIsWrongFirst(t *testing.T) {
	good := func() *Report {
		return &Report{Seconds: 1, Target: "http://there/whep", Viewers: ViewersReport{Asked: 4, Connected: 4}, Media: MediaReport{Expected: 100, Delivery: 1}}
	}
	for _, test := range []struct {
		change func(*Report)
		says   string
		good   bool
	}{
		{func(*Report) {}, "Good: all 4 viewers", true},
		{func(r *Report) { r.Media.Delivery = 0.99 }, "only 99.000 %", true},
		{func(r *Report) { r.Tester.Drops = 1 }, "Not sure", true},
		{func(r *Report) { r.Verified = &VerifiedReport{Duplicates: 1} }, "Good", true},
		{func(r *Report) { r.Verified = &VerifiedReport{Faults: verify.Faults{Rewritten: 3}} }, "3 packets were not what was sent", false},
		{func(r *Report) { r.Viewers.Silent = 1 }, "1 of 4 viewers got no video or no sound", false},
		{func(r *Report) { r.Viewers.Dropped = 2 }, "2 of 4 viewers lost", false},
		{func(r *Report) { r.Publisher = &PublisherReport{Dropped: true}; r.Viewers.Silent = 4 }, "publisher lost", false},
		{func(r *Report) { r.Media = MediaReport{Delivery: unknown} }, "nothing was delivered", false},
		{func(r *Report) { r.Viewers.Connected = 3; r.Viewers.Failed = map[string]int{"timeout": 1} }, "1 of 4 viewers did not connect (timeout)", false},
		{func(r *Report) {
			r.Viewers.Connected = 0
			r.Viewers.Failed = map[string]int{"409 Conflict: nobody presents.": 3, "timeout": 1}
		}, "http://there/whep (409 Conflict: nobody presents; start presenting first", false},
		{func(r *Report) { r.Viewers.Connected = 0 }, "(interrupted)", false},
	} {
		r := good()
		test.change(r)
		if sentence, ok := r.verdict(); !strings.Contains(sentence, test.says) || ok != test.good {
			t.Errorf("%q, %t; want %q, %t", sentence, ok, test.says, test.good)
		}
	}
}

func TestNumbersThatAreNotKnown(t *testing.T) {
	text, err := json.Marshal(Quantiles{Count: 2, P50: 1.5, P95: unknown})
	if err != nil || string(text) != `{"count":2,"p50":1.5,"p95":null,"p99":0}` {
		t.Errorf("%s, %v", text, err)
	}
	var back Quantiles
	if err := json.Unmarshal(text, &back); err != nil || back.P50 != 1.5 || back.P95.Known() || !back.P99.Known() {
		t.Errorf("%+v, %v", back, err)
	}
}
