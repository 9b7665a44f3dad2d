package tally

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestTimesExact(t *testing.T) {
	var ts Times
	if ts.Quantile(0.5) != 0 || ts.Count() != 0 {
		t.Error("nothing has a median")
	}
	for _, i := range rand.Perm(100) {
		ts.Add(time.Duration(i+1) * ms)
	}
	for q, want := range map[float64]time.Duration{-1: 1, 0: 1, 0.5: 50, 0.95: 95, 0.99: 99, 0.991: 100, 1: 100, 2: 100, math.Inf(-1): 1} {
		if got := ts.Quantile(q); got != want*ms {
			t.Errorf("quantile %v is %v, want %v", q, got, want*ms)
		}
	}
	if got := ts.Quantile(math.NaN()); got != 1*ms {
		t.Errorf("no number gives %v", got)
	}
	ts.Add(-5 * ms)
	if ts.Min() != -5*ms || ts.Quantile(0.001) != -5*ms || ts.Max() != 100*ms {
		t.Errorf("minimum %v, maximum %v", ts.Min(), ts.Max())
	}
}

func TestTimesWithinOnePercent(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var ts Times
	var all []time.Duration
	for range 100_000 {
		d := time.Duration(math.Exp(random.Float64()*30) + float64(random.IntN(100)))
		ts.Add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for q := 0.0001; q < 1; q += 0.0007 {
		want := all[int(math.Ceil(q*float64(len(all))))-1]
		if got := ts.Quantile(q); math.Abs(float64(got-want)) > 0.01*float64(want) {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if ts.Min() != all[0] || ts.Max() != all[len(all)-1] || ts.Count() != 100_000 {
		t.Error("extremes or count are not exact")
	}
}

// TestTimesMerge merges few and many into few and many: all the same as adding.
func TestTimesMerge(t *testing.T) {
	for _, sizes := range [][2]int{{0, 0}, {0, 10}, {10, 0}, {10, 10}, {10, 9000}, {9000, 10}, {9000, 9000}, {4000, 4000}} {
		var a, b, sum Times
		for i := range sizes[0] {
			a.Add(time.Duration(i) * ms)
			sum.Add(time.Duration(i) * ms)
		}
		for i := range sizes[1] {
			b.Add(time.Duration(i) * time.Second)
			sum.Add(time.Duration(i) * time.Second)
		}
		a.Merge(&b)
		if a.Count() != sum.Count() || a.Min() != sum.Min() || a.Max() != sum.Max() {
			t.Errorf("%v: %d, %v to %v, want %d, %v to %v", sizes, a.Count(), a.Min(), a.Max(), sum.Count(), sum.Min(), sum.Max())
		}
		for _, q := range []float64{0.01, 0.3, 0.5, 0.99} {
			if a.Quantile(q) != sum.Quantile(q) {
				t.Errorf("%v: quantile %v is %v, want %v", sizes, q, a.Quantile(q), sum.Quantile(q))
			}
		}
		if b.Count() != int64(sizes[1]) {
			t.Error("merging changed what was merged")
		}
	}
}

func TestTimesMergeWithItself(t *testing.T) {
	for _, n := range []int{3, 3000, 9000} {
		var a Times
		for i := range n {
			a.Add(time.Duration(i))
		}
		a.Merge(&a)
		if a.Count() != int64(2*n) || a.Max() != time.Duration(n-1) {
			t.Errorf("%d became %d", n, a.Count())
		}
	}
}

func FuzzBucket(f *testing.F) {
	for _, d := range []int64{-1, 0, 1, 127, 128, 129, 255, 256, 1e9, math.MaxInt64, math.MinInt64} {
		f.Add(d)
	}
	f.Fuzz(func(t *testing.T, d int64) {
		i := bucket(time.Duration(d))
		if i < 0 || i >= buckets {
			t.Fatalf("%d is in bucket %d", d, i)
		}
		v := float64(max(0, d))
		if got := float64(middle(i)); math.Abs(got-v) > 0.01*v {
			t.Errorf("%d is told as %v", d, got)
		}
		if d > 0 && bucket(time.Duration(d-1)) > i {
			t.Errorf("%d is below %d", d, d-1)
		}
	})
}
