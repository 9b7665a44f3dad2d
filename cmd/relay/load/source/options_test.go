package source

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Options)
		want   string // in the error; "": none
	}{
		{"as they are", func(*Options) {}, ""},
		{"no codec", func(o *Options) { o.Codec = 0 }, "codec"},
		{"unknown codec", func(o *Options) { o.Codec = AV1 + 1 }, "codec"},
		{"no frames", func(o *Options) { o.FPS = 0 }, "frames a second"},
		{"no number of frames", func(o *Options) { o.FPS = math.NaN() }, "frames a second"},
		{"endless frames", func(o *Options) { o.FPS = math.Inf(1) }, "frames a second"},
		{"a frame in ten seconds", func(o *Options) { o.FPS = 0.1 }, ""},
		{"tiny packets", func(o *Options) { o.PacketSize = minPacket - 1 }, "packets of 127 bytes"},
		{"smallest packets", func(o *Options) { o.PacketSize = minPacket }, ""},
		{"largest packets", func(o *Options) { o.PacketSize = maxPacket }, ""},
		{"fragmented by IP", func(o *Options) { o.PacketSize = maxPacket + 1 }, "packets of 1401 bytes"},
		{"no packets", func(o *Options) { o.PacketsPerFrame = 0 }, "packets a frame"},
		{"too many packets", func(o *Options) { o.PacketsPerFrame = maxPackets + 1 }, "packets a frame"},
		{"bitrate instead of packets", func(o *Options) { o.PacketsPerFrame, o.Bitrate = 0, 1_000_000 }, ""},
		{"negative bitrate", func(o *Options) { o.Bitrate = -1 }, "negative"},
		{"bitrate too low", func(o *Options) { o.Bitrate = 30 * 8 * (minFrame - 1) }, "64 bytes at least"},
		{"bitrate just enough", func(o *Options) { o.Bitrate = 30 * 8 * minFrame }, ""},
		{"bitrate too high", func(o *Options) { o.Bitrate = 30*8*maxPackets*1100 + 300 }, "packets at most"},
		{"negative GOP", func(o *Options) { o.GOP = -time.Second }, "negative"},
	} {
		options := Screen()
		test.change(&options)
		_, err := New(options)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// Every accepted bound makes frames: the headers always have room.
func TestOptionsAtBounds(t *testing.T) {
	for codec := H264; codec <= AV1; codec++ {
		for _, options := range []Options{
			{FPS: 1, PacketSize: minPacket, Bitrate: 8 * minFrame},
			{FPS: 1, PacketSize: minPacket, Bitrate: 8 * (minPacket + 1)},
			{FPS: 240, PacketSize: minPacket, PacketsPerFrame: 1},
			{FPS: 0.5, PacketSize: maxPacket, PacketsPerFrame: 2000},
		} {
			options.Codec = codec
			s := newSource(t, options)
			s.Next(time.Unix(1, 0))
			s.Next(time.Unix(2, 0))
		}
	}
}

func TestParseCodec(t *testing.T) {
	for name, want := range map[string]Codec{
		"h264": H264, "H264": H264, "vp8": VP8, "Vp9": VP9, "av1": AV1, "video/AV1": AV1, "VIDEO/h264": H264,
		"": 0, "none": 0, "h265": 0, "opus": 0, "video/": 0,
	} {
		got, err := ParseCodec(name)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %v, %v", name, got, err)
		}
	}
	for codec := H264; codec <= AV1; codec++ {
		if got, err := ParseCodec(codec.MimeType()); got != codec {
			t.Errorf("%v: %v, %v", codec, got, err)
		}
	}
	if Codec(0).String() != "none" || Codec(99).String() != "none" {
		t.Error("an unknown codec has a name")
	}
}
