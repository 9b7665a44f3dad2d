package broadcast

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

const (
	// gatherTime bounds what takes 0.2 ms: nothing is asked of the network.
	gatherTime = 2 * time.Second
	// iceFailedTime is out of the way: sessions end by their own clocks.
	iceFailedTime = 5 * time.Minute
	iceKeepalive  = 2 * time.Second
	receiveMTU    = 1500
	// replayWindow is how far behind the newest a publisher's packet may be, in
	// packets: repairs come on the media SSRC, a round trip late. Pion's 64 are
	// less than that in a key frame.
	replayWindow = 1024
)

// Offer answers an offer, complete and at once: the first one opens the
// PeerConnection, a further one restarts ICE. A refused further offer leaves
// the session as it was. Errors: *Error; ErrNewPeer for an offer of another
// PeerConnection than the session's; the session's cause when it is over.
func (s *Session) Offer(sdp string) (answer string, err error) {
	o, err := readOffer(sdp, s.role, s.join)
	if err != nil {
		return "", err
	}
	if err := s.takeTurn(); err != nil {
		return "", err
	}
	defer s.passTurn()
	if s.offer == nil {
		return s.open(o)
	}
	return s.reopen(o)
}

// takeTurn waits for the session's turn to negotiate; passTurn gives it on. It
// fails with the session's cause.
func (s *Session) takeTurn() error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-s.ctx.Done():
		return s.Cause()
	}
}

func (s *Session) passTurn() { <-s.turn }

// open makes the PeerConnection of the first offer.
func (s *Session) open(o *offer) (string, error) {
	if err := s.claim(); err != nil {
		return "", err
	}
	pc, err := s.newPeerConnection(o)
	if err != nil {
		s.Close(err)
		return "", err
	}
	s.peer.Store(pc)
	if s.ctx.Err() != nil { // ended meanwhile, and did not see pc
		_ = pc.Close()
		return "", s.Cause()
	}
	s.offer, s.candidates = o, candidatesOf(o)
	return s.answer(pc, o)
}

// claim takes the room for a publisher, and the place of a replaced session.
// From here on the session counts as connecting, and has connectTime for it,
// whatever becomes of the offer.
func (s *Session) claim() error {
	relay := s.room.relay
	relay.mu.Lock()
	defer relay.mu.Unlock()
	if s.ctx.Err() != nil {
		return s.Cause()
	}
	if err := relay.connecting.mayEnter(s.join.Remote, s.role); err != nil {
		return err
	}
	if s.role == RolePublisher {
		if err := s.room.claim(s); err != nil {
			return err
		}
	}
	if s.replaces != nil {
		s.inherit()
	}
	if last := relay.connecting.makeRoom(s.role); last != nil {
		last.setConnecting(false)
		last.Close(ErrNeverConnected)
	}
	s.setConnecting(true)
	s.offered = time.Now()
	s.endIn(connectTime, ErrNeverConnected)
	return nil
}

// reopen answers a further offer of the same PeerConnection.
func (s *Session) reopen(o *offer) (string, error) {
	if err := o.follows(s.offer); err != nil {
		return "", err
	}
	candidates, err := s.candidatesWith(o)
	if err != nil {
		return "", err
	}
	pc := s.peer.Load()
	if pc == nil {
		return "", s.Cause()
	}
	answer, err := s.answer(pc, o)
	if err == nil {
		s.offer, s.candidates = o, candidates
	}
	return answer, err
}

// answer takes a checked offer to Pion. What Pion refuses all the same ends
// the session, since it can't go back to where it was.
func (s *Session) answer(pc *webrtc.PeerConnection, o *offer) (string, error) {
	text, err := s.exchange(pc, o)
	if err != nil {
		s.log.Debug("offer refused", "error", err)
		if s.ctx.Err() != nil {
			return "", s.Cause()
		}
		refused := badOffer("the two ends found no common ground in it")
		s.Close(refused)
		return "", refused
	}
	return text, nil
}

func (s *Session) exchange(pc *webrtc.PeerConnection, o *offer) (string, error) {
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.text}); err != nil {
		return "", fmt.Errorf("set the offer: %w", err)
	}
	answer, err := pc.CreateAnswer(&webrtc.AnswerOptions{OfferAnswerOptions: webrtc.OfferAnswerOptions{ICETricklingSupported: true}})
	if err != nil {
		return "", fmt.Errorf("create the answer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("set the answer: %w", err)
	}
	select {
	case <-gathered:
	case <-s.ctx.Done():
		return "", s.Cause()
	case <-time.After(gatherTime):
		return "", errors.New("gathering took too long")
	}
	relay := s.room.relay
	// Not pc.LocalDescription(), which adds candidates that are replaced again.
	return answerFor(o, answer.SDP, terms{s.join.Remote, relay.hosts(s.join.Remote), relay.mux.port(), s.join.Strict, s.rtxSSRC(), s.MaxBitrate()})
}

