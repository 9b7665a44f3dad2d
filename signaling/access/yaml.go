package access

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
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

// located puts the file's name and the line before what is wrong.
func located(file string, err error) error {
	var wrong fileError
	if errors.As(err, &wrong) && wrong.line > 0 {
		return fmt.Errorf("%s, line %d: %w", file, wrong.line, err)
	}
	return fmt.Errorf("%s: %w", file, err)
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
