//go:build !portable

package udp

import (
	"encoding/binary"
	"slices"
	"testing"
)

// split is the runs of packets of these sizes.
func split(sizes []int) (runs []run) {
	for _, size := range sizes {
		if len(runs) == 0 || !runs[len(runs)-1].add(size) {
			var r run
			r.add(size)
			runs = append(runs, r)
		}
	}
	return runs
}

func repeated(size, count int) []int { return slices.Repeat([]int{size}, count) }

func TestRuns(t *testing.T) {
	for _, test := range []struct {
		name  string
		sizes []int
		want  []int // packets a run
	}{
		{"none", nil, nil},
		{"one", []int{5}, []int{1}},
		{"equal", repeated(1100, 10), []int{10}},
		{"last shorter", append(repeated(1100, 9), 7), []int{10}},
		{"Chromium's frame: shorter ones first", append(repeated(1099, 4), repeated(1100, 6)...), []int{4, 6}},
		{"shrinking", []int{5, 4, 3, 2}, []int{2, 2}},
		{"growing", []int{2, 3, 4}, []int{1, 1, 1}},
		{"nothing after a shorter one", []int{5, 4, 4}, []int{2, 1}},
		{"empty packets", []int{0, 0, 5, 0}, []int{1, 1, 1, 1}},
		{"64 segments", repeated(100, 130), []int{64, 64, 2}},
		{"64 kB", repeated(1400, 64), []int{46, 18}},
		{"longer than a message", []int{maxPacket, maxPacket}, []int{1, 1}},
	} {
		var got []int
		for _, r := range split(test.sizes) {
			got = append(got, r.packets)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: runs of %v packets, want %v", test.name, got, test.want)
		}
	}
}

// legal is what the kernel asks of a message of several packets.
func legal(sizes []int) bool {
	total := 0
	for i, size := range sizes {
		last := i == len(sizes)-1
		if size > sizes[0] || size < sizes[0] && !last || size == 0 && len(sizes) > 1 {
			return false
		}
		total += size
	}
	return len(sizes) <= maxSegments && (len(sizes) == 1 || total <= maxMessage)
}

// fewest is how many messages packets take at least.
func fewest(sizes []int) int {
	best := make([]int, len(sizes)+1)
	for end := 1; end <= len(sizes); end++ {
		best[end] = best[end-1] + 1
		for start := max(0, end-maxSegments); start < end; start++ {
			if legal(sizes[start:end]) {
				best[end] = min(best[end], best[start]+1)
			}
		}
	}
	return best[len(sizes)]
}

// FuzzRuns: runs are legal, hold all packets in order, and are as few as can be.
func FuzzRuns(f *testing.F) {
	f.Add([]byte{4, 76, 4, 76, 4, 75})
	f.Add([]byte{0, 0, 0, 0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var sizes []int
		for ; len(raw) >= 2 && len(sizes) < 300; raw = raw[2:] {
			sizes = append(sizes, int(binary.BigEndian.Uint16(raw)))
		}
		runs, start := split(sizes), 0
		for _, r := range runs {
			part := sizes[start : start+r.packets]
			total := 0
			for _, size := range part {
				total += size
			}
			if !legal(part) || r.size != part[0] || r.bytes != total {
				t.Fatalf("%+v for %v", r, part)
			}
			start += r.packets
		}
		if start != len(sizes) || len(runs) != fewest(sizes) {
			t.Fatalf("%d runs of %d packets, want %d of %d: %v", len(runs), start, fewest(sizes), len(sizes), sizes)
		}
	})
}

func TestIsMedia(t *testing.T) {
	for _, test := range []struct {
		packet []byte
		want   bool
	}{
		{nil, false}, {[]byte{128}, false},
		{[]byte{0, 1}, false}, {[]byte{22, 254}, false}, {[]byte{127, 96}, false}, {[]byte{192, 96}, false},
		{[]byte{128, 191}, true}, {[]byte{128, 192}, false}, {[]byte{129, 200}, false}, {[]byte{144, 223}, false}, {[]byte{191, 224}, true},
	} {
		if got := isMedia(test.packet); got != test.want {
			t.Errorf("% x: %v", test.packet, got)
		}
	}
}
