package broadcast

import "testing"

func TestLossJudge(t *testing.T) {
	type event struct {
		ms    int
		loss  uint8
		retry bool // ask retry instead
		want  bool
	}
	for name, events := range map[string][]event{
		"good":                {{0, 0, false, false}, {9000, 51, false, false}},
		"bad for 5 s":         {{0, 52, false, false}, {4999, 255, false, false}, {5000, 52, false, true}},
		"stops once":          {{0, 99, false, false}, {5000, 99, false, true}, {6000, 99, false, false}, {14000, 99, false, false}},
		"a good one between":  {{0, 99, false, false}, {4000, 10, false, false}, {5000, 99, false, false}, {9999, 99, false, false}, {10000, 99, false, true}},
		"nothing to retry":    {{0, 99, true, false}, {60000, 0, true, false}},
		"retry after 10 s":    {{0, 99, false, false}, {5000, 99, false, true}, {14999, 0, true, false}, {15000, 0, true, true}, {15001, 0, true, false}},
		"good reports do not": {{0, 99, false, false}, {5000, 99, false, true}, {6000, 0, false, false}, {7000, 0, true, false}},
		"grace, then afresh": {
			{0, 99, false, false}, {5000, 99, false, true}, {15000, 0, true, true},
			{15500, 255, false, false}, {17999, 255, false, false},
			{18000, 255, false, false}, {22999, 255, false, false}, {23000, 255, false, true},
			{42999, 0, true, false}, {43000, 0, true, true}, // twice as long as before
		},
		"a minute at most, and 10 s again when it ran for one": {
			{0, 99, false, false}, {5000, 99, false, true}, {15000, 0, true, true},
			{20000, 99, false, false}, {25000, 99, false, true}, {45000, 0, true, true},
			{50000, 99, false, false}, {55000, 99, false, true}, {94999, 0, true, false}, {95000, 0, true, true},
			{100000, 99, false, false}, {105000, 99, false, true}, {164999, 0, true, false}, {165000, 0, true, true},
			{221000, 99, false, false}, {226000, 99, false, true}, {235999, 0, true, false}, {236000, 0, true, true},
		},
	} {
		var judge lossJudge
		for i, e := range events {
			ask := func() bool { return judge.report(e.loss, instant(e.ms)) > 0 }
			if e.retry {
				ask = func() bool { return judge.retry(instant(e.ms)) }
			}
			if got := ask(); got != e.want {
				t.Errorf("%s: event %d: %v", name, i, got)
			}
		}
	}
}
