package certificate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestIsHostName(t *testing.T) {
	for name, want := range map[string]bool{
		"lab7": true, "lab7.local": true, "a-b.school.example": true, "7lab": true, "xn--bcher-kva.example": true,
		strings.Repeat("a", 63): true, strings.Repeat("a.", 126) + "a": true,
		"": false, ".": false, "lab7.": false, "a..b": false, ".local": false, "-a": false, "a-": false, "my_pc": false,
		"bücher": false, "a b": false, "*.local": false, "LAB7": false, "a\x00": false, "a/b": false,
		"192.168.1.20": false, "1234": false, "lab.7": false, "::1": false,
		strings.Repeat("a", 64): false, strings.Repeat("a.", 127) + "a": false,
	} {
		if got := isHostName(name); got != want {
			t.Errorf("%.80q: %v, want %v", name, got, want)
		}
	}
}

func TestSubjects(t *testing.T) {
	names := Names{
		Hosts: []string{"LAB7.school.example", "my_pc", "lab7", "lab7", "10.0.0.1", "localhost"},
		Addresses: append(prefixes("192.168.1.20/24", "fe80::1/64", "169.254.7.7/16", "::ffff:10.0.0.7/104", "192.168.1.20/16", "127.0.0.1/8",
			"0.0.0.0/0", "::/0", "224.0.0.1/4", "fd00::20/64"), netip.Prefix{}),
	}
	want := []string{"127.0.0.1", "::1", "lab7.school.example", "lab7", "localhost", "192.168.1.20", "169.254.7.7", "10.0.0.7", "fd00::20"}
	if got := names.subjects(); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := (Names{}).subjects(); !slices.Equal(got, []string{"127.0.0.1", "::1", "localhost"}) {
		t.Errorf("a machine without names: %v", got)
	}
}

// TestSubjectsAreBounded: what is wanted is cut before it is compared, or a leaf
// would be made every ten seconds.
func TestSubjectsAreBounded(t *testing.T) {
	var names Names
	for i := range 300 {
		names.Addresses = append(names.Addresses, netip.MustParsePrefix(fmt.Sprintf("10.0.%d.%d/16", i/250, i%250+1)))
	}
	subjects := names.subjects()
	if len(subjects) != maxNames || subjects[3] != "10.0.0.1" {
		t.Errorf("%d subjects, %v first", len(subjects), subjects[:4])
	}
	ca := must(newAuthority(lab(), today))
	if leaf := must(newLeaf(ca, subjects, today)); len(missing(leaf.certificate, subjects)) > 0 {
		t.Error("the leaf does not cover what was wanted")
	}
}
