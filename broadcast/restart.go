package broadcast

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// Credentials are the peer's ICE user fragment and password that are negotiated
// now; "" before the first offer and after the end.
func (s *Session) Credentials() (ufrag, pwd string) {
	if s.takeTurn() != nil {
		return "", ""
	}
	defer s.passTurn()
	if s.offer == nil {
		return "", ""
	}
	return s.offer.ufrag, s.offer.pwd
}

// ICE is the relay's end of a transport after a restart: what a peer needs of an
// answer when nothing else has changed (RFC 8840 section 4.4).
type ICE struct {
	// Options and Group are the values of ice-options and of the BUNDLE group; ""
	// when the answer has none.
	Options, Group string
	// Media is the m-line of the section that names the transport, without "m=",
	// and Mid is its mid.
	Media, Mid string
	Ufrag, Pwd string
	// Candidates are all of the relay's, without "candidate:".
	Candidates []string
}

// Restart restarts ICE with the peer's new credentials: the stored offer with
// these in place of its own (WHIP's PATCH, RFC 9725 section 4.3.3).
func (s *Session) Restart(ufrag, pwd string, lines []string) (ICE, error) {
	if err := s.takeTurn(); err != nil {
		return ICE{}, err
	}
	defer s.passTurn()
	if s.offer == nil {
		return ICE{}, errorf(CodeBadRequest, "There is nothing to restart before the first offer.")
	}
	_, usable, err := candidates{}.add(lines)
	if err != nil {
		return ICE{}, err
	}
	o, err := s.offer.restarted(ufrag, pwd, usable)
	if err != nil {
		return ICE{}, err
	}
	answer, err := s.reopen(o)
	if err != nil {
		return ICE{}, err
	}
	return iceOf(answer)
}

// iceOf takes the relay's ICE out of an answer. All sections are bundled: the
// first one that was not turned down names the transport.
func iceOf(answer string) (ICE, error) {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(answer); err != nil {
		return ICE{}, fmt.Errorf("parse the answer: %w", err)
	}
	i := slices.IndexFunc(desc.MediaDescriptions, func(m *sdp.MediaDescription) bool { return m.MediaName.Port.Value != 0 })
	if i < 0 {
		return ICE{}, errors.New("the answer has no transport")
	}
	m := desc.MediaDescriptions[i]
	ice := ICE{
		Options: attribute(&desc, m, "ice-options"), Media: m.MediaName.String(), Mid: attribute(&desc, m, "mid"),
		Ufrag: attribute(&desc, m, "ice-ufrag"), Pwd: attribute(&desc, m, "ice-pwd"),
	}
	ice.Group, _ = desc.Attribute("group")
	for _, a := range m.Attributes {
		if isCandidate(a) {
			ice.Candidates = append(ice.Candidates, a.Value)
		}
	}
	return ice, nil
}

// seek gives the checks of an ICE restart as long as a silence may last: Pion
// itself would wait for iceFailedTime. A session that is not connected has its
// clock running already.
func (s *Session) seek() {
	relay := s.room.relay
	relay.mu.Lock()
	defer relay.mu.Unlock()
	if !s.connected {
		return
	}
	s.stopTimer()
	s.timer = time.AfterFunc(disconnectTime, func() {
		if pc := s.peer.Load(); pc != nil && pc.ConnectionState() == webrtc.PeerConnectionStateConnecting {
			s.down()
			s.follow(pc) // it may have connected just now
		}
	})
}

// follows checks a further offer of the same PeerConnection against the one
// before. A DTLS fingerprint can't change on a connection: it is another one's.
func (o *offer) follows(prev *offer) error {
	switch {
	case o.fingerprint != prev.fingerprint:
		return ErrNewPeer
	case !slices.Equal(o.sections, prev.sections):
		return badOffer("its sections are not those of the first offer")
	case o.ufrag == prev.ufrag && o.pwd != prev.pwd:
		return badOffer("ice-pwd changed, but not ice-ufrag")
	}
	return nil
}

// restarted is the offer with new ICE credentials, and with candidates that were
// found usable.
func (o *offer) restarted(ufrag, pwd string, usable []string) (*offer, error) {
	if checkCredentials(ufrag, pwd) != nil {
		return nil, errorf(CodeBadRequest, "ICE can't be restarted so: ice-ufrag is %d to %d and ice-pwd %d to %d letters, digits, + and /.",
			minUfrag, maxIceString, minPwd, maxIceString)
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(o.text); err != nil {
		return nil, fmt.Errorf("parse the stored offer: %w", err)
	}
	desc.Attributes = replaceCredentials(desc.Attributes, ufrag, pwd)
	for _, m := range desc.MediaDescriptions {
		m.Attributes = replaceCredentials(m.Attributes, ufrag, pwd)
	}
	first := desc.MediaDescriptions[0]
	for _, c := range usable {
		first.Attributes = append(first.Attributes, sdp.Attribute{Key: "candidate", Value: strings.TrimPrefix(c, "candidate:")})
	}
	text, err := desc.Marshal()
	if err != nil {
		return nil, fmt.Errorf("write the offer: %w", err)
	}
	again := *o
	again.text, again.ufrag, again.pwd = string(text), ufrag, pwd
	return &again, nil
}

func replaceCredentials(attributes []sdp.Attribute, ufrag, pwd string) []sdp.Attribute {
	kept := slices.DeleteFunc(attributes, isCandidate)
	for i := range kept {
		switch kept[i].Key {
		case "ice-ufrag":
			kept[i].Value = ufrag
		case "ice-pwd":
			kept[i].Value = pwd
		}
	}
	return kept
}
