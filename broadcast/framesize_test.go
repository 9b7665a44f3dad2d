package broadcast

import (
	"encoding/hex"
	"strings"
	"testing"
)

// bitWriter is the inverse of bitReader.
type bitWriter struct {
	b    []byte
	free int // bits left in the last byte
}

func (w *bitWriter) bits(n int, value uint32) *bitWriter {
	for i := n - 1; i >= 0; i-- {
		if w.free == 0 {
			w.b, w.free = append(w.b, 0), 8
		}
		w.free--
		w.b[len(w.b)-1] |= byte(value>>i&1) << w.free
	}
	return w
}

func (w *bitWriter) ue(values ...uint32) *bitWriter {
	for _, v := range values {
		size := 0
		for (v+1)>>size > 1 {
			size++
		}
		w.bits(size, 0).bits(size+1, v+1)
	}
	return w
}

// escape writes H264's emulation prevention (section 7.4.1).
func escape(b []byte) (out []byte) {
	zeros := 0
	for _, c := range b {
		if zeros >= 2 && c <= 3 {
			out, zeros = append(out, 3), 0
		}
		out = append(out, c)
		if zeros++; c != 0 {
			zeros = 0
		}
	}
	return out
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// interlaced is an SPS of two fields of 1920x544, 8 lines cropped, in the Main profile.
func interlaced() []byte {
	w := (&bitWriter{}).bits(8, 77).bits(16, 0x0028).ue(0, 0, 2, 4).bits(1, 0).ue(119, 33).bits(1, 0).bits(2, 1).bits(1, 1).ue(0, 0, 0, 2)
	return append([]byte{0x67}, escape(w.bits(2, 2).b)...)
}

// scaled is a High 4:4:4 SPS with scaling lists, order type 1, and 100x50 of 112x64.
func scaled() []byte {
	w := (&bitWriter{}).bits(8, 244).bits(16, 0x001f).ue(0, 3).bits(1, 0).ue(0, 0).bits(2, 1)
	w.bits(1, 1).ue(16) // list 0: -8, which ends it
	w.bits(1, 1)        // list 1: all the same
	for range 16 {
		w.ue(0)
	}
	w.bits(10, 0).ue(0, 1).bits(1, 0).ue(0, 0, 2, 7, 7, 1).bits(1, 0).ue(6, 3).bits(2, 3).bits(1, 1).ue(0, 12, 0, 14).bits(2, 2)
	return append([]byte{0x67}, escape(w.b)...)
}

func vp9Frame(profile uint32, colour func(*bitWriter)) []byte {
	w := (&bitWriter{}).bits(2, 2).bits(1, profile&1).bits(1, profile>>1).bits(2, 0).bits(2, 2).bits(24, 0x498342)
	colour(w)
	return w.bits(16, 1279).bits(16, 719).b
}

func av1Sequence(write func(*bitWriter)) []byte {
	w := &bitWriter{}
	write(w)
	return w.bits(4, 10).bits(4, 10).bits(11, 1919).bits(11, 1079).b
}

func av1Plain(w *bitWriter) { w.bits(7, 0).bits(5, 0).bits(12, 0).bits(5, 9).bits(1, 0) }

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestFrameSize(t *testing.T) {
	high := unhex("67 64 00 1f ac d9 40 50 05 bb 01 10 00 00 03 00 10 00 00 03 03 c0 f1 83 19 60")
	plainVP9 := vp9Frame(0, func(w *bitWriter) { w.bits(4, 4) })
	vp8 := unhex("50 42 00 9d 01 2a 00 05 d0 42")
	for _, test := range []struct {
		name          string
		codec         Codec
		payload       []byte
		width, height int
	}{
		{"H264, an x264 High SPS", CodecH264, high, 1280, 720},
		{"H264, an SPS and a PPS in a STAP-A", CodecH264, join([]byte{0x78, 0, byte(len(high))}, high, unhex("00 04 68 eb e3 cb")), 1280, 720},
		{"H264, an SPS in a FU-A", CodecH264, join([]byte{0x7c, 0x87}, high[1:]), 1280, 720},
		{"H264, an SPS cut", CodecH264, high[:9], 0, 0},
		{"H264, fields and cropping", CodecH264, interlaced(), 1920, 1080},
		{"H264, scaling lists", CodecH264, scaled(), 100, 50},
		{"H264, no SPS", CodecH264, unhex("65 88 84"), 0, 0},
		{"VP8, no descriptor fields, scaling bits", CodecVP8, join([]byte{0x10}, vp8), 1280, 720},
		{"VP8, a picture ID", CodecVP8, join(unhex("90 80 91 23"), vp8), 1280, 720},
		{"VP8, an interframe", CodecVP8, unhex("10 51 42 00 9d 01 2a 00 05 d0 02"), 0, 0},
		{"VP8, no start code", CodecVP8, unhex("10 50 42 00 9d 01 2b 00 05 d0 02"), 0, 0},
		{"VP8, cut", CodecVP8, join([]byte{0x10}, vp8[:9]), 0, 0},
		{"VP9, its header", CodecVP9, join([]byte{0x08}, plainVP9), 1280, 720},
		{"VP9, flexible with layers", CodecVP9, join(unhex("b8 91 23 00"), plainVP9), 1280, 720},
		{"VP9, non-flexible with layers", CodecVP9, join(unhex("a8 91 23 00 05"), plainVP9), 1280, 720},
		{"VP9, profile 1, 4:4:4", CodecVP9, join([]byte{0x08}, vp9Frame(1, func(w *bitWriter) { w.bits(3, 2).bits(4, 0) })), 1280, 720},
		{"VP9, profile 1, RGB", CodecVP9, join([]byte{0x08}, vp9Frame(1, func(w *bitWriter) { w.bits(3, 7).bits(1, 0) })), 1280, 720},
		{"VP9, profile 2", CodecVP9, join([]byte{0x08}, vp9Frame(2, func(w *bitWriter) { w.bits(1, 0).bits(4, 4) })), 1280, 720},
		{"VP9, a structure of two layers", CodecVP9, unhex("aa 91 23 00 05 30 02 80 01 68 05 00 02 d0 82"), 1280, 720},
		{"VP9, a structure without sizes", CodecVP9, join(unhex("0a 00"), plainVP9), 0, 0},
		{"VP9, a structure cut", CodecVP9, unhex("aa 91 23 00 05 30 02 80 01 68 05 00"), 0, 0},
		{"VP9, no sync code", CodecVP9, unhex("08 82 49 83 43 00 00 00 00 00"), 0, 0},
		{"VP9, an interframe", CodecVP9, join([]byte{0x48}, plainVP9), 0, 0},
		{"AV1, an element with its size", CodecAV1, join(unhex("18 0a 0b"), av1Sequence(av1Plain)), 1920, 1080},
		{"AV1, an element without", CodecAV1, join(unhex("18 08"), av1Sequence(av1Plain)), 1920, 1080},
		{"AV1, after a delimiter, extended", CodecAV1, join(unhex("28 02 12 00 0c 00"), av1Sequence(av1Plain)), 1920, 1080},
		{"AV1, two layers and tiers", CodecAV1, join(unhex("18 08"), av1Sequence(func(w *bitWriter) {
			w.bits(6, 0).bits(1, 1).bits(5, 1) // with delays
			w.bits(12, 0x103).bits(5, 9).bits(1, 1).bits(1, 1).bits(4, 3)
			w.bits(12, 0x101).bits(5, 4).bits(1, 0)
		})), 1920, 1080},
		{"AV1, a still picture", CodecAV1, join(unhex("18 08"), av1Sequence(func(w *bitWriter) { w.bits(3, 0).bits(2, 3).bits(5, 4) })), 1920, 1080},
		{"AV1, timing information", CodecAV1, unhex("18 08 04 00 00 00 00 00 00 00 00 00 00 00"), 0, 0},
		{"AV1, cut", CodecAV1, unhex("18 08 00 00 00"), 0, 0},
		{"AV1, a frame alone", CodecAV1, unhex("18 30 10"), 0, 0},
		{"sound", CodecOpus, unhex("67 42"), 0, 0},
	} {
		if width, height := frameSize(test.codec, test.payload); width != test.width || height != test.height {
			t.Errorf("%s: %dx%d, want %dx%d", test.name, width, height, test.width, test.height)
		}
	}
}

// The slices are first_mb_in_slice and slice_type (H.264 section 7.3.3).
func TestH264Bipredicted(t *testing.T) {
	slice := func(header byte, first, kind uint32) []byte {
		return append([]byte{header}, escape((&bitWriter{}).ue(first, kind).bits(8, 0xff).b)...)
	}
	for _, test := range []struct {
		name    string
		payload []byte
		want    bool
	}{
		{"nothing", nil, false},
		{"P", slice(0x41, 0, 0), false},
		{"P, all slices are", slice(0x41, 0, 5), false},
		{"B", slice(0x01, 0, 1), true},
		{"B, all slices are", slice(0x21, 0, 6), true},
		{"B, a later slice", slice(0x01, 3600, 1), true},
		{"I", slice(0x41, 0, 7), false},
		{"IDR", slice(0x65, 0, 7), false},
		{"B in a FU-A", join([]byte{0x1c, 0x81}, slice(0, 0, 6)[1:]), true},
		{"the middle of a FU-A", join([]byte{0x1c, 0x01}, slice(0, 0, 6)[1:]), false},
		{"B in a STAP-A", join([]byte{0x18, 0, 2, 0x09, 0xf0, 0, 3}, slice(0x01, 0, 1)), true},
		{"cut", []byte{0x01}, false},
	} {
		if got := h264Bipredicted(test.payload); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

// FuzzFrameSize: no payload makes it panic, or tells what no screen has.
func FuzzFrameSize(f *testing.F) {
	for _, seed := range [][]byte{
		interlaced(), scaled(), join(unhex("18 08"), av1Sequence(av1Plain)),
		unhex("10 50 42 00 9d 01 2a 00 05 d0 42"), unhex("aa 91 23 00 05 30 02 80 01 68 05 00 02 d0 82"),
		join([]byte{0x08}, vp9Frame(0, func(w *bitWriter) { w.bits(4, 4) })),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for c := CodecNone; c <= CodecOpus; c++ {
			width, height := frameSize(c, payload)
			if width < 0 || height < 0 || width > maxSide || height > maxSide || (width == 0) != (height == 0) {
				t.Errorf("%v: %dx%d", c, width, height)
			}
		}
		h264Bipredicted(payload)
	})
}
