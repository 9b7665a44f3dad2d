package certificate

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLeaf(t *testing.T) {
	ca := must(newAuthority(lab(), today))
	leaf := must(newLeaf(ca, lab().subjects(), today)).certificate
	check(t, trust(ca.certificate, leaf, today))
	if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 397*day || !leaf.NotBefore.Equal(today.Add(-day)) {
		t.Errorf("valid from %s for %s", leaf.NotBefore, life)
	}
	if leaf.IsCA || leaf.Subject.CommonName != "lab7.school.example" {
		t.Errorf("a CA: %v, name %q", leaf.IsCA, leaf.Subject.CommonName)
	}
	for _, name := range strings.Fields("localhost 127.0.0.1 ::1 lab7 lab7.local lab7.school.example 192.168.1.20 fd00::20") {
		check(t, leaf.VerifyHostname(name))
	}
	if covers(leaf, "fe80::1") {
		t.Error("it is for an address that no browser opens")
	}
}

func TestLeafOfALongName(t *testing.T) {
	long := strings.Repeat("abcdefgh.", 8) + "example"
	ca := must(newAuthority(Names{Hosts: []string{long}}, today))
	leaf := must(newLeaf(ca, Names{Hosts: []string{long}}.subjects(), today)).certificate
	if leaf.Subject.CommonName != "localhost" || !covers(leaf, long) {
		t.Errorf("name %q, for %v", leaf.Subject.CommonName, leaf.DNSNames)
	}
}

func TestLeafWithoutAHost(t *testing.T) {
	ca := must(newAuthority(lab(), today))
	leaf := must(newLeaf(ca, []string{"127.0.0.1"}, today)).certificate
	if leaf.Subject.CommonName != "relay" || !covers(leaf, "127.0.0.1") {
		t.Errorf("name %q, for %v", leaf.Subject.CommonName, leaf.IPAddresses)
	}
}

// TestLeafEndsWithItsAuthority: the last leaf of a CA is not made again and again.
func TestLeafEndsWithItsAuthority(t *testing.T) {
	ca := must(newAuthority(lab(), today))
	late := ca.certificate.NotAfter.Add(-10 * day)
	leaf := must(newLeaf(ca, []string{"localhost"}, late)).certificate
	if !leaf.NotAfter.Equal(ca.certificate.NotAfter) || isDue(leaf, ca.certificate, late) {
		t.Errorf("it ends at %s, the CA at %s", leaf.NotAfter, ca.certificate.NotAfter)
	}
}

func TestIsDue(t *testing.T) {
	ca := must(newAuthority(lab(), today))
	leaf := must(newLeaf(ca, []string{"localhost"}, today)).certificate
	for _, test := range []struct {
		now  time.Time
		want bool
	}{
		{today, false},
		{leaf.NotAfter.Add(-60 * day), false},
		{leaf.NotAfter.Add(-60*day + time.Second), true},
		{leaf.NotAfter.Add(day), true},
		{time.Unix(0, 0), false}, // no clock battery
		{relayWritten, false},
		{today.Add(-day), false}, // a clock that is behind
		{today.Add(-day - time.Second), true},
		{today.Add(-100 * day), true}, // the leaf was made while it was ahead
	} {
		if got := isDue(leaf, ca.certificate, test.now); got != test.want {
			t.Errorf("on %s: %v", test.now, got)
		}
	}
}

// TestMerged: what the next leaf is for, after 3 + 150 addresses, one a leaf.
func TestMerged(t *testing.T) {
	ca := must(newAuthority(lab(), today))
	last := must(newLeaf(ca, Names{}.subjects(), today)).certificate
	for i := range 150 {
		names := Names{Addresses: prefixes(fmt.Sprintf("10.0.0.%d/24", i+1))}
		if lacks := missing(last, names.subjects()); len(lacks) != 1 {
			t.Fatalf("missing %v", lacks)
		}
		last = must(newLeaf(ca, merged(names.subjects(), last), today)).certificate
	}
	want := Names{Addresses: prefixes("10.0.0.150/24")}.subjects()
	for i := 149; len(want) < maxNames; i-- {
		want = append(want, fmt.Sprintf("10.0.0.%d", i))
	}
	got := subjectsOf(last)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestChoose(t *testing.T) {
	ca := must(newAuthority(lab(), today))
	now := today.Add(340 * day)
	ending := must(newLeaf(ca, []string{"localhost", "10.0.0.9"}, today))
	first := must(newLeaf(ca, []string{"localhost", "10.0.0.1", "lab7.local"}, now))
	second := must(newLeaf(ca, []string{"localhost", "10.0.0.1", "lab7.local", "10.0.0.2", "fd00::2"}, now))
	early := must(newLeaf(ca, []string{"localhost", "10.0.0.5"}, now.Add(30*day)))
	all := served(ending, first, second, early)
	for _, test := range []struct {
		leaves []*tls.Certificate
		asked  string
		want   *pair
	}{
		{all, "10.0.0.1", first},
		{all, "lab7.local", first},
		{all, "LAB7.local", first},
		{all, "10.0.0.2", second},
		{all, "fd00::2", second},
		{all, "10.0.0.3", first},
		{all, "other.local", first},
		{all, "", first},
		{all, "10.0.0.9", first}, // the one that covers it is near its end
		{all, "10.0.0.5", first}, // the one that covers it is not valid yet
		{served(early, second), "10.0.0.5", second},
		{served(early), "10.0.0.5", early},
		{served(ending), "10.0.0.1", ending},
		{served(ending, ending), "10.0.0.9", ending},
	} {
		if got := choose(test.leaves, ca.certificate, test.asked, now); got.Leaf != test.want.certificate {
			t.Errorf("asked for %q: got %v", test.asked, subjectsOf(got.Leaf))
		}
	}
}

func TestFingerprint(t *testing.T) {
	c := must(newAuthority(lab(), today)).certificate
	text := Fingerprint(c)
	sum := sha256.Sum256(c.Raw)
	if strings.ToUpper(text) != text || strings.Count(text, ":") != 31 || strings.ReplaceAll(strings.ToLower(text), ":", "") != hex.EncodeToString(sum[:]) {
		t.Error(text)
	}
}
