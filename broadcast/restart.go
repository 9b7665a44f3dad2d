package broadcast

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// RemoteUfrag is the peer's ICE user fragment that is negotiated now; "" before
// the first offer and after the end.
func (s *Session) RemoteUfrag() string {
	ufrag, _ := s.Credentials()
	return ufrag
}

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

// Restart restarts ICE with the peer's new credentials: the stored offer with
// these in place of its own (WHIP's PATCH, RFC 9725 section 4.3.3).
func (s *Session) Restart(ufrag, pwd string, candidates []string) (answer string, err error) {
	if err := s.takeTurn(); err != nil {
		return "", err
	}
	defer s.passTurn()
	if s.offer == nil {
		return "", errorf(CodeBadRequest, "There is nothing to restart before the first offer.")
	}
	text, err := s.offer.restarted(ufrag, pwd, candidates)
	if err != nil {
		return "", err
	}
	o, err := parseOffer(text, s.role)
	if err != nil {
		return "", err
	}
	o.bundled = s.offer.bundled // the stored text always is
	return s.reopen(o)
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

// restarted is the offer with new ICE credentials and candidates.
func (o *offer) restarted(ufrag, pwd string, candidates []string) (string, error) {
	if err := checkCredentials(ufrag, pwd); err != nil {
		return "", err
	}
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(o.text); err != nil {
		return "", fmt.Errorf("parse the stored offer: %w", err)
	}
	desc.Attributes = replaceCredentials(desc.Attributes, ufrag, pwd)
	for i, m := range desc.MediaDescriptions {
		m.Attributes = replaceCredentials(m.Attributes, ufrag, pwd)
		if i > 0 {
			continue
		}
		for _, c := range candidates {
			m.Attributes = append(m.Attributes, sdp.Attribute{Key: "candidate", Value: strings.TrimPrefix(c, "candidate:")})
		}
	}
	text, err := desc.Marshal()
	if err != nil {
		return "", fmt.Errorf("write the offer: %w", err)
	}
	return string(text), nil
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
