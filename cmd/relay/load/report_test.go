package load

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func someReport() *Report {
	return &Report{
		Seconds: 30,
		Viewers: ViewersReport{
			Asked: 5, Connected: 3, Failed: map[string]int{"timeout": 1, "409 Conflict": 1}, Dropped: 1, Silent: 1,
			Join: Quantiles{Count: 3, P50: 4.2, P95: 12.7, P99: 13},
		},
		Media:     MediaReport{Packets: 1234567, Expected: 1234600, Lost: 40, Delivery: 0.9999, Restarts: 2},
		Delay:     DelayReport{Quantiles: Quantiles{Count: 9, P50: 0.4}, Max: 3},
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
		"4.2", "1,234,567 packets", "99.990 %", "7.25 µs", "350 kB", "lost 7 packets", "1 sessions could not be deleted", "began anew 2 times",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	b.Reset()
	early := &Report{Viewers: ViewersReport{Asked: 2}}
	if err := early.WriteTable(&b); err != nil || !strings.Contains(b.String(), "nothing was measured") {
		t.Errorf("%v\n%s", err, b.String())
	}
	if err := early.WriteTable(fullDisk{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a table that could not be written: %v", err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestPictureIsXML(t *testing.T) {
	for _, r := range []*Report{someReport(), {}} {
		var b strings.Builder
		if err := r.WritePicture(&b); err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(strings.NewReader(b.String()))
		for {
			if _, err := decoder.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in\n%s", err, b.String())
			}
		}
		if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
			t.Errorf("no number in\n%s", b.String())
		}
	}
}

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
