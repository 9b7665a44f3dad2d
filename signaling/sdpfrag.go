package signaling

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/pion/ice/v4"

	"relay/broadcast"
)

// maxFragment is room for far more candidates than are taken.
const maxFragment = 64 << 10

// maxCandidates are the usable ones that broadcast takes for one offer.
const maxCandidates = 32

const fragmentType = "application/trickle-ice-sdpfrag"

// RFC 8839 section 5.4.
const (
	minUfrag = 4
	minPwd   = 22
)

// fragment is what a PATCH says of the client's ICE (RFC 8840 section 9).
type fragment struct {
	ufrag, pwd string
	candidates []string
}

// parseFragment reads a fragment. All sections are bundled on one transport, so
// that it does not matter below which m-line something stands.
func parseFragment(text string) (fragment, error) {
	var f fragment
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		if err := f.read(line); err != nil {
			return fragment{}, err
		}
	}
	if f.ufrag == "" || f.pwd == "" { // both are in each fragment: RFC 8840 section 4.4
		return fragment{}, badFragment("it lacks a=ice-ufrag or a=ice-pwd")
	}
	return f, nil
}

func (f *fragment) read(line string) error {
	attribute, isAttribute := strings.CutPrefix(line, "a=")
	switch {
	case strings.ContainsFunc(line, unicode.IsControl):
		return badFragment("it has control characters")
	case strings.HasPrefix(line, "m="):
		return nil
	case !isAttribute:
		return badFragment("%.20q is neither an m-line nor an attribute", line)
	}
	name, value, _ := strings.Cut(attribute, ":")
	switch name {
	case "ice-ufrag":
		return once(&f.ufrag, name, value, minUfrag)
	case "ice-pwd":
		return once(&f.pwd, name, value, minPwd)
	case "candidate":
		f.candidates = append(f.candidates, attribute)
		return checkCandidate(attribute)
	}
	return nil
}

// checkCandidate judges a candidate's form (RFC 8839 section 5.1), so that a
// fragment is taken whole or not at all. Of one that is not usable here it asks no
// more than that; a type that nobody knows is to be ignored.
func checkCandidate(candidate string) error {
	fields := strings.Fields(candidate)
	if len(fields) < 8 || fields[6] != "typ" || !isNumber(fields[1]) || !isNumber(fields[3]) || !isNumber(fields[5]) {
		return badFragment("%.60q is not a candidate", candidate)
	}
	if !isUsable(candidate) {
		return nil
	}
	if _, err := ice.UnmarshalCandidate(candidate); err != nil && !errors.Is(err, ice.ErrUnknownCandidateTyp) {
		return badFragment("%.60q is not a candidate", candidate)
	}
	return nil
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 32)
	return err == nil
}

// isUsable is false for candidates that the relay sends no checks to: TCP, and
// names such as those of mDNS. They are no mistake.
func isUsable(candidate string) bool {
	fields := strings.Fields(candidate)
	_, err := netip.ParseAddr(fields[4])
	return err == nil && strings.EqualFold(fields[2], "udp")
}

// once sets what may be repeated for each section, but not changed.
func once(field *string, name, value string, shortest int) error {
	switch {
	case len(value) < shortest:
		return badFragment("a=%s has fewer than %d characters", name, shortest)
	case *field != "" && *field != value:
		return badFragment("it has two a=%s", name)
	}
	*field = value
	return nil
}

func badFragment(why string, args ...any) error {
	return refuse(broadcast.CodeBadRequest, "The SDP fragment can't be used: "+why+".", args...)
}

// fragmentLines are those lines of an answer that a client needs for a restart.
var fragmentLines = []string{
	"a=ice-lite", "a=ice-options:", "a=group:", "m=", "a=mid:",
	"a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=end-of-candidates",
}

// fragmentOf is the part of an answer that is about ICE: the session's level, and
// the one section that all are bundled in, which is where the candidates stand.
func fragmentOf(answer string) string {
	var b strings.Builder
	sections := strings.Split(answer, "\r\nm=")
	for _, section := range sections[1:] {
		if strings.Contains(section, "\r\na=end-of-candidates") {
			writeFragment(&b, sections[0]+"\r\nm="+section)
		}
	}
	return b.String()
}

func writeFragment(b *strings.Builder, sdp string) {
	for line := range strings.Lines(sdp) {
		if slices.ContainsFunc(fragmentLines, func(start string) bool { return strings.HasPrefix(line, start) }) {
			b.WriteString(strings.TrimRight(line, "\r\n") + "\r\n")
		}
	}
}
