package access

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

const (
	// maxRooms and maxRoomsFile bound what a file can make the relay remember.
	maxRooms     = 10_000
	maxRoomsFile = 4 << 20
	maxTitle     = 200 // bytes
	mostViewers  = 1_000_000
	leastRate    = 0.1    // Mbit/s
	mostRate     = 10_000 // Mbit/s
	// noKey is the word for needing none, whatever the flags say. It is too short
	// for a key.
	noKey = "none"
)

// readRooms reads the file of rooms.
func readRooms(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no such file of rooms", file)
	case err != nil:
		return nil, fmt.Errorf("%s: the file of rooms cannot be read: %w", file, errors.Unwrap(err))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: this is no file", file)
	case info.Size() > maxRoomsFile:
		return nil, fmt.Errorf("%s: this is too large for a file of rooms", file)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: the file of rooms cannot be read: %w", file, errors.Unwrap(err))
	}
	return content, nil
}

// parseRooms reads rules. others is the rule of rooms that the file does not name,
// and the keys of those for which it has no key of their own.
func parseRooms(content []byte, others rule, d digester) (*rules, error) {
	document, err := parseYAML(content)
	if err != nil {
		return nil, err
	}
	p := roomsParser{others: others, digester: d, rules: rules{named: map[string]*rule{}, others: &others}}
	if document == nil {
		return &p.rules, nil
	}
	err = eachField(document, "the file", map[string]func(*yaml.Node) error{"only": p.readOnly, "rooms": p.readRooms})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(p.rules.patterns, func(a, b patternRule) int { return telling(b.pattern) - telling(a.pattern) })
	return &p.rules, nil
}

// roomsParser makes rules of the file.
type roomsParser struct {
	others   rule
	digester digester
	rules    rules
}

func (p *roomsParser) readOnly(node *yaml.Node) error {
	only, err := flagOf(node, "only")
	if err == nil && only {
		p.rules.others = &rule{publish: locked(), view: locked(), manage: locked()}
	}
	return err
}

func (p *roomsParser) readRooms(node *yaml.Node) error {
	if node.Tag == "!!null" {
		return nil
	}
	if len(node.Content) > 2*maxRooms {
		return at(node, "there are more than %d rooms", maxRooms)
	}
	return eachPair(node, `"rooms"`, p.readRoom)
}

func (p *roomsParser) readRoom(name *yaml.Node, node *yaml.Node) error {
	if !validPattern(name.Value) {
		return at(name, "%.80q is no room: a name is 1 to 64 of the letters A to Z and a to z, digits, _ and -, a pattern has * for any part", name.Value)
	}
	r := p.others
	r.Room, r.exists = Room{}, true
	fields := map[string]func(*yaml.Node) error{
		"title":       func(n *yaml.Node) error { return readTitle(n, &r.Title) },
		"listed":      func(n *yaml.Node) (err error) { r.Listed, err = flagOf(n, "listed"); return err },
		"max-viewers": func(n *yaml.Node) (err error) { r.MaxViewers, err = countOf(n, "max-viewers"); return err },
		"max-bitrate": func(n *yaml.Node) (err error) { r.MaxBitrate, err = rateOf(n, "max-bitrate"); return err },
		"publish-key": func(n *yaml.Node) error { return p.readKey(n, "publish-key", &r.publish) },
		"view-key":    func(n *yaml.Node) error { return p.readKey(n, "view-key", &r.view) },
		"manage-key":  func(n *yaml.Node) error { return p.readKey(n, "manage-key", &r.manage) },
	}
	if node.Tag != "!!null" {
		if err := eachField(node, "room "+name.Value, fields); err != nil {
			return err
		}
	}
	if isPattern(name.Value) {
		p.rules.patterns = append(p.rules.patterns, patternRule{name.Value, &r})
	} else {
		p.rules.named[name.Value] = &r
	}
	return nil
}

// readKey takes the text as it stands there: 01234567 is a key, and no number.
func (p *roomsParser) readKey(node *yaml.Node, name string, l *lock) error {
	text, err := textOf(node, name)
	switch {
	case err != nil:
		return err
	case text == noKey && name == "manage-key":
		return at(node, "%s cannot be none: leave it out", name)
	case text == noKey:
		*l = lock{open: true, key: nobodys()}
		return nil
	}
	if err := CheckKey(text); err != nil {
		return at(node, "%s %v", name, err)
	}
	*l = lock{key: p.digester.of(text)}
	return nil
}

func readTitle(node *yaml.Node, title *string) error {
	text, err := textOf(node, "title")
	if err != nil {
		return err
	}
	if len(text) > maxTitle || strings.ContainsFunc(text, unicode.IsControl) {
		return at(node, "title has to be one line of %d bytes or fewer", maxTitle)
	}
	*title = text
	return nil
}
