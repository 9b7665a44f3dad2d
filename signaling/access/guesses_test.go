package access

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

var (
	classroom = netip.MustParseAddr("192.168.1.20")
	start     = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
)

// TestRateOfAnswers: the first at once, then one after the other, and no more wait
// than may.
func TestRateOfAnswers(t *testing.T) {
	g := NewGuesses()
	for i := range promptGuesses {
		if turn, err := g.Queue(classroom, start); err != nil || turn.Wait != 0 {
			t.Fatalf("%d: %v, %v", i, turn.Wait, err)
		}
	}
	for i := range waitingGuesses {
		if turn, err := g.Queue(classroom, start); err != nil || turn.Wait != time.Duration(i+1)*guessEvery {
			t.Fatalf("%d: %v, %v", i, turn.Wait, err)
		}
	}
	if _, err := g.Queue(classroom, start); err != errTooMany {
		t.Errorf("one too many: %v", err)
	}
	if turn, err := g.Queue(netip.MustParseAddr("192.168.1.21"), start); err != nil || turn.Wait != 0 {
		t.Errorf("another address: %v, %v", turn.Wait, err)
	}
	later := start.Add(time.Second)
	for i := range 5 { // so many answers have left
		if turn, err := g.Queue(classroom, later); err != nil || turn.Wait != time.Duration(i+6)*guessEvery {
			t.Errorf("a second later, %d: %v, %v", i, turn.Wait, err)
		}
	}
	if turn, err := g.Queue(classroom, start.Add(time.Minute)); err != nil || turn.Wait != 0 {
		t.Errorf("a minute later: %v, %v", turn.Wait, err)
	}
}

// TestAnswersOverTime: whoever asks again and again gets this many answers.
func TestAnswersOverTime(t *testing.T) {
	g, answers := NewGuesses(), 0
	for now := start; now.Before(start.Add(10 * time.Second)); now = now.Add(time.Millisecond) {
		if turn, err := g.Queue(classroom, now); err == nil && !now.Add(turn.Wait).After(start.Add(10*time.Second)) {
			turn.Done()
			answers++
		}
	}
	if most := promptGuesses + int(10*time.Second/guessEvery); answers > most || answers < most-1 {
		t.Errorf("%d answers, want %d", answers, most)
	}
}

func TestWhoLeavesFreesThePlace(t *testing.T) {
	g := NewGuesses()
	var turns []Turn
	for range promptGuesses + waitingGuesses {
		turn, err := g.Queue(classroom, start)
		check(t, err)
		turns = append(turns, turn)
	}
	for _, turn := range turns[promptGuesses:] {
		turn.Leave()
	}
	if turn, err := g.Queue(classroom, start); err != nil || turn.Wait != guessEvery {
		t.Errorf("%v, %v", turn.Wait, err)
	}
	if g.waiting != promptGuesses+1 {
		t.Errorf("%d wait", g.waiting)
	}
}

func TestAddressesAreNetworksInIPv6(t *testing.T) {
	g := NewGuesses()
	for i := range promptGuesses {
		_, err := g.Queue(netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)), start)
		check(t, err)
	}
	for address, waits := range map[string]bool{"2001:db8::ffff": true, "2001:db8:0:1::1": false, "::ffff:192.168.1.20": false} {
		if turn, err := g.Queue(netip.MustParseAddr(address), start); err != nil || (turn.Wait > 0) != waits {
			t.Errorf("%s: %v, %v", address, turn.Wait, err)
		}
	}
	if turn, err := g.Queue(classroom, start); err != nil || turn.Wait > 0 || len(g.next) != 3 {
		t.Errorf("%v, %v, %d addresses", turn.Wait, err, len(g.next))
	}
}

// TestMemoryOfAddresses: a stranger with many of them is one stranger in the end.
func TestMemoryOfAddresses(t *testing.T) {
	g, refused := NewGuesses(), 0
	address := netip.MustParseAddr("10.0.0.0")
	for range 3 * maxGuessers {
		address = address.Next()
		if turn, err := g.Queue(address, start); err != nil {
			refused++
		} else {
			turn.Done()
		}
	}
	if len(g.next) > maxGuessers+1 || refused < maxGuessers {
		t.Errorf("%d addresses, %d refused", len(g.next), refused)
	}
	// They are forgotten when they have rested.
	if _, err := g.Queue(classroom, start.Add(time.Minute)); err != nil || len(g.next) != 1 {
		t.Errorf("%v, %d addresses", err, len(g.next))
	}
}

func TestAllThatWait(t *testing.T) {
	g, refused := NewGuesses(), 0
	address := netip.MustParseAddr("10.0.0.0")
	for range 100 {
		address = address.Next()
		for range promptGuesses + waitingGuesses {
			if _, err := g.Queue(address, start); err != nil {
				refused++
			}
		}
	}
	if g.waiting > 2*maxWaiting+promptGuesses*100 || refused == 0 {
		t.Errorf("%d wait, %d refused", g.waiting, refused)
	}
}

func TestNoAddress(t *testing.T) {
	if turn, err := NewGuesses().Queue(netip.Addr{}, start); err != nil || turn.Wait != 0 {
		t.Errorf("%v, %v", turn.Wait, err)
	}
}

// TestThoseTurnedAway wait for that word, as long as they are not too many.
func TestThoseTurnedAway(t *testing.T) {
	g := NewGuesses()
	address := netip.MustParseAddr("192.0.2.1")
	for range promptGuesses + waitingGuesses {
		turn, err := g.Queue(address, start)
		if err != nil {
			t.Fatal(err)
		}
		turn.Done()
	}
	var turns []Turn
	for range maxTurnedAway {
		turn, err := g.Queue(address, start)
		if err == nil || turn.Wait != turnedAwayAfter {
			t.Fatalf("%v, %v", turn.Wait, err)
		}
		turns = append(turns, turn)
	}
	turn, err := g.Queue(address, start)
	if err == nil || turn.Wait != 0 {
		t.Errorf("one too many: %v, %v", turn.Wait, err)
	}
	turn.Done()
	turns[0].Leave()
	for _, turn := range turns[1:] {
		turn.Done()
	}
	if g.turned != 0 || g.waiting != 0 {
		t.Errorf("%d and %d wait after all have gone", g.turned, g.waiting)
	}
}
