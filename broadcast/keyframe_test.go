package broadcast

import "testing"

// payloadTest is one payload and what it begins.
type payloadTest struct {
	name    string
	payload []byte
	want    keyPart
}

func checkPayloads(t *testing.T, c Codec, tests []payloadTest) {
	t.Helper()
	for _, test := range tests {
		if got := keyStart(c, test.payload); got != test.want {
			t.Errorf("%v, %s: %d, want %d", c, test.name, got, test.want)
		}
	}
}

func TestKeyFrames(t *testing.T) {
	sps, pps, idr, slice := []byte{0x67, 0x42}, []byte{0x68, 0xce}, []byte{0x7c, 0x85, 0x88}, []byte{0x41, 0x9a}
	type event struct {
		c       Codec
		ts      uint32
		payload []byte
		want    bool
	}
	for name, events := range map[string][]event{
		"a picture after its parameters": {
			{CodecH264, 1, sps, true}, {CodecH264, 1, pps, false}, {CodecH264, 1, idr, false}, {CodecH264, 2, slice, false},
		},
		"a picture without parameters": {{CodecH264, 1, idr, true}, {CodecH264, 1, idr, false}, {CodecH264, 2, idr, true}},
		"parameters overtaken":         {{CodecH264, 1, idr, true}, {CodecH264, 1, sps, true}, {CodecH264, 1, sps, false}},
		"timestamp 0":                  {{CodecVP8, 0, []byte{0x10, 0}, true}, {CodecVP8, 0, []byte{0x10, 0}, false}},
		"timestamps wrap":              {{CodecVP8, 1<<32 - 1, []byte{0x10, 0}, true}, {CodecVP8, 0, []byte{0x10, 0}, true}},
		"another codec":                {{CodecVP8, 1, []byte{0x10, 0}, true}, {CodecH264, 2, sps, true}, {CodecAV1, 3, []byte{0x18, 0x0a}, true}},
		"sound":                        {{CodecOpus, 1, []byte{0x10, 0}, false}, {CodecNone, 2, sps, false}},
	} {
		var frames keyFrames
		for i, e := range events {
			if _, got := frames.start(e.c, e.ts, e.payload); got != e.want {
				t.Errorf("%s: packet %d: %v", name, i, got)
			}
		}
	}
}

// TestKeyFramesShort cuts key frames' payloads everywhere: what is not there is
// not read.
func TestKeyFramesShort(t *testing.T) {
	for c := CodecNone; c <= CodecOpus; c++ {
		for first := range 256 {
			payload := []byte{byte(first), 0x80, 0x80, 0x80, 0x80, 0x80}
			for size := range payload {
				keyStart(c, payload[:size:size])
			}
		}
	}
}

// FuzzKeyStart: no payload makes it panic, and it never depends on bytes after
// the payload.
func FuzzKeyStart(f *testing.F) {
	for _, seed := range [][]byte{
		{}, {0x67, 0x42}, {0x78, 0, 1, 0x67, 0, 1, 0x65}, {0x7c, 0x85, 0x88},
		{0x90, 0x80, 0x81, 0x23, 0x10}, {0xa8, 0x81, 0x23, 0x02}, {0x00, 0x01, 0x10, 0x02, 0x0a, 0x0b},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		longer := append(payload[:len(payload):len(payload)], 0x65, 0x0a, 0x00)
		for c := CodecNone; c <= CodecOpus; c++ {
			exact := keyStart(c, payload[:len(payload):len(payload)])
			if got := keyStart(c, longer[:len(payload)]); got != exact {
				t.Errorf("%v: %d with bytes behind it, %d without", c, got, exact)
			}
		}
	})
}

func BenchmarkKeyStart(b *testing.B) {
	payload := []byte{0x90, 0x80, 0x81, 0x23, 0x10}
	var frames keyFrames
	b.ReportAllocs()
	for b.Loop() {
		frames.start(CodecVP8, 1, payload)
	}
}
