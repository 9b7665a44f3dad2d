package resource

import (
	"reflect"
	"strings"
	"testing"
)

func TestICEServers(t *testing.T) {
	stun := ICEServer{URLs: []string{"stun:stun.example.net"}}
	turn := func(url, name, credential string) ICEServer { return ICEServer{[]string{url}, name, credential} }
	for _, tc := range []struct {
		name    string
		headers []string
		want    []ICEServer
	}{
		{"none", nil, nil},
		{"the RFC's", []string{
			`<stun:stun.example.net>; rel="ice-server"`,
			`<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; credential="myPassword"; credential-type="password"`,
		}, []ICEServer{stun, turn("turn:turn.example.net?transport=udp", "user", "myPassword")}},
		{"two in one header", []string{`<stun:stun.example.net>; rel="ice-server", <turns:t:443>;rel=ice-server;username=a;credential=b`},
			[]ICEServer{stun, turn("turns:t:443", "a", "b")}},
		{"separators inside", []string{`<turn:a,b;c>; username="1:x,y;z"; credential="q\"=\\,"; rel="ICE-Server next"`},
			[]ICEServer{turn("turn:a,b;c", "1:x,y;z", `q"=\,`)}},
		{"other links", []string{`<https://example.net/ext>; rel="urn:ietf:params:whep:ext:core:layer"`, `<stun:x>`, `<stun:x>; rel="ice-servers"`}, nil},
		{"broken ones", []string{``, `,;<`, `stun:x; rel="ice-server"`, `<>; rel="ice-server"`, `<stun:x; rel="ice-server"`, `<stun:stun.example.net>; rel="ice-server`},
			nil},
	} {
		if got := iceServers(tc.headers); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func FuzzICEServers(f *testing.F) {
	f.Add(`<turn:a>; rel="ice-server"; username="u\"v"; credential="c", <stun:b>;rel=ice-server`)
	f.Add(`<a>;rel="\`)
	f.Add(strings.Repeat(`<a>;rel=ice-server,`, 100))
	f.Fuzz(func(t *testing.T, header string) {
		servers := iceServers([]string{header, header})
		if len(servers) > maxICEServers {
			t.Errorf("%d servers", len(servers))
		}
		for _, s := range servers {
			if len(s.URLs) != 1 || s.URLs[0] == "" || !strings.Contains(header, s.URLs[0]) {
				t.Errorf("%q from %q", s, header)
			}
		}
	})
}
