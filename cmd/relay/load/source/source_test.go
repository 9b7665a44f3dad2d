package source

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func newSource(t testing.TB, options Options) *Source {
	t.Helper()
	s, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sizes(f Frame) (sizes []int) {
	for _, p := range f.Packets {
		sizes = append(sizes, len(p))
	}
	return sizes
}

var testStart = time.Unix(1000, 0)

// keys runs n frames, each late by as much as late says, and returns which were key frames.
func keys(s *Source, n int, before func(frame int), late ...time.Duration) (keys []int) {
	for i := range n {
		before(i)
		now := testStart.Add(time.Duration(i) * s.Interval())
		if i < len(late) {
			now = now.Add(late[i])
		}
		if s.Next(now).Key {
			keys = append(keys, i)
		}
	}
	return keys
}

func TestKeyFrames(t *testing.T) {
	gop := func(gop time.Duration) Options {
		o := Screen()
		o.FPS, o.GOP = 10, gop
		return o
	}
	const early, late = -3 * time.Millisecond, 3 * time.Millisecond
	for _, test := range []struct {
		name    string
		options Options
		asked   []int
		late    []time.Duration
		want    []int
	}{
		{"only when asked", Screen(), nil, nil, []int{0}},
		{"asked", Screen(), []int{3, 4, 9}, nil, []int{0, 3, 4, 9}},
		{"asked before the first", Screen(), []int{0}, nil, []int{0}},
		{"a GOP", gop(500 * time.Millisecond), nil, nil, []int{0, 5, 10}},
		{"frames early and late", gop(500 * time.Millisecond), nil, []time.Duration{late, 0, 0, 0, late, early}, []int{0, 5, 10}},
		{"asked within a GOP, which starts anew", gop(500 * time.Millisecond), []int{3}, nil, []int{0, 3, 8}},
		{"a GOP of less than a frame", gop(time.Millisecond), nil, nil, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
	} {
		s := newSource(t, test.options)
		got := keys(s, 12, func(i int) {
			if slices.Contains(test.asked, i) {
				s.RequestKeyFrame()
				s.RequestKeyFrame()
			}
		}, test.late...)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: key frames are %d, want %d", test.name, got, test.want)
		}
	}
}

func TestInterval(t *testing.T) {
	for _, test := range []struct {
		fps   float64
		still bool
		want  time.Duration
	}{
		{30, false, 33333333}, {60, false, 16666667}, {0.5, false, 2 * time.Second}, {29.97, false, 33366700}, {30, true, time.Second},
	} {
		o := Screen()
		o.FPS, o.Still = test.fps, test.still
		if got := newSource(t, o).Interval(); got != test.want {
			t.Errorf("%v fps, still %t: %d", test.fps, test.still, got)
		}
	}
}

func TestSizes(t *testing.T) {
	video := Video()
	video.Codec = VP8
	bits := func(codec Codec, bits int) Options {
		return Options{Codec: codec, FPS: 1, PacketSize: 1000, Bitrate: bits}
	}
	for _, test := range []struct {
		name       string
		options    Options
		key, inter []int
	}{
		{"screen", Screen(), []int{len(h264Parameters(nil)), 1100, 1100}, []int{1100, 1100}},
		{"video", video, slices.Repeat([]int{1100}, 10), slices.Repeat([]int{1100}, 10)},
		{"one packet", bits(VP8, 8*1000), []int{1000}, []int{1000}},
		{"a byte too long for one", bits(VP9, 8*1001), []int{500, 501}, []int{500, 501}},
		{"three packets", bits(AV1, 8*2003), []int{667, 668, 668}, []int{667, 668, 668}},
		{"half a byte owed", bits(VP8, 8*700+4), []int{700}, []int{701}},
	} {
		s := newSource(t, test.options)
		if got := sizes(s.Next(testStart)); !slices.Equal(got, test.key) {
			t.Errorf("%s: key frame %d, want %d", test.name, got, test.key)
		}
		if got := sizes(s.Next(testStart.Add(s.Interval()))); !slices.Equal(got, test.inter) {
			t.Errorf("%s: interframe %d, want %d", test.name, got, test.inter)
		}
	}
}

// A bit rate that gives no whole bytes a frame is kept to all the same.
func TestBitrate(t *testing.T) {
	const rate, seconds = 1_234_567, 60
	s := newSource(t, Options{Codec: VP8, FPS: 29, PacketSize: 1100, Bitrate: rate})
	bytes := 0
	for i := range 29 * seconds {
		for _, size := range sizes(s.Next(testStart.Add(time.Duration(i) * s.Interval()))) {
			bytes += size
		}
	}
	if want := rate / 8 * seconds; bytes < want-100 || bytes > want+100 {
		t.Errorf("%d bytes, want %d", bytes, want)
	}
}

func TestVideoTimestamp(t *testing.T) {
	const wrap = 47721858844 * time.Microsecond // 2^32 ticks, just before
	for _, test := range []struct {
		elapsed time.Duration
		want    uint32
	}{
		{0, 0}, {time.Second, 90000}, {time.Second / 30, 2999}, {wrap, 1<<32 - 1}, {wrap + time.Second, 89999},
		{10 * wrap, 1<<32 - 1}, {365 * 24 * time.Hour, 365 * 24 * 3600 * 90000 % (1 << 32)}, {-time.Second, 1<<32 - 90000},
	} {
		if got := videoTimestamp(test.elapsed); got != test.want {
			t.Errorf("%v: %d, want %d", test.elapsed, got, test.want)
		}
	}
}

// Whoever stamps just before sending stamps the time of sending, in each packet;
// until then it is the picture's.
func TestStampsOfFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for codec := H264; codec <= AV1; codec++ {
			o := Video()
			o.Codec = codec
			s := newSource(t, o)
			taken := time.Now()
			for i, p := range s.Next(taken).Packets {
				if at, ok := ReadStamp(p); !ok || taken.Sub(at) > 128 {
					t.Errorf("%v packet %d: not stamped with the picture's time: %v, %t", codec, i, at, ok)
				}
				time.Sleep(time.Millisecond)
				Stamp(p, time.Now())
				if at, ok := ReadStamp(p); !ok || at.Sub(taken).Round(time.Microsecond) != time.Duration(i+1)*time.Millisecond {
					t.Errorf("%v packet %d: stamped %v after, %t", codec, i, at.Sub(taken), ok)
				}
			}
			time.Sleep(s.Interval())
		}
	})
}

