package access

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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

// fileError is what is wrong with the file, and where; line 0 is the whole of it.
type fileError struct {
	line int
	what string
}

func (e fileError) Error() string { return e.what }

func at(node *yaml.Node, format string, args ...any) error {
	return fileError{node.Line, fmt.Sprintf(format, args...)}
}

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

// parseYAML is the file's one document; nil for an empty file.
func parseYAML(content []byte) (*yaml.Node, error) {
	if !utf8.Valid(content) {
		return nil, fileError{0, "this is not UTF-8 text"}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var root, more yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, yamlFault(err)
	}
	switch err := decoder.Decode(&more); {
	case err == nil:
		return nil, at(&more, "there is to be one document in it, without ---")
	case !errors.Is(err, io.EOF):
		return nil, yamlFault(err)
	}
	if len(root.Content) == 0 {
		return nil, nil
	}
	if node := root.Content[0]; node.Tag != "!!null" {
		return node, nil
	}
	return nil, nil
}

// yamlFault takes the line out of what the YAML parser says.
func yamlFault(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if found := yamlLine.FindStringSubmatch(text); found != nil {
		line, _ = strconv.Atoi(found[1])
		text = strings.Replace(text, found[0], "", 1)
	}
	if strings.Contains(text, "anchor") { // it quotes what may be a key
		return fileError{line, noAnchors}
	}
	return fileError{line, "this is not YAML: " + strings.Map(printable, text)}
}

// noAnchors is also for who forgot quotes.
const noAnchors = "what begins with & or * needs quotes; YAML's anchors and aliases are not taken here"

var yamlLine = regexp.MustCompile(`line (\d+)(?:, column \d+)?: `)

// printable makes one line of a text.
func printable(c rune) rune {
	if unicode.IsControl(c) {
		return ' '
	}
	return c
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

// eachField reads a mapping of which all fields are known.
func eachField(node *yaml.Node, of string, fields map[string]func(*yaml.Node) error) error {
	return eachPair(node, of, func(name, value *yaml.Node) error {
		read, ok := fields[name.Value]
		if !ok {
			return at(name, "%.80q is not known here: %s has %s", name.Value, of, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		return read(value)
	})
}

// eachPair reads a mapping in which no name comes twice.
func eachPair(node *yaml.Node, of string, read func(name, value *yaml.Node) error) error {
	if node.Kind != yaml.MappingNode {
		return at(node, "%s has to have names with values, as in \"name: value\"", of)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		if err := plain(name); err != nil {
			return err
		}
		switch {
		case name.Kind != yaml.ScalarNode:
			return at(name, "%s has to have names that are text", of)
		case seen[name.Value]:
			return at(name, "%.80q is there twice", name.Value)
		}
		seen[name.Value] = true
		if err := plain(value); err != nil {
			return err
		}
		if err := read(name, value); err != nil {
			return err
		}
	}
	return nil
}

// plain refuses what would make one line of the file mean another.
func plain(node *yaml.Node) error {
	if node.Kind == yaml.AliasNode || node.Anchor != "" || node.Tag == "!!merge" {
		return at(node, noAnchors)
	}
	return nil
}

func textOf(node *yaml.Node, name string) (string, error) {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
		return "", at(node, "%s has to be a text, in quotes if need be", name)
	}
	return node.Value, nil
}

func flagOf(node *yaml.Node, name string) (bool, error) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!bool" {
		return strings.EqualFold(node.Value, "true"), nil
	}
	return false, at(node, "%s has to be true or false", name)
}

func countOf(node *yaml.Node, name string) (int, error) {
	n, err := strconv.Atoi(node.Value)
	if node.Kind != yaml.ScalarNode || node.Tag != "!!int" || err != nil || n < 1 || n > mostViewers {
		return 0, at(node, "%s has to be a whole number from 1 to %d", name, mostViewers)
	}
	return n, nil
}

// rateOf is in bits per second; the file has Mbit/s.
func rateOf(node *yaml.Node, name string) (int, error) {
	n, err := strconv.ParseFloat(node.Value, 64)
	if node.Kind != yaml.ScalarNode || node.Tag != "!!int" && node.Tag != "!!float" || err != nil || !(n >= leastRate && n <= mostRate) {
		return 0, at(node, "%s has to be a number of Mbit/s from %v to %v", name, leastRate, mostRate)
	}
	return int(n * 1e6), nil
}

// located puts the file's name and the line before what is wrong.
func located(file string, err error) error {
	var wrong fileError
	if errors.As(err, &wrong) && wrong.line > 0 {
		return fmt.Errorf("%s, line %d: %w", file, wrong.line, err)
	}
	return fmt.Errorf("%s: %w", file, err)
}
