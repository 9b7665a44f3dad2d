package load

import (
	"math/rand/v2"
	"testing"
	"time"

	"relay/cmd/relay/load/source"
	"relay/cmd/relay/load/tally"
)

// keyFrameOf is a key frame's packets, numbered from seq on.
func keyFrameOf(t *testing.T, seq uint16) (codec source.Codec, headers []header, payloads [][]byte) {
	t.Helper()
	options := source.Video()
	s, err := source.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.RequestKeyFrame()
	frame := s.Next(time.Now())
	for i, p := range frame.Packets {
		headers = append(headers, header{seq: seq + uint16(i), timestamp: frame.Timestamp, marker: i == len(frame.Packets)-1})
		payloads = append(payloads, append([]byte(nil), p...))
	}
	return options.Codec, headers, payloads
}

func TestFirstFrameIsAWholeKeyFrame(t *testing.T) {
	for _, first := range []uint16{0, 100, 65530} {
		codec, headers, payloads := keyFrameOf(t, first)
		order := rand.Perm(len(headers) - 1)
		var f keyFrame
		if f.packet(codec, headers[0], payloads[0]) {
			t.Error("whole with its first packet")
		}
		for i, n := range order {
			whole := f.packet(codec, headers[n+1], payloads[n+1])
			if whole != (i == len(order)-1) {
				t.Errorf("from %d: whole %t with %d of %d packets", first, whole, i+2, len(headers))
			}
			f.packet(codec, headers[0], payloads[0]) // a copy adds nothing
		}
	}
}

func TestAFrameWithAHoleIsNone(t *testing.T) {
	codec, headers, payloads := keyFrameOf(t, 65530)
	for missing := range headers {
		var f keyFrame
		for i := range headers {
			if i != missing && f.packet(codec, headers[i], payloads[i]) {
				t.Errorf("whole without packet %d", missing)
			}
		}
		later := header{seq: headers[missing].seq, timestamp: headers[0].timestamp + 3000, marker: true}
		if f.packet(codec, later, []byte("something else")) {
			t.Errorf("another frame's packet stood in for %d", missing)
		}
	}
}

func TestDelayIsOfWhatWasSentSinceConnecting(t *testing.T) {
	connected := time.Now().Round(0)
	p := &probe{measures: true}
	stamped := func(sent time.Time) []byte {
		payload := make([]byte, 100)
		source.Stamp(payload, sent)
		return payload
	}
	after := func(d time.Duration) arrival { return arrival{at: connected.Add(d)} }
	p.delayed(stamped(connected.Add(-time.Second)), after(0), connected) // a replay
	p.delayed([]byte("no clock"), after(0), connected)
	p.delayed(stamped(connected.Add(time.Second)), arrival{}, connected) // not known
	p.delayed(stamped(connected.Add(time.Second)), after(1030*time.Millisecond), connected)
	p.delayed(stamped(connected.Add(time.Second)), after(1300*time.Millisecond), connected)
	p.delayed(stamped(connected.Add(time.Second)), arrival{repaired: true, at: connected.Add(2 * time.Second)}, connected)
	if p.window.Count() != 2 || p.came != 3 || p.late != 2 || (p.window.Min()-30*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("%d delays, the least %v; %d late", p.window.Count(), p.window.Min(), p.late)
	}
}

func TestArrivalsAreForgottenInTurn(t *testing.T) {
	p := &probe{}
	now := time.Now()
	for seq := range uint16(arrivalSlots + 1) {
		p.arrived(video, seq, now.Add(time.Duration(seq)), tally.New)
	}
	if at := p.arrival(video, 0).at; !at.IsZero() {
		t.Errorf("the first arrival is still %v", at)
	}
	if at := p.arrival(video, arrivalSlots).at; at != now.Add(arrivalSlots) {
		t.Errorf("the last arrival is %v", at)
	}
}

// A repair on the media's own SSRC is known by its verdict, and a copy of a packet
// is not when that came.
func TestArrivalKeepsWhatAPacketWas(t *testing.T) {
	p := &probe{}
	now := time.Now()
	p.arrived(audio, 5, now, tally.Repaired)
	p.arrived(audio, 6, now, tally.Late)
	p.arrived(audio, 5, now.Add(time.Second), tally.Duplicate)
	p.arrived(audio, 6, now.Add(time.Second), tally.Duplicate)
	if a := p.arrival(audio, 5); !a.repaired || a.at != now {
		t.Errorf("of the repaired one: %+v", a)
	}
	if a := p.arrival(audio, 6); a.repaired || a.at != now {
		t.Errorf("of the late one: %+v", a)
	}
}

func TestProbesAreSpread(t *testing.T) {
	for _, test := range []struct{ probes, viewers int }{{1, 1}, {10, 10}, {10, 200}, {3, 7}, {20, 5}, {7, 100}} {
		count := 0
		for n := range test.viewers {
			if isProbe(n, test.probes, test.viewers) {
				count++
			}
		}
		if want := min(test.probes, test.viewers); count != want || !isProbe(0, test.probes, test.viewers) {
			t.Errorf("%+v: %d probes, want %d, the first among them", test, count, want)
		}
	}
}
