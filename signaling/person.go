package signaling

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"relay/broadcast"
)

// Where our own pages use WHIP and WHEP they say in these what a join says: the word
// by which their browser is known again, and the person's name, percent-encoded. As
// with resumeHeader, no page of another origin can send them.
const (
	deviceHeader = "Relay-Device"
	nameHeader   = "Relay-Name"
)

const (
	maxName   = 64 // bytes
	minDevice = 16
	maxDevice = 64
)

// deviceOf is a device that a page may have; what else there may stand is none. Too
// short a word could be another's by accident.
func deviceOf(said string) string {
	if len(said) < minDevice || len(said) > maxDevice || strings.ContainsFunc(said, func(c rune) bool { return !isWord(c) }) {
		return ""
	}
	return said
}

// nameOf is a person's name as others are shown it: without what moves or hides the
// text around it, and at most maxName bytes. Its error is for whoever said it.
func nameOf(said string) (string, error) {
	if len(said) > maxName {
		return "", refuse(broadcast.CodeBadRequest, "The name is longer than %d bytes.", maxName)
	}
	if !utf8.ValidString(said) {
		return "", refuse(broadcast.CodeBadRequest, "The name is not UTF-8.")
	}
	return strings.TrimSpace(strings.Map(shown, said)), nil
}

// shown leaves out control characters, ends of lines, and what turns the direction of
// writing for all that follows (UAX 9).
func shown(c rune) rune {
	switch {
	case unicode.IsControl(c), c == '\u2028', c == '\u2029', unicode.Is(unicode.Bidi_Control, c):
		return -1
	}
	return c
}

// introduce puts into join what r says of the person and the program.
func introduce(join *broadcast.Join, r *http.Request) error {
	said, err := url.PathUnescape(r.Header.Get(nameHeader))
	if err != nil {
		return refuse(broadcast.CodeBadRequest, "%s has to be percent-encoded UTF-8.", nameHeader)
	}
	if join.Name, err = nameOf(said); err != nil {
		return err
	}
	join.Device = deviceOf(r.Header.Get(deviceHeader))
	join.Browser = browserOf(r.UserAgent())
	return nil
}
