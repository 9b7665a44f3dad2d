package broadcast

import (
	"slices"
	"strings"
	"testing"
)

// WHIP's offers send, WHEP's receive; both might do both (RFC 9725 section 4.2,
// draft-ietf-wish-whep section 4.2). A page's session may have a section at rest.
func TestStrictDirections(t *testing.T) {
	relay := newTestRelay(t)
	directed := func(audio, video string) string {
		sections := sectionsOf(obsOffer)
		return sections[0] + strings.Replace(sections[1], "sendonly", audio, 1) + strings.Replace(sections[2], "sendonly", video, 1)
	}
	for _, test := range []struct {
		role         Role
		audio, video string
		strict       bool
		says         string // "": taken
	}{
		{RolePublisher, "sendonly", "sendrecv", true, ""},
		{RolePublisher, "recvonly", "sendonly", true, "audio section is recvonly"},
		{RolePublisher, "sendonly", "inactive", true, "video section is inactive"},
		{RolePublisher, "recvonly", "recvonly", true, "none of its sections sends"},
		{RolePublisher, "recvonly", "sendonly", false, ""},
		{RolePublisher, "sendonly", "inactive", false, ""},
		{RoleViewer, "recvonly", "sendrecv", true, ""},
		{RoleViewer, "sendonly", "recvonly", true, "audio section is sendonly"},
		{RoleViewer, "recvonly", "inactive", true, "video section is inactive"},
		{RoleViewer, "sendonly", "recvonly", false, ""},
	} {
		join := Join{Room: "math", Remote: loopback, Strict: test.strict}
		open := []func(Join) (*Session, error){relay.Publish, relay.Subscribe}[test.role]
		s, err := open(join)
		if err != nil {
			t.Fatal(err)
		}
		offer := directed(test.audio, test.video)
		_, err = s.Offer(offer)
		checked := CheckOffer(offer, test.role, join)
		for _, err := range []error{err, checked} {
			if test.says == "" && err != nil || test.says != "" && !saysBadRequest(err, test.says) {
				t.Errorf("%+v: %v", test, err)
			}
		}
		s.Close(ErrLeft)
		<-s.Gone()
	}
}

func saysBadRequest(err error, sentence string) bool {
	return err != nil && AsError(err).Code == CodeBadRequest && strings.Contains(AsError(err).Sentence, sentence)
}

// One MediaStream, with one track of a kind (RFC 9725 section 4.4.2).
func TestOneStream(t *testing.T) {
	plain := strings.NewReplacer("a=msid:ZEkK ZEkK-audio\r\n", "", "a=msid:ZEkK ZEkK-video\r\n", "").Replace(obsOffer)
	for name, test := range map[string]struct {
		audio, video []string
		says         string
	}{
		"none":                          {nil, nil, ""},
		"one":                           {[]string{"msid:a sound"}, []string{"msid:a picture"}, ""},
		"two":                           {[]string{"msid:a sound"}, []string{"msid:b picture"}, "more than one MediaStream"},
		"two of one track":              {nil, []string{"msid:a picture", "msid:b picture"}, "more than one MediaStream"},
		"one has none":                  {[]string{"msid:a sound"}, []string{"msid:- picture"}, ""},
		"no tracks named":               {[]string{"msid:a"}, []string{"msid:a"}, ""},
		"sources of two":                {nil, []string{"ssrc:1 msid:a x", "ssrc:2 msid:b x"}, "more than one MediaStream"},
		"sources of a section":          {nil, []string{"msid:a x", "ssrc:1 msid:a x", "ssrc:2 msid:a x"}, ""},
		"sources have another track ID": {nil, []string{"msid:a x", "ssrc:1 msid:a y"}, ""},
		"no stream's":                   {nil, []string{"msid-semantic:WMS b", "ssrc:1 cname:b", "ssrc:1 msid:- x", "msid:", "ssrc:1 msid"}, ""},
		"two tracks":                    {nil, []string{"msid:a x", "msid:a y"}, "more than one video track"},
		"two tracks' sources":           {[]string{"ssrc:1 msid:a x", "ssrc:2 msid:a y"}, nil, "more than one audio track"},
	} {
		sections := sectionsOf(plain)
		for i, lines := range [][]string{test.audio, test.video} {
			for _, line := range lines {
				sections[i+1] += "a=" + line + "\r\n"
			}
		}
		offer := strings.Join(sections, "")
		err := CheckOffer(offer, RolePublisher, Join{Strict: true})
		if test.says == "" && err != nil || test.says != "" && !saysBadRequest(err, test.says) {
			t.Errorf("%s: %v", name, err)
		}
		if err := CheckOffer(offer, RolePublisher, Join{}); err != nil {
			t.Errorf("%s, of a page: %v", name, err)
		}
		if err := CheckOffer(strings.ReplaceAll(offer, "sendonly", "sendrecv"), RoleViewer, Join{Strict: true}); err != nil {
			t.Errorf("%s, of a player: %v", name, err)
		}
	}
}