// RequestKeyFrame is called where RTCP is read.
func TestRequestFromOtherGoroutines(t *testing.T) {
	s := newSource(t, Screen())
	s.Next(testStart)
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(s.RequestKeyFrame)
	}
	got := 0
	for i := range 100 {
		if s.Next(testStart.Add(time.Duration(i) * time.Second)).Key {
			got++
		}
	}
	asking.Wait()
	if s.Next(testStart).Key {
		got++
	}
	if got < 1 || got > 4 {
		t.Errorf("%d key frames for 4 requests", got)
	}
}

func TestAudio(t *testing.T) {
	a := NewAudio()
	a.timestamp = 1<<32 - 960
	for i, want := range []uint32{1<<32 - 960, 0, 960} {
		now := testStart.Add(time.Duration(i) * AudioInterval)
		f := a.Next(now)
		if len(f.Packets) != 1 || len(f.Packets[0]) != AudioSize || f.Packets[0][0] != 0xfc || f.Key || f.Timestamp != want {
			t.Errorf("packet %d: %+v", i, f)
		}
		if at, ok := ReadStamp(f.Packets[0]); !ok || now.Sub(at) > 128 {
			t.Errorf("packet %d: stamp %v, %t", i, at, ok)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for codec := H264; codec <= AV1; codec++ {
		o := Video()
		o.Codec = codec
		s, a := newSource(t, o), NewAudio()
		s.Next(testStart)
		allocs := testing.AllocsPerRun(10, func() {
			for range 100 {
				s.RequestKeyFrame()
				s.Next(testStart)
				s.Next(testStart)
				a.Next(testStart)
			}
		})
		if allocs != 0 {
			t.Errorf("%v: %v allocations for 200 frames", codec, allocs)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	s := newSource(b, Video())
	for b.Loop() {
		s.Next(testStart)
	}
}
