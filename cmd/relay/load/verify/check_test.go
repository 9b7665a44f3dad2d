package verify

import (
	"encoding/binary"
	"testing"
)

// packet is the n-th of a kind, as it was sent.
func packet(kind, n int) Packet {
	return Packet{
		Kind: kind, Seq: uint16(65_500 + n), Timestamp: uint32(n/3) * 3000, Marker: n%3 == 2,
		Payload: binary.BigEndian.AppendUint32([]byte("payload"), uint32(n)),
	}
}

// shifted is it as an honest server forwards it.
func shifted(p Packet) Packet {
	p.Seq += 1000
	p.Timestamp += 77_000
	return p
}

// published is a ledger of 100 packets of two kinds, and a check that has seen half
// of them.
func published() *Check {
	ledger := NewLedger()
	for kind := range 2 {
		for n := range 100 {
			ledger.Send(packet(kind, n))
		}
	}
	c := NewCheck(ledger)
	for kind := range 2 {
		for n := range 50 {
			c.Media(shifted(packet(kind, n)), n > 20)
		}
	}
	return c
}

func TestWhatIsForwardedIsFaultless(t *testing.T) {
	c := published()
	c.Media(shifted(packet(0, 7)), true) // a repair
	early := shifted(packet(1, 60))
	early.Timestamp += 100 // of a replay
	c.Media(early, false)
	c.Media(Packet{Kind: 0, Seq: 5}, true) // filler
	if c.Faults != (Faults{}) || c.Payloads != 102 {
		t.Errorf("%d payloads, %+v", c.Payloads, c.Faults)
	}
	other := NewCheck(c.ledger) // another viewer has the same numbers
	for n := range 100 {
		other.Media(shifted(packet(0, n)), true)
	}
	if other.Faults != (Faults{}) {
		t.Errorf("%+v", other.Faults)
	}
}

func TestFaultsAreFound(t *testing.T) {
	for name, test := range map[string]struct {
		change func(p *Packet)
		n      int
		want   Faults
	}{
		"a changed byte":           {func(p *Packet) { p.Payload[3] ^= 1 }, 60, Faults{Altered: 1}},
		"a cut payload":            {func(p *Packet) { p.Payload = p.Payload[:5] }, 60, Faults{Altered: 1}},
		"another kind's":           {func(p *Packet) { *p = Packet{Kind: 1, Seq: p.Seq, Payload: []byte("x")} }, 60, Faults{Altered: 1}},
		"a marker":                 {func(p *Packet) { p.Marker = !p.Marker }, 60, Faults{Altered: 1}},
		"another number":           {func(p *Packet) { p.Seq += 200 }, 60, Faults{Renumbered: 1}},
		"another time":             {func(p *Packet) { p.Timestamp++ }, 60, Faults{Mistimed: 1}},
		"a repair of another time": {func(p *Packet) { p.Timestamp++ }, 30, Faults{Mistimed: 1, Contradicted: 1}},
		"a repair with a changed byte": {func(p *Packet) { p.Payload[3] ^= 1 }, 30,
			Faults{Altered: 1, Contradicted: 1}},
	} {
		c := published()
		p := shifted(packet(0, test.n))
		test.change(&p)
		c.Media(p, true)
		if c.Faults != test.want || c.Faults.Sum() == 0 {
			t.Errorf("%s: %+v, want %+v", name, c.Faults, test.want)
		}
	}
}

// A number that went out without payload has none in a repair either.
func TestFilledNumbersAreFound(t *testing.T) {
	c := published()
	p := shifted(packet(0, 60))
	filler := p
	filler.Payload = nil
	c.Media(filler, true)
	c.Media(filler, true)
	if c.Faults != (Faults{}) {
		t.Errorf("%+v", c.Faults)
	}
	c.Media(p, true)
	if c.Faults != (Faults{Contradicted: 1}) {
		t.Errorf("%+v", c.Faults)
	}
}

func TestRewrittenPacketsAreFound(t *testing.T) {
	c := NewCheck(nil)
	content := func(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
	for n := range 70_000 { // a number that comes again after a wrap is another one
		c.Wire(1, uint16(n), content(n))
		c.Wire(2, uint16(n), content(n+1))
	}
	late := 69_990
	c.Wire(1, uint16(late), content(late)) // the same again
	if c.Faults != (Faults{}) {
		t.Errorf("%+v", c.Faults)
	}
	c.Wire(1, uint16(late), content(0))
	c.Wire(2, uint16(late), content(0))
	if c.Faults != (Faults{Rewritten: 2}) || c.Packets != 140_003 {
		t.Errorf("%d packets, %+v", c.Packets, c.Faults)
	}
	c.Media(packet(0, 1), true)
	if c.Payloads != 0 || c.Faults.Altered != 0 {
		t.Errorf("without a ledger: %d payloads, %+v", c.Payloads, c.Faults)
	}
}

func TestDisorderIsFound(t *testing.T) {
	c := NewCheck(nil)
	for _, seq := range []uint16{65_534, 65_535, 3, 4} {
		c.Wire(1, seq, []byte{byte(seq)})
	}
	c.Asked(1, []uint16{0, 1})
	c.Wire(1, 0, []byte{0})
	c.Wire(1, 3, []byte{3}) // a copy
	if c.Faults != (Faults{}) {
		t.Errorf("%+v", c.Faults)
	}
	c.Wire(1, 2, []byte{2})
	c.Asked(2, []uint16{5})
	c.Wire(2, 6, []byte{6})
	c.Wire(2, 5, []byte{5})
	c.Wire(2, 4, []byte{4})
	if c.Faults != (Faults{Disordered: 2}) {
		t.Errorf("%+v", c.Faults)
	}
}
