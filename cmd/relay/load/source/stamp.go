package source

import (
	"bytes"
	"time"
)

// A stamp is magic, then the clock in 8 bytes of 7 bits each, the highest first,
// each with its highest bit set, then a byte of 0x80. The clock counts in units
// of 128 ns, which fills the 56 bits for as long as UnixNano lasts. The last byte
// is what H264 and AV1 call trailing bits, so that a unit may end with a stamp.
const (
	stampMagic = "relay\xd7\xa9"
	stampClock = 8
	stampUnit  = 7 // bits of nanoseconds below the clock's last
	stampEnd   = 0x80

	// StampSize is the bytes that a stamp takes at a payload's end.
	StampSize = len(stampMagic) + stampClock + 1
)

// Stamp writes the wall clock over the end of a payload. To be right, it is
// called just before sending. A payload shorter than StampSize stays as it is.
func Stamp(payload []byte, now time.Time) {
	if len(payload) < StampSize {
		return
	}
	at := payload[len(payload)-StampSize:]
	clock := uint64(now.UnixNano()) >> stampUnit
	copy(at, stampMagic)
	digits := at[len(stampMagic):][:stampClock]
	for i := range digits {
		digits[stampClock-1-i] = 0x80 | byte(clock>>(7*i))
	}
	at[StampSize-1] = stampEnd
}

// ReadStamp is the wall clock at sending, at most 128 ns too early, without a
// monotonic reading. It is false for a payload that does not end with a stamp.
func ReadStamp(payload []byte) (time.Time, bool) {
	if len(payload) < StampSize {
		return time.Time{}, false
	}
	at := payload[len(payload)-StampSize:]
	digits, magic := bytes.CutPrefix(at[:StampSize-1], []byte(stampMagic))
	if !magic || at[StampSize-1] != stampEnd {
		return time.Time{}, false
	}
	var clock uint64
	for _, digit := range digits {
		if digit < 0x80 {
			return time.Time{}, false
		}
		clock = clock<<7 | uint64(digit&0x7f)
	}
	return time.Unix(0, int64(clock<<stampUnit)), true
}
