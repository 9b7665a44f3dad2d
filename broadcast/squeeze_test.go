package broadcast

import "testing"

func TestSqueeze(t *testing.T) {
	const wrap = 100 // an edge so low that the frames before it are under 0
	for _, test := range []struct {
		name    string
		squeeze squeeze
		frame   uint64
		want    uint32
	}{
		{"not primed", squeeze{}, 1, 7777},
		{"before the key frame", squeeze{first: 10, last: 20, edge: 90000}, 9, 7777},
		{"the key frame", squeeze{first: 10, last: 20, edge: 90000}, 10, 90000 - 10*90},
		{"between", squeeze{first: 10, last: 20, edge: 90000}, 19, 90000 - 90},
		{"the edge", squeeze{first: 10, last: 20, edge: 90000}, 20, 90000},
		{"live", squeeze{first: 10, last: 20, edge: 90000}, 21, 7777},
		{"one frame", squeeze{first: 5, last: 5, edge: 90000}, 5, 90000},
		{"wrapped", squeeze{first: 10, last: 20, edge: wrap}, 18, 1<<32 + wrap - 180},
	} {
		p := &packet{timestamp: 7777, frame: test.frame}
		if got := test.squeeze.stamp(p); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}
