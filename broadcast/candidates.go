package broadcast

import (
	"maps"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/webrtc/v4"
)

// candidates are those of a peer that the relay sends checks to, since ICE
// began. Each address counts once, whatever else is said of it.
type candidates map[netip.AddrPort]struct{}

// candidatesOf are those of a checked offer.
func candidatesOf(o *offer) candidates {
	found := candidates{}
	for line := range strings.Lines(o.text) {
		if c, ok := strings.CutPrefix(line, "a=candidate:"); ok {
			found[addressOf(c)] = struct{}{}
		}
	}
	return found
}

// addressOf is the transport address of a usable candidate.
func addressOf(candidate string) netip.AddrPort {
	fields := strings.Fields(candidate)
	address, _ := netip.ParseAddr(fields[4]) // usable: both can be read
	port, _ := strconv.ParseUint(fields[5], 10, 16)
	return netip.AddrPortFrom(address.Unmap(), uint16(port))
}

// add judges lines, all or none: which of them are usable and new, and what is
// known with them.
func (known candidates) add(lines []string) (all candidates, fresh []string, err error) {
	all = candidates{}
	maps.Copy(all, known)
	for _, line := range lines {
		usable, err := usableCandidate(line)
		if err != nil {
			return nil, nil, err
		}
		if !usable {
			continue
		}
		address := addressOf(line)
		if _, ok := all[address]; !ok {
			all[address] = struct{}{}
			fresh = append(fresh, line)
		}
	}
	return all, fresh, all.check()
}

func (known candidates) check() error {
	if len(known) > maxCandidates {
		return errorf(CodeBadRequest, "More than %d candidates came since ICE began.", maxCandidates)
	}
	return nil
}

// candidatesWith are those that count once o is answered. Only new credentials
// begin anew.
func (s *Session) candidatesWith(o *offer) (candidates, error) {
	all := candidatesOf(o)
	if s.offer != nil && s.offer.ufrag == o.ufrag {
		maps.Copy(all, s.candidates)
	}
	return all, all.check()
}

// AddCandidates adds candidates of the peer's, all of them or none. One that is
// known already may be repeated (RFC 9725 section 4.3.2). What is of no use here
// (mDNS names, TCP) is ignored: the peer's checks find the relay, and so the relay
// the peer. Errors: bad-request for those before the first offer, too many, or one
// that can't be read.
func (s *Session) AddCandidates(lines []string) error {
	if err := s.takeTurn(); err != nil {
		return err
	}
	defer s.passTurn()
	if s.offer == nil {
		return errorf(CodeBadRequest, "A candidate came before the offer that it belongs to.")
	}
	all, fresh, err := s.candidates.add(lines)
	if err != nil {
		return err
	}
	pc := s.peer.Load()
	if pc == nil {
		return s.Cause()
	}
	for _, line := range fresh {
		if err := pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: line}); err != nil {
			return errorf(CodeBadRequest, "The candidate %.100q can't be read.", line)
		}
	}
	s.candidates = all
	return nil
}
