package signaling

import (
	"strconv"
	"strings"
	"unicode"

	"relay/broadcast"
)

// maxFragment is room for far more candidates than are taken.
const maxFragment = 64 << 10

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

// checkCandidate judges a candidate's form (RFC 8839 section 5.1). Whether it is
// of use, and whether it is one too many, is broadcast's to say.
func checkCandidate(candidate string) error {
	fields := strings.Fields(candidate)
	if len(fields) < 8 || fields[6] != "typ" || !isNumber(fields[1], 32) || !isNumber(fields[3], 32) || !isNumber(fields[5], 16) {
		return badFragment("%.60q is not a candidate", candidate)
	}
	return nil
}

func isNumber(text string, bits int) bool {
	_, err := strconv.ParseUint(text, 10, bits)
	return err == nil
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

// fragmentOf is the relay's ICE as a fragment. RFC 9725 section 4.3.3 wants the
// answer's own ice-options in it.
func fragmentOf(ice broadcast.ICE) string {
	var b strings.Builder
	write := func(start, value string) {
		if value != "" {
			b.WriteString(start + value + "\r\n")
		}
	}
	write("a=ice-options:", ice.Options)
	write("a=group:", ice.Group)
	write("m=", ice.Media)
	write("a=mid:", ice.Mid)
	write("a=ice-ufrag:", ice.Ufrag)
	write("a=ice-pwd:", ice.Pwd)
	for _, candidate := range ice.Candidates {
		write("a=candidate:", candidate)
	}
	write("a=", "end-of-candidates")
	return b.String()
}
