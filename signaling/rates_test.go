package signaling

import (
	"testing"
	"time"
)

func TestRates(t *testing.T) {
	var r rates
	start := time.Now()
	at := func(after time.Duration, bytes uint64) (in, out *int) {
		return r.next(totalCounts{BytesIn: bytes, BytesOut: 10 * bytes}, start.Add(after))
	}
	if in, out := at(0, 1000); in != nil || out != nil {
		t.Error("a rate of nothing")
	}
	if in, _ := at(100*time.Millisecond, 1000); in != nil {
		t.Error("a rate of a moment")
	}
	for i := range 30 { // a minute
		after := time.Duration(i+1) * 2 * time.Second
		in, out := at(after, 1000+uint64(i+1)*2000)
		if in == nil || *in != 8000 || *out != 80000 {
			t.Fatalf("after %v it is %v and %v", after, in, out)
		}
		if len(r.notes) > 10 {
			t.Fatalf("%d notes are kept", len(r.notes))
		}
	}
	if in, _ := at(5*time.Minute, 99_999_999); in != nil {
		t.Error("a rate of long ago")
	}
}