// What CheckOffer refuses, Offer would have refused; it needs no room for that.
func TestCheckOffer(t *testing.T) {
	for name, test := range map[string]struct {
		offer string
		role  Role
		want  Code
	}{
		"a publisher's":      {obsOffer, RolePublisher, ""},
		"a player's":         {strings.ReplaceAll(obsOffer, "sendonly", "recvonly"), RoleViewer, ""},
		"the other role's":   {obsOffer, RoleViewer, CodeBadRequest},
		"nothing":            {"", RolePublisher, CodeBadRequest},
		"not SDP":            {"xx", RoleViewer, CodeBadRequest},
		"too large":          {obsOffer + strings.Repeat("a=x\r\n", maxOffer), RolePublisher, CodeTooLarge},
		"a codec not known":  {strings.Replace(obsOffer, "H264/90000", "H265/90000", 1), RolePublisher, CodeCodecUnsupported},
		"without line's end": {strings.TrimSpace(obsOffer), RolePublisher, ""},
	} {
		err := CheckOffer(test.offer, test.role, Join{Strict: true})
		if test.want == "" && err != nil || test.want != "" && AsError(err).Code != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// $(cat offer.sdp) and trim() leave out the last line's end.
func TestOffersWithoutTheLastLineEnd(t *testing.T) {
	want, err := parseOffer(obsOffer, RolePublisher)
	if err != nil {
		t.Fatal(err)
	}
	bare := strings.ReplaceAll(obsOffer, "\r\n", "\n")
	for _, offer := range []string{strings.TrimSuffix(obsOffer, "\r\n"), strings.TrimSuffix(obsOffer, "\n"), bare, strings.TrimSuffix(bare, "\n")} {
		o, err := parseOffer(offer, RolePublisher)
		if err != nil {
			t.Errorf("%q: %v", offer[len(offer)-10:], err)
		} else if o.text != want.text {
			t.Errorf("%q: taken as\n%s", offer[len(offer)-10:], o.text)
		}
	}
}

// What could never connect is refused before it holds a room.
func TestTransportsThatCanNotWork(t *testing.T) {
	digest := func(n int) string { return strings.TrimSuffix(strings.Repeat("AB:", n), ":") }
	replace := func(old, new string) string { return strings.ReplaceAll(obsOffer, old, new) }
	fingerprint := func(value string) string { return replace(fingerprintLine, "a=fingerprint:"+value+"\r\n") }
	for _, test := range []struct{ offer, says string }{
		{obsOffer, ""},
		{replace("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"), ""},
		{replace("UDP/TLS/RTP/SAVPF", "RTP/SAVPF"), ""},
		{replace("UDP/TLS/RTP/SAVPF", "RTP/SAVP"), ""},
		{replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"), ""},
		{replace("UDP/TLS/RTP/SAVPF", "RTP/AVPF"), ""},
		{replace("UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF"), ""},
		{replace("UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP"), "UDP/DTLS/SCTP"},
		{fingerprint("sha-1 " + digest(20)), ""},
		{fingerprint("sha-224 " + digest(28)), ""},
		{fingerprint("SHA-256 " + strings.ToLower(digest(32))), ""},
		{fingerprint("sha-384 " + digest(48)), ""},
		{fingerprint("sha-512 " + digest(64)), ""},
		{fingerprint("sha-1 " + digest(32)), "fingerprint"},
		{fingerprint("sha-256 " + digest(20)), "fingerprint"},
		{fingerprint("sha-256 " + digest(31) + ":XY"), "fingerprint"},
		{fingerprint("sha-256"), "fingerprint"},
		{fingerprint("md5 " + digest(16)), "fingerprint"},
		{fingerprint("md5 " + digest(32)), "fingerprint"},
		{fingerprint("sha-257 " + digest(32)), "fingerprint"},
		{replace("a=ice-ufrag:abcd", "a=ice-ufrag:"+strings.Repeat("x", 257)), "ice-ufrag has to be 4 to 256 letters"},
		{replace("a=ice-ufrag:abcd", "a=ice-ufrag:abc"), "ice-ufrag has to be 4 to 256 letters"},
		{replace("a=ice-pwd:", "a=ice-pwd:"+strings.Repeat("x", 256)), "ice-pwd has to be 22 to 256 letters"},
	} {
		err := CheckOffer(test.offer, RolePublisher, Join{})
		if test.says == "" && err != nil || test.says != "" && !saysBadRequest(err, test.says) {
			t.Errorf("%q, %q", err, test.says)
		}
	}
}

// Of a section's fingerprint and the session's the section's counts (RFC 8122
// section 5), and Pion is to see no other.
func TestSectionFingerprintCounts(t *testing.T) {
	other := strings.ReplaceAll(fingerprintLine, "AB", "CD")
	sections := sectionsOf(obsOffer)
	o, err := parseOffer(sections[0]+sections[1]+other+sections[2]+other, RolePublisher)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(o.fingerprint, "CD") || strings.Contains(o.text, "AB:AB") || !slices.Equal(o.mids(), []string{"audio", "video"}) {
		t.Errorf("%s in\n%s", o.fingerprint, o.text)
	}
}

// A session opened in the place of another one is of the same kind.
func TestReplaceKeepsTheJoin(t *testing.T) {
	relay := newTestRelay(t)
	s, err := relay.Subscribe(Join{Room: "math", Token: "unknown", Remote: loopback, Linger: playersLinger, Encoder: true, Final: true, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	next, err := s.Replace()
	if err != nil {
		t.Fatal(err)
	}
	want := Join{Room: "math", Remote: loopback, Linger: playersLinger, Encoder: true, Final: true, Strict: true}
	if s.join != want || next.join != want {
		t.Errorf("%+v, then %+v", s.join, next.join)
	}
}

const playersLinger = 8e9
