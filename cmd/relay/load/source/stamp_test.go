package source

import (
	"bytes"
	"testing"
	"time"
)

func TestStamp(t *testing.T) {
	for _, test := range []struct {
		name string
		at   time.Time
	}{
		{"today", time.Date(2026, 11, 20, 12, 0, 0, 123456789, time.UTC)},
		{"1970", time.Unix(0, 0)},
		{"all bits of a clock's byte", time.Unix(0, 1<<14-1)},
		{"the next byte", time.Unix(0, 1<<14)},
		{"as late as there is", time.Unix(0, 1<<63-1)},
		{"with a monotonic reading", time.Now()},
	} {
		payload := bytes.Repeat([]byte{0xaa}, 40)
		Stamp(payload, test.at)
		got, ok := ReadStamp(payload)
		if early := test.at.Sub(got); !ok || early < 0 || early >= 128 {
			t.Errorf("%s: read %v early, %t", test.name, early, ok)
		}
		if bytes.IndexByte(payload, 0) >= 0 || payload[39] != 0x80 {
			t.Errorf("%s: a byte of 0, or no trailing bits: % x", test.name, payload)
		}
		if !bytes.Equal(payload[:40-StampSize], bytes.Repeat([]byte{0xaa}, 40-StampSize)) {
			t.Errorf("%s: wrote before the stamp: % x", test.name, payload)
		}
	}
}

func TestStampAgain(t *testing.T) {
	payload := make([]byte, StampSize)
	Stamp(payload, time.Unix(5, 0))
	Stamp(payload, time.Unix(7, 0))
	if got, ok := ReadStamp(payload); !ok || got.Unix() != 7 {
		t.Errorf("%v, %t", got, ok)
	}
}

func TestStampNone(t *testing.T) {
	good := make([]byte, 40)
	Stamp(good, time.Unix(1000, 0))
	broken := func(at int) []byte {
		payload := bytes.Clone(good)
		payload[at] ^= 0x80
		return payload
	}
	short := make([]byte, StampSize-1)
	Stamp(short, time.Now())
	for name, payload := range map[string][]byte{
		"nothing": nil, "short": short, "another magic": broken(40 - StampSize), "a clock's byte": broken(30),
		"the end": broken(39), "bytes behind it": append(bytes.Clone(good), 0), "cut": good[:39],
	} {
		if at, ok := ReadStamp(payload); ok {
			t.Errorf("%s: read as %v", name, at)
		}
	}
	if !bytes.Equal(short, make([]byte, len(short))) {
		t.Error("wrote a stamp where there is no room")
	}
}

// FuzzReadStamp: what is read can be written, and gives the same bytes.
func FuzzReadStamp(f *testing.F) {
	seed := make([]byte, 20)
	Stamp(seed, time.Unix(1000, 0))
	f.Add(seed)
	f.Add([]byte("relay"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		at, ok := ReadStamp(payload)
		if !ok {
			return
		}
		again := bytes.Clone(payload)
		Stamp(again, at)
		if !bytes.Equal(again, payload) {
			t.Errorf("% x is %v, which is written as % x", payload, at, again)
		}
	})
}
