package broadcast

import (
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

const (
	appSection  = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:data\r\na=sctp-port:5000\r\n"
	downSection = "m=audio 0 UDP/TLS/RTP/SAVPF 0 8\r\nc=IN IP4 0.0.0.0\r\na=mid:down\r\na=inactive\r\n" +
		"a=ice-ufrag:other\r\na=ice-pwd:ANOTHERANOTHERANOTHER1\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
	appRefused  = "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:data\r\na=inactive\r\n"
	downRefused = "m=audio 0 UDP/TLS/RTP/SAVPF 0 8\r\nc=IN IP4 0.0.0.0\r\na=mid:down\r\na=inactive\r\n"
)

// sectionsOf are the session's part of an SDP text and its sections.
func sectionsOf(sdp string) []string {
	sections := strings.SplitAfter(sdp, "\r\nm=")
	for i := range sections {
		if i > 0 {
			sections[i] = "m=" + sections[i]
		}
		sections[i] = strings.TrimSuffix(sections[i], "m=")
	}
	return sections
}

// insert puts a section into an SDP text, before section number at.
func insert(sdp string, at int, section string) string {
	return strings.Join(slices.Insert(sectionsOf(sdp), at+1, section), "")
}

// What is turned down has port zero in the answer, at its place (RFC 3264 section
// 6), and is in no group; the transport is that of a section that lives.
func TestTurnedDownSections(t *testing.T) {
	player := strings.ReplaceAll(obsOffer, "sendonly", "recvonly")
	for name, test := range map[string]struct {
		offer   string
		role    Role
		refused []string // by place; "" lives
	}{
		"first":            {insert(obsOffer, 0, downSection), RolePublisher, []string{downRefused, "", ""}},
		"between":          {insert(obsOffer, 1, downSection), RolePublisher, []string{"", downRefused, ""}},
		"last":             {insert(obsOffer, 2, downSection), RolePublisher, []string{"", "", downRefused}},
		"two":              {insert(insert(obsOffer, 0, downSection), 3, appSection), RolePublisher, []string{downRefused, "", "", appRefused}},
		"without a mid":    {insert(obsOffer, 0, strings.Replace(downSection, "a=mid:down\r\n", "", 1)), RolePublisher, []string{strings.Replace(downRefused, "a=mid:down\r\n", "", 1), "", ""}},
		"data of a player": {insert(player, 2, appSection), RoleViewer, []string{"", "", appRefused}},
		"data in bundle": {strings.Replace(insert(player, 0, appSection), "BUNDLE audio", "BUNDLE data audio", 1), RoleViewer,
			[]string{appRefused, "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := answerTo(t, test.offer, test.role)
			sections := sectionsOf(answer)
			if len(sections) != len(test.refused)+1 || !strings.Contains(sections[0], "a=group:BUNDLE audio video\r\n") {
				t.Fatalf("answered with\n%s", answer)
			}
			for i, got := range sections[1:] {
				if want := test.refused[i]; want != "" && got != want || want == "" && strings.Contains(got, " 0 UDP") {
					t.Errorf("section %d is\n%s", i, got)
				}
			}
			first := slices.Index(test.refused, "") + 1
			if !strings.Contains(sections[first], "a=candidate:") || strings.Count(answer, "a=end-of-candidates") != 1 {
				t.Errorf("the candidates are not in section %d of\n%s", first-1, answer)
			}
		})
	}
}

// The transport is that of the sections which live; of one that was set aside only
// when it is the bundle's first one, and says it for all.
func TestTransportBesideTurnedDownSections(t *testing.T) {
	o, err := parseOffer(insert(obsOffer, 0, downSection), RolePublisher)
	if err != nil {
		t.Fatal(err)
	}
	if o.ufrag != "abcd" || strings.Contains(o.text, "a=candidate:") || strings.Contains(o.text, "m=audio 0") {
		t.Errorf("%s leads to\n%s", o.ufrag, o.text)
	}
	transport := credentialLines + fingerprintLine + "a=setup:actpass\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
	bare := strings.NewReplacer(credentialLines, "", fingerprintLine, "", "a=setup:actpass\r\n", "", "BUNDLE audio", "BUNDLE data audio").Replace(obsOffer)
	o, err = parseOffer(insert(bare, 0, appSection+transport), RolePublisher)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"a=ice-ufrag:abcd\r\n", "a=setup:actpass\r\n", "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", "a=group:BUNDLE audio video\r\n"} {
		if sections := sectionsOf(o.text); !strings.Contains(sections[0]+sections[1], line) {
			t.Errorf("%q is not said of the first section in\n%s", line, o.text)
		}
	}
}

