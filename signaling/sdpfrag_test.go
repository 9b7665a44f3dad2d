package signaling

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"relay/broadcast"
)

const (
	aUfrag = "a=ice-ufrag:EsAw\r\n"
	aPwd   = "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
)

func TestParseFragment(t *testing.T) {
	with := func(candidates ...string) *fragment {
		return &fragment{"EsAw", "P2uYro0UCOQ4zxjKXaWCBui1", candidates}
	}
	for name, test := range map[string]struct {
		text string
		want *fragment // nil: refused
	}{
		"as in RFC 9725": {"a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n" + aUfrag + aPwd +
			"a=candidate:1 1 udp 2 192.0.2.1 61764 typ host\r\na=candidate:2 1 udp 1 192.0.2.2 61765 typ host\r\na=end-of-candidates\r\n",
			with("candidate:1 1 udp 2 192.0.2.1 61764 typ host", "candidate:2 1 udp 1 192.0.2.2 61765 typ host")},
		"for the session":    {aUfrag + aPwd + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n", with()},
		"for each section":   {"m=a\r\n" + aUfrag + aPwd + "m=b\r\n" + aUfrag + aPwd, with()},
		"line feeds only":    {strings.ReplaceAll(aUfrag+aPwd+"a=candidate:1 1 UDP 2 ::1 9 typ host", "\r", ""), with("candidate:1 1 UDP 2 ::1 9 typ host")},
		"mDNS":               {aUfrag + aPwd + "a=candidate:1 1 udp 2 b8e1.local 9 typ host\r\n", with("candidate:1 1 udp 2 b8e1.local 9 typ host")},
		"TCP":                {aUfrag + aPwd + "a=candidate:1 1 tcp 2 ::1 9 typ host tcptype active\r\n", with("candidate:1 1 tcp 2 ::1 9 typ host tcptype active")},
		"unknown type":       {aUfrag + aPwd + "a=candidate:1 1 udp 2 ::1 9 typ new\r\n", with("candidate:1 1 udp 2 ::1 9 typ new")},
		"no candidate":       {aUfrag + aPwd + "a=candidate:x\r\n", nil},
		"words for figures":  {aUfrag + aPwd + "a=candidate:1 one udp 2 ::1 9 typ host\r\n", nil},
		"no such port":       {aUfrag + aPwd + "a=candidate:1 1 udp 2 ::1 65536 typ host\r\n", nil},
		"blank lines":        {"\r\n" + aUfrag + "\r\n" + aPwd + "\r\n", with()},
		"empty":              {"", nil},
		"no password":        {aUfrag, nil},
		"no user fragment":   {aPwd, nil},
		"two user fragments": {aUfrag + aPwd + "a=ice-ufrag:other\r\n", nil},
		"two passwords":      {aUfrag + aPwd + strings.Replace(aPwd, "P2", "P3", 1), nil},
		"short":              {"a=ice-ufrag:abc\r\n" + aPwd, nil},
		"whole SDP":          {"v=0\r\n" + aUfrag + aPwd, nil},
		"nonsense":           {"hello", nil},
		"empty candidate":    {aUfrag + aPwd + "a=candidate:\r\n", nil},
		"control characters": {aUfrag + aPwd + "a=candidate:1\ra=setup:active\r\n", nil},
	} {
		got, err := parseFragment(test.text)
		var refused *broadcast.Error
		switch {
		case test.want == nil && (!errors.As(err, &refused) || refused.Code != broadcast.CodeBadRequest):
			t.Errorf("%s: got %+v, %v", name, got, err)
		case test.want != nil && (err != nil || !reflect.DeepEqual(got, *test.want)):
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestFragmentOf(t *testing.T) {
	want := strings.ReplaceAll(`a=ice-options:trickle
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:1
a=ice-ufrag:relay
a=ice-pwd:password
a=candidate:1 1 udp 9 192.0.2.7 8080 typ host
a=end-of-candidates
`, "\n", "\r\n")
	ice := broadcast.ICE{
		Options: "trickle", Group: "BUNDLE 0 1", Media: "audio 9 UDP/TLS/RTP/SAVPF 111", Mid: "1",
		Ufrag: "relay", Pwd: "password", Candidates: []string{"1 1 udp 9 192.0.2.7 8080 typ host"},
	}
	if got := fragmentOf(ice); got != want {
		t.Errorf("got\n%s", got)
	}
	ice.Options, ice.Group = "", ""
	if got := fragmentOf(ice); got != want[strings.Index(want, "m="):] {
		t.Errorf("without a group: got\n%s", got)
	}
}

func FuzzParseFragment(f *testing.F) {
	f.Add(aUfrag + aPwd + "m=audio 9 x 0\r\na=mid:0\r\na=candidate:1 1 udp 2 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n")
	f.Add("a=ice-ufrag:\r\na")
	f.Add("a=candidate:\x00\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseFragment(text)
		if err != nil {
			var refused *broadcast.Error
			if !errors.As(err, &refused) || refused.Sentence == "" {
				t.Fatalf("an error without a sentence: %v", err)
			}
			return
		}
		written := "a=ice-ufrag:" + parsed.ufrag + "\r\na=ice-pwd:" + parsed.pwd + "\r\n"
		for _, candidate := range parsed.candidates {
			written += "a=" + candidate + "\r\n"
		}
		if again, err := parseFragment(written); err != nil || !reflect.DeepEqual(again, parsed) {
			t.Fatalf("%q was read as %+v, and that as %+v (%v)", text, parsed, again, err)
		}
	})
}