// newPeerConnection makes a PeerConnection with an API value of its own: the
// media engine keeps what was negotiated, and strangers are one session's.
func (s *Session) newPeerConnection(o *offer) (*webrtc.PeerConnection, error) {
	engine, err := newMediaEngine(o)
	if err != nil {
		return nil, err
	}
	interceptors, err := newInterceptors(s.role)
	if err != nil {
		return nil, err
	}
	strangers := newStrangers(s.role, func() { s.Close(ErrFlood) })
	if s.role == RolePublisher {
		strangers.expect(o.ssrcs...)
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(interceptors),
		webrtc.WithSettingEngine(s.settings(strangers)))
	pc, err := api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{s.room.relay.certificate}})
	if err != nil {
		return nil, fmt.Errorf("make a peer connection: %w", err)
	}
	pc.OnConnectionStateChange(func(webrtc.PeerConnectionState) { s.follow(pc) })
	if s.role == RolePublisher {
		pc.OnTrack(s.takeTrack)
		return pc, nil
	}
	if err := s.addDownTracks(pc, o, strangers); err != nil {
		_ = pc.Close()
		return nil, err
	}
	pc.SCTP().Transport().ICETransport().OnSelectedCandidatePairChange(s.reroute)
	return pc, nil
}

// reroute tells the fan-outs of the path that ICE has chosen.
func (s *Session) reroute(pair *webrtc.ICECandidatePair) {
	addr, err := netip.ParseAddr(pair.Remote.Address)
	if err != nil {
		return // it only costs time to leave through another's lane
	}
	for _, d := range s.downTracks() {
		d.fanout.reroute(d, netip.AddrPortFrom(addr, pair.Remote.Port))
	}
}

func (s *Session) settings(strangers *strangers) webrtc.SettingEngine {
	var e webrtc.SettingEngine
	e.LoggerFactory = pionLogs{s.log}
	e.BufferFactory = strangers.buffer
	e.SetICEUDPMux(s.room.relay.mux)
	// Without one, each session would ask the kernel for all interfaces, and keep
	// them: the mux knows the addresses.
	e.SetNet(s.room.relay.network)
	e.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	e.DisableActiveTCP(true)
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.SetICETimeouts(disconnectTime, iceFailedTime, iceKeepalive)
	e.SetReceiveMTU(receiveMTU)
	e.SetSRTPReplayProtectionWindow(replayWindow)
	e.SetICEBindingRequestHandler(func(_ *stun.Message, _, remote ice.Candidate, _ *ice.CandidatePair) bool {
		strangers.checkedFrom(remote)
		return false // which pair is used stays as ICE has it
	})
	e.DisableMediaEngineCopy(s.role == RoleViewer) // this session's alone already; a publisher's copy learns header extensions
	e.SetIncludeLoopbackCandidate(true)
	e.SetDTLSInsecureSkipHelloVerify(true) // ICE has verified the path: saves a round trip
	e.SetSRTPProtectionProfiles(srtpProfiles...)
	return e
}

// follow takes the PeerConnection's state over. Pion calls handlers each in a
// goroutine of its own, so the state is read, not passed; and read again, since
// another handler may have acted on a newer one meanwhile.
func (s *Session) follow(pc *webrtc.PeerConnection) {
	for state := webrtc.PeerConnectionStateUnknown; state != pc.ConnectionState(); {
		state = pc.ConnectionState()
		s.enter(pc, state)
	}
}

func (s *Session) enter(pc *webrtc.PeerConnection, state webrtc.PeerConnectionState) {
	switch state {
	case webrtc.PeerConnectionStateConnected:
		s.up()
	case webrtc.PeerConnectionStateConnecting:
		s.seek()
	case webrtc.PeerConnectionStateDisconnected:
		s.down()
	case webrtc.PeerConnectionStateClosed:
		s.closed()
	case webrtc.PeerConnectionStateFailed:
		if !s.wasConnected() {
			s.Close(ErrNeverConnected)
			return
		}
		s.down()
	}
}

// closed notes that the peer has closed the connection (DTLS close_notify), which
// nothing can revive. It is how a session of a peer that has no other way back
// ends (RFC 9725 section 4.2, WHEP section 4.3.8); a page is about to make a new one.
func (s *Session) closed() {
	if s.join.Final {
		s.Close(ErrLeft)
		return
	}
	s.down()
}

func (s *Session) wasConnected() bool {
	s.room.relay.mu.Lock()
	defer s.room.relay.mu.Unlock()
	return s.ever
}

// addDownTracks gives a viewer a sender for each section of its offer.
func (s *Session) addDownTracks(pc *webrtc.PeerConnection, o *offer, strangers *strangers) error {
	var downs []*DownTrack
	for _, section := range o.sections {
		if !section.known {
			continue // Pion turns the section down
		}
		d := newDownTrack(s, section.kind)
		transceiver, err := pc.AddTransceiverFromTrack(d, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return fmt.Errorf("add the %s sender: %w", section.kind, err)
		}
		sender := transceiver.Sender()
		ssrc := uint32(sender.GetParameters().Encodings[0].SSRC)
		if section.kind == kindVideo { // sound is repaired as it was
			d.rtx, d.rtxSSRC = o.rtx, newSSRC(ssrc)
		}
		strangers.serve(ssrc, newFeedback(d))
		downs = append(downs, d)
	}
	s.downs.Store(&downs)
	return nil
}

// rtxSSRC is where repairs of a viewer's video come; 0 for who has none.
func (s *Session) rtxSSRC() uint32 {
	for _, d := range s.downTracks() {
		if d.fanout.kind == kindVideo {
			return d.rtxSSRC
		}
	}
	return 0
}