// checkRefused checks that an answer has the offer's sections, each at its place.
func checkRefused(t *testing.T, o *offer) {
	t.Helper()
	answer, err := answerFor(o, o.text, terms{})
	if err != nil {
		t.Fatal(err)
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(answer); err != nil || len(desc.MediaDescriptions) != len(o.sections)+len(o.refused) {
		t.Fatalf("%v, answered with\n%s", err, answer)
	}
	for _, r := range o.refused {
		if got := desc.MediaDescriptions[r.at].MediaName; got.String() != r.answer.MediaName.String() || got.Port.Value != 0 {
			t.Fatalf("section %d is %s in\n%s", r.at, got, answer)
		}
	}
}

func TestNothingButTurnedDownSections(t *testing.T) {
	head := sectionsOf(obsOffer)[0]
	for name, offer := range map[string]string{
		"turned down":        head + downSection,
		"data":               head + appSection,
		"both":               head + downSection + appSection,
		"a mid twice":        insert(obsOffer, 0, strings.Replace(downSection, "mid:down", "mid:audio", 1)),
		"formats":            obsOffer + strings.Replace(appSection, "webrtc-datachannel", strings.Repeat("x ", maxFormats+1)+"x", 1),
		"too many":           obsOffer + strings.Repeat("m=text 0 RTP/AVP 0\r\n", maxSections),
		"a mid without end":  obsOffer + strings.Replace(downSection, "mid:down", "mid:"+strings.Repeat("x", maxIceString+1), 1),
		"data and no bundle": strings.Replace(obsOffer, "BUNDLE", "LS", 1) + appSection,
	} {
		for _, role := range []Role{RolePublisher, RoleViewer} {
			if _, err := parseOffer(offer, role); AsError(err).Code != CodeBadRequest {
				t.Errorf("%s, %s: %v", name, role, err)
			}
		}
	}
}

// A player that offers a data channel gets media, wherever in its offer that
// stands, and whatever else it has turned down; also after a restart.
func TestPlayerWithDataChannel(t *testing.T) {
	relay := newTestRelay(t)
	p := newPublisher(t, relay, nil, "math", "", webrtc.MimeTypeVP8)
	for _, first := range []bool{false, true} {
		v := newDataViewer(t, relay)
		for restart, want := range []int{3, 6} {
			v.exchange(first, restart == 1)
			if restart == 0 {
				v.awaitConnected()
			}
			p.until("media at the player", func() bool { return len(v.received()) >= want })
		}
		v.session.Close(ErrLeft)
	}
}

// newDataViewer is a viewer that also wants a data channel.
func newDataViewer(t *testing.T, relay *Relay) *viewer {
	t.Helper()
	v := &viewer{client: newClient(t, newClientAPI(t, clientOn(nil), allVideo...))}
	v.pc.OnTrack(v.read)
	if _, err := v.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	_, err := v.pc.CreateDataChannel("chat", nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.session, err = relay.Subscribe(Join{Room: "math", Remote: loopback, Strict: true}); err != nil {
		t.Fatal(err)
	}
	return v
}

// exchange negotiates; with first, the data channel and what the player has turned
// down are on top of the offer, as a browser may have them.
func (v *viewer) exchange(first, restart bool) {
	v.t.Helper()
	offer := sectionsOf(v.offer(restart))
	if first {
		offer[1], offer[2] = offer[2], offer[1]
		offer = slices.Insert(offer, 1, downSection)
	}
	text, err := v.session.Offer(strings.Join(offer, ""))
	if err != nil {
		v.t.Fatal(err)
	}
	answer := sectionsOf(text)
	if first {
		answer = []string{answer[0], answer[3], answer[2]}
	}
	if !strings.HasPrefix(answer[2], "m=application 0 ") {
		v.t.Fatalf("answered with\n%s", text)
	}
	if err := v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: strings.Join(answer, "")}); err != nil {
		v.t.Fatal(err)
	}
}
