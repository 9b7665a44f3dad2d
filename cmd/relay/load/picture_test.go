package load

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pictureOf is a run of so many seconds without loss; change may make it another.
func pictureOf(t *testing.T, seconds int, change func(*Report)) string {
	t.Helper()
	r := &Report{
		Seconds: float64(seconds), Viewers: ViewersReport{Asked: 200, Connected: 200},
		Media:     MediaReport{BitsPerSecond: 628.1e6, Delivery: 1},
		Delay:     DelayReport{Quantiles: Quantiles{Count: 9, P50: 4.6, P99: 13.4}},
		Publisher: &PublisherReport{},
	}
	for i := range seconds {
		r.Samples = append(r.Samples, Sample{At: float64(i+1) + 0.0003, DelayP50: 4, DelayP99: 12})
	}
	if change != nil {
		change(r)
	}
	var b strings.Builder
	if err := r.WritePicture(&b); err != nil {
		t.Fatal(err)
	}
	checkPicture(t, b.String())
	return b.String()
}

var notANumber = regexp.MustCompile(`NaN|[-+ ,"]Inf`)

// checkPicture wants XML with numbers only.
func checkPicture(t *testing.T, picture string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
	}
	if bad := notANumber.FindString(picture); bad != "" {
		t.Errorf("%s in\n%s", bad, picture)
	}
}

func noDelay(r *Report) {
	r.Delay = DelayReport{Quantiles: Quantiles{P50: unknown, P95: unknown, P99: unknown}, Max: unknown}
	for i := range r.Samples {
		r.Samples[i].DelayP50, r.Samples[i].DelayP99 = unknown, unknown
	}
}

func TestPictureSays(t *testing.T) {
	const notKnown, noLoss = "delay: not known", "no loss seen"
	for name, c := range map[string]struct {
		seconds    int
		change     func(*Report)
		want, none []string
	}{
		"whole": {
			4, nil,
			[]string{`role="img"`, "<title>relay load: 200 viewers, ", ">200 viewers, 628.1 Mbit/s, delivered 100.000 %<", ">delay p50 4.6 ms, p99 13.4 ms<", ">p50<", ">p99<", `stroke-dasharray="8 5"`, noLoss},
			[]string{notKnown, "joining<"},
		},
		"another's publisher": {
			4, func(r *Report) { noDelay(r); r.Publisher = nil },
			[]string{notKnown, "(the publisher is not relay load on this machine)"}, []string{"delay p50", ">p50<"},
		},
		"no probes": {
			4, noDelay, []string{notKnown, "no probe got"}, []string{"the publisher is not", "delay p50"},
		},
		"no window": {
			4, func(r *Report) { r.Seconds = 0 },
			[]string{">200 viewers<", "ended before all had joined", ">joining<"}, []string{"Mbit/s", "delay p50"},
		},
		"some failed": {4, func(r *Report) { r.Viewers.Connected = 3 }, []string{">3 of 200 viewers, "}, nil},
		"all failed":  {0, func(r *Report) { r.Viewers.Connected = 0 }, []string{"nobody connected", "nothing to draw"}, []string{noLoss, notKnown}},
		"one":         {1, func(r *Report) { r.Viewers = ViewersReport{Asked: 1, Connected: 1} }, []string{">1 viewer, ", "<circle"}, []string{"<path class=\"curve"}},
		"nothing expected": {
			4, func(r *Report) {
				r.Media.Delivery = unknown
				for i := range r.Samples {
					r.Samples[i].Lost = unknown
				}
			}, []string{"loss: not known"}, []string{"delivered", noLoss},
		},
		"loss":      {4, func(r *Report) { r.Samples[2].Lost = 0.015 }, []string{">1.5<", ">2<"}, []string{noLoss}},
		"all lost":  {4, func(r *Report) { r.Samples[2].Lost = 1 }, []string{">75<", ">100<"}, []string{">200<"}},
		"long join": {10, func(r *Report) { r.JoinedAt = 5 }, []string{">joining<"}, nil},
		"quick":     {60, func(r *Report) { r.JoinedAt = 1 }, []string{">← joining<"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			picture := pictureOf(t, c.seconds, c.change)
			for _, want := range c.want {
				if !strings.Contains(picture, want) {
					t.Errorf("%q is missing in\n%s", want, picture)
				}
			}
			for _, none := range c.none {
				if strings.Contains(picture, none) {
					t.Errorf("%q is in\n%s", none, picture)
				}
			}
		})
	}
}

