package broadcast

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"relay/broadcast/udp"
)

// overAfter is after how many seconds a publisher that sends so many packets of a size
// each second is over the bound; 0: not within 20 s.
func overAfter(perSecond, size, bound int) int {
	var m meter
	start := time.Unix(0, 0)
	for second := range 20 {
		for i := range perSecond {
			at := start.Add(time.Duration(second)*time.Second + time.Duration(i)*time.Second/time.Duration(perSecond))
			m.packet(uint16(second*perSecond+i), 0, size, at)
		}
		sum := m.spent(start.Add(time.Duration(second+1) * time.Second))
		if judgeBitrate(sum.bytes, sum.expected, bound) != nil {
			return second + 1
		}
	}
	return 0
}

func TestWhenABitrateIsTooMuch(t *testing.T) {
	const bound = 8_000_000 // 1,000 packets of 1,000 bytes
	for _, test := range []struct {
		name                   string
		perSecond, size, after int
	}{
		{"what is allowed", 1000, 1000, 0},
		{"a fifth more", 1195, 1000, 0},
		{"a little more than that", 1205, 1000, 5},
		{"twice as much", 2000, 1000, 4},
		{"ten times as much", 10_000, 1000, 1},
		{"packets of a byte, as many as small ones may be", 4700, 1, 0},
		{"packets of a byte, many", 6000, 1, 5},
		{"packets of a byte, very many", 60_000, 1, 1},
	} {
		if got := overAfter(test.perSecond, test.size, bound); got != test.after {
			t.Errorf("%s: over after %d s, want %d", test.name, got, test.after)
		}
	}
}

// A page flip may take far more than the rate for a moment.
func TestBurstIsNotTooMuch(t *testing.T) {
	var m meter
	start := time.Unix(0, 0)
	for i := range 5000 { // 5 MB within a second, of 1 MB/s
		m.packet(uint16(i), 0, 1000, start.Add(time.Duration(i)*100*time.Microsecond))
	}
	for second := range 10 {
		sum := m.spent(start.Add(time.Duration(second) * time.Second))
		if err := judgeBitrate(sum.bytes, sum.expected, 8_000_000); err != nil {
			t.Errorf("after %d s: %v", second, err)
		}
	}
}

func TestTooMuchSaysHowMuch(t *testing.T) {
	for _, test := range []struct {
		bytes, packets, bound int
		want                  string
	}{
		{50_000_000, 0, 50_000_000, "You sent 80 Mbit/s over 5 s, and 50 are allowed here. Lower"},
		{5_000_000, 0, 2_500_000, "You sent 8 Mbit/s over 5 s, and 2.5 are allowed here."},
		{0, 100_000, 8_000_000, "You sent 20000 packets a second over 5 s, and 4000 are allowed here. Send larger"},
	} {
		got := AsError(judgeBitrate(test.bytes, test.packets, test.bound))
		if got.Code != CodeRateLimited || got.Reason != ReasonTooMuch || !strings.Contains(got.Sentence, test.want) {
			t.Errorf("got %+v, want %q", got, test.want)
		}
	}
}

func TestMaxBitrateIsTheLeast(t *testing.T) {
	for _, test := range []struct {
		remote         string
		limit, of, max int
	}{
		{"10.1.2.3", 0, 0, maxBitratePrivate},
		{"203.0.113.9", 0, 0, maxBitrateElsewhere},
		{"10.1.2.3", 50_000_000, 0, maxBitratePrivate},
		{"10.1.2.3", 50_000_000, 3_000_000, 3_000_000},
		{"10.1.2.3", 2_000_000, 3_000_000, 2_000_000},
		{"203.0.113.9", 2_000_000, 0, 2_000_000},
	} {
		s := &Session{room: &Room{relay: &Relay{limits: Limits{Bitrate: test.limit}}}, join: Join{Remote: netip.MustParseAddr(test.remote), MaxBitrate: test.of}}
		if got := s.MaxBitrate(); got != test.max {
			t.Errorf("%+v: %d", test, got)
		}
	}
}

// The publisher of one room sends too much and has to go; that of another, with a
// bound of its own, stays.
func TestPublisherOverItsBitrateEnds(t *testing.T) {
	t.Parallel() // it mostly waits
	conn, err := udp.Listen(netip.AddrPortFrom(loopback, 0))
	if err != nil {
		t.Fatal(err)
	}
	relay := startRelayWith(t, Config{Conn: conn, Limits: Limits{Bitrate: 400_000}})
	quiet := newPublisher(t, relay, nil, "art", "", webrtc.MimeTypeVP8)
	loud := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	over := AsError(sendUntilOver(t, loud, quiet))
	await(t, loud.session.Gone(), "out of the room")
	if over.Code != CodeRateLimited || over.Reason != ReasonTooMuch {
		t.Errorf("ended for %v", over)
	}
	if quiet.session.Cause() != nil {
		t.Errorf("the other one ended for %v", quiet.session.Cause())
	}
	await(t, loud.session.Gone(), "out of the room")
	if got := relay.Room("math").State; got != StateAway {
		t.Errorf("the room is %s: its presenter may come back with less", got)
	}
}

// sendUntilOver has loud send 1.6 Mbit/s and quiet some frames, until loud's session
// ends, and returns why.
func sendUntilOver(t *testing.T, loud, quiet *publisher) error {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for number := uint16(1); ; number++ {
		select {
		case <-loud.session.Done():
			return loud.session.Cause()
		case <-limit:
			t.Fatal("the session does not end")
		case <-tick.C:
			for i := range uint16(2) {
				header := rtp.Header{Version: 2, SequenceNumber: 2*number + i, Timestamp: uint32(number) * 900, Marker: i == 1}
				_ = loud.video.WriteRTP(&rtp.Packet{Header: header, Payload: make([]byte, 1000)}) // the session may have ended
			}
			quiet.frame(number == 1, 1)
		}
	}
}