func TestPictureIsXML(t *testing.T) {
	for _, r := range []*Report{someReport(), {}} {
		var b strings.Builder
		if err := r.WritePicture(&b); err != nil {
			t.Fatal(err)
		}
		checkPicture(t, b.String())
	}
	if err := new(Report).WritePicture(fullDisk{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a picture that could not be written: %v", err)
	}
}

// Seconds 1 to 6, of which 3 and 5 have no delay.
func TestCurveBreaks(t *testing.T) {
	picture := pictureOf(t, 6, func(r *Report) {
		for _, i := range []int{2, 4} {
			r.Samples[i].DelayP50, r.Samples[i].DelayP99 = unknown, unknown
		}
		r.Samples = r.Samples[:5]
	})
	for _, class := range []string{"p50", "p99"} {
		if n := strings.Count(picture, `<path class="curve `+class); n != 1 {
			t.Errorf("%d pieces of %s, want 1", n, class)
		}
		if n := strings.Count(picture, `<circle class="curve `+class); n != 1 {
			t.Errorf("%d dots of %s, want 1", n, class)
		}
	}
	// 4 and 12 ms of an axis to 20 ms.
	for _, want := range []string{`d="M193.2 294.0L310.4 294.0"`, `cx="544.8" cy="218.0"`} {
		if !strings.Contains(picture, want) {
			t.Errorf("%s is missing in\n%s", want, picture)
		}
	}
	if n := strings.Count(picture, `<path class="curve lost`); n != 1 {
		t.Errorf("%d pieces of loss, want 1", n)
	}
}

// TestJoiningIsWhereItWas: half of the axis, to a half of it.
func TestJoiningIsWhereItWas(t *testing.T) {
	picture := pictureOf(t, 10, func(r *Report) { r.JoinedAt = 5 })
	if want := `<rect class="joining" x="76" y="116" width="293.0"`; !strings.Contains(picture, want) {
		t.Errorf("%s is missing in\n%s", want, picture)
	}
}

func TestNamesOfCurvesKeepApart(t *testing.T) {
	picture := pictureOf(t, 4, func(r *Report) {
		for i := range r.Samples {
			r.Samples[i].DelayP50, r.Samples[i].DelayP99 = 0.01, 0.02
		}
	})
	// 0.01 ms of an axis to 1 ms is a line at 330: its name is over the axis, the other's over that.
	for _, want := range []string{`y="333.0">p50<`, `y="309.0">p99<`} {
		if !strings.Contains(picture, want) {
			t.Errorf("%s is missing in\n%s", want, picture)
		}
	}
}

var timeTick = regexp.MustCompile(`M([0-9.]+) 332v6"/><text x="([0-9.]+)" y="358" text-anchor="middle">([^<]*)<`)

func TestTicks(t *testing.T) {
	for seconds, want := range map[int][]string{
		1:    {"0 s", "1 s"},
		4:    {"0 s", "1 s", "2 s", "3 s", "4 s"},
		5:    {"0 s", "1 s", "2 s", "3 s", "4 s", "5 s"},
		12:   {"0 s", "2 s", "4 s", "6 s", "8 s", "10 s", "12 s"},
		32:   {"0 s", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s"},
		60:   {"0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s"},
		303:  {"0 min", "1 min", "2 min", "3 min", "4 min", "5 min"},
		7500: {"0 min", "30 min", "60 min", "90 min", "120 min"},
	} {
		var got []string
		for _, match := range timeTick.FindAllStringSubmatch(pictureOf(t, seconds, nil), -1) {
			got = append(got, match[3])
			if match[1] != match[2] {
				t.Errorf("%s of %d s: at %s, its name at %s", match[3], seconds, match[1], match[2])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d s: %q, want %q", seconds, got, want)
		}
	}
}

// TestTicksAreWhereTheyAreSaid: the sample of second 2 is over the tick of 2 s.
func TestTicksAreWhereTheyAreSaid(t *testing.T) {
	p := newPicture(&Report{Seconds: 3, Samples: []Sample{{At: 1}, {At: 2}, {At: 3}, {At: 4.0004}}})
	if p.last != 4 || p.x(2) != (plotLeft+plotRight)/2.0 {
		t.Errorf("the axis ends at %g s, 2 s are at %g", p.last, p.x(2))
	}
}

func TestTimeStepsAreFew(t *testing.T) {
	for last := 1.0; last < 1e7; last = last*1.01 + 1 {
		if n := last / timeStep(last); n > 7 || (last >= 4 && n < 2.3) {
			t.Errorf("%g s: %.1f steps of %g s", last, n, timeStep(last))
		}
	}
}

func TestTimesAreRead(t *testing.T) {
	for step, want := range map[float64]string{30: "7200 s", 60: "120 min", 3600: "2 h"} {
		if got := timeLabel(7200, step); got != want {
			t.Errorf("by %g s: %s, want %s", step, got, want)
		}
	}
}

func TestRoundUp(t *testing.T) {
	for n, want := range map[float64]float64{1: 1, 100: 100, 100.1: 200, 1e4: 1e4, 0.001: 0.001, 7.9e5: 8e5} {
		if got := roundUp(n); got != want {
			t.Errorf("%g: %g, want %g", n, got, want)
		}
	}
}
