package access

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func parse(text string) (*rules, error) {
	g := Guard{digester: newDigester()}
	return parseRooms([]byte(text), rule{exists: true, publish: g.lockOf(""), view: g.lockOf(""), manage: locked()}, g.digester)
}

func TestRoomsThatAreWrong(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		line int
		says string
	}{
		"no YAML":               {"rooms:\n  math: ]\n  art:\n", 2, "YAML"},
		"tab":                   {"rooms:\n\tmath:\n", 2, "YAML"},
		"quote without its end": {"rooms:\n  math:\n    title: \"Maths\n", 4, "YAML"},
		"no text":               {"\xff\xfe", 0, "UTF-8"},
		"list":                  {"- math\n", 1, "name"},
		"word":                  {"math\n", 1, "name"},
		"unknown field":         {"only: true\nroom:\n  math:\n", 2, `"room" is not known`},
		"unknown field, room":   {"rooms:\n  math:\n    pubish-key: 12345678\n", 3, `"pubish-key"`},
		"room twice":            {"rooms:\n  math:\n  art:\n  math:\n", 4, "twice"},
		"field twice":           {"rooms:\n  math:\n    title: a\n    title: b\n", 4, "twice"},
		"only, in words":        {"only: perhaps\n", 1, "true or false"},
		"only, a number":        {"only: 1\n", 1, "true or false"},
		"listed, in words":      {"rooms:\n  math:\n    listed: \"true\"\n", 3, "true or false"},
		"short key":             {"rooms:\n  math:\n    view-key: 1234567\n", 3, "8 characters"},
		"empty key":             {"rooms:\n  math:\n    view-key:\n", 3, "text"},
		"empty key, in quotes":  {"rooms:\n  math:\n    view-key: \"\"\n", 3, "8 characters"},
		"key with a space":      {"rooms:\n  math:\n    view-key: two words\n", 3, "spaces"},
		"key of other letters":  {"rooms:\n  math:\n    view-key: schlüssel\n", 3, "ASCII"},
		"key of many":           {"rooms:\n  math:\n    view-key: [a, b]\n", 3, "text"},
		"nobody manages":        {"rooms:\n  math:\n    manage-key: none\n", 3, "leave it out"},
		"no room's name":        {"rooms:\n  a b:\n", 2, "no room"},
		"a path":                {"rooms:\n  a/b:\n", 2, "no room"},
		"brackets":              {"rooms:\n  \"[a-z]*\":\n", 2, "no room"},
		"long name":             {"rooms:\n  " + strings.Repeat("x", 65) + ":\n", 2, "no room"},
		"room of a word":        {"rooms:\n  math: yes\n", 2, "name"},
		"rooms of a word":       {"rooms: math\n", 1, "name"},
		"no viewers":            {"rooms:\n  math:\n    max-viewers: 0\n", 3, "from 1 to"},
		"negative viewers":      {"rooms:\n  math:\n    max-viewers: -3\n", 3, "from 1 to"},
		"viewers in words":      {"rooms:\n  math:\n    max-viewers: many\n", 3, "whole number"},
		"half a viewer":         {"rooms:\n  math:\n    max-viewers: 1.5\n", 3, "whole number"},
		"too many viewers":      {"rooms:\n  math:\n    max-viewers: 99999999999999999999\n", 3, "whole number"},
		"bitrate in bits":       {"rooms:\n  math:\n    max-bitrate: 8000000\n", 3, "to 10000"},
		"no bitrate":            {"rooms:\n  math:\n    max-bitrate: .nan\n", 3, "Mbit/s"},
		"title of two lines":    {"rooms:\n  math:\n    title: \"a\\nb\"\n", 3, "one line"},
		"long title":            {"rooms:\n  math:\n    title: " + strings.Repeat("x", 201) + "\n", 3, "one line"},
		"anchor":                {"rooms:\n  math: &a\n    title: a\n  art: *a\n", 2, "quotes"},
		"anchor's use":          {"rooms:\n  math:\n    title: a\n  art: *secret\n", 4, "quotes"},
		"merge":                 {"rooms:\n  math:\n    <<: {title: a}\n", 3, ""},
		"pattern, no quotes":    {"rooms:\n  *-hall:\n    title: a\n", 2, ""},
		"two documents":         {"rooms:\n  math:\n---\nrooms:\n  art:\n", 3, "one"},
		"name of a list":        {"rooms:\n  ? [a]\n  : {title: a}\n", 2, ""},
	} {
		_, err := parse(test.text)
		if err == nil {
			t.Errorf("%s was taken", name)
			continue
		}
		said := located("rooms.yaml", err).Error()
		want := "rooms.yaml, line " + string(rune('0'+test.line)) + ": "
		if test.line == 0 {
			want = "rooms.yaml: "
		}
		if !strings.HasPrefix(said, want) || !strings.Contains(said, test.says) || strings.Contains(said, "secret") || strings.Contains(said, "\n") {
			t.Errorf("%s: %s", name, said)
		}
	}
}

func TestRoomsThatAreRight(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "a comment": "# later\n", "no rooms": "rooms:\n", "none only": "only: true\n",
		"byte order mark": "\ufeffrooms:\n  math:\n    title: a\n", "Windows": "rooms:\r\n  math:\r\n    title: a\r\n",
		"JSON": `{"only": true, "rooms": {"math": {"view-key": "12345678"}}}`, "number for a name": "rooms:\n  101:\n    title: a\n",
	} {
		if _, err := parse(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeysAsTheyStand: YAML would make numbers and dates of some.
func TestKeysAsTheyStand(t *testing.T) {
	for _, key := range []string{"01234567", "2026-11-20", "1_000_000_000", "0x12345678", "\"quoted key\"", "12345678.0"} {
		g := guardOf(t, Config{}, "rooms:\n  math:\n    view-key: "+strings.Replace(key, " ", "-", 1)+"\n")
		shown := strings.Trim(strings.Replace(key, " ", "-", 1), `"`)
		if got := verdict(g.Admit(Request{"math", View, shown})); got != "keyed" {
			t.Errorf("%s: %s", key, got)
		}
	}
}

// TestMostTellingPattern: more letters of its own win, then the earlier line.
func TestMostTellingPattern(t *testing.T) {
	rules, err := parse("rooms:\n  \"*\": {title: all}\n  a-*: {title: a}\n  a-b*: {title: ab}\n  \"*b-c\": {title: bc}\n  a-b-d: {title: abd}\n")
	check(t, err)
	for room, want := range map[string]string{"x": "all", "a-x": "a", "a-bx": "ab", "a-b-c": "ab", "x-b-c": "bc", "a-b-d": "abd"} {
		if got := rules.of(room).Title; got != want {
			t.Errorf("%s: %s", room, got)
		}
	}
}

func TestFilesThatAreNone(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large.yaml")
	check(t, os.WriteFile(large, make([]byte, maxRoomsFile+1), 0o600))
	empty := filepath.Join(folder, "empty.yaml")
	check(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for file, says := range map[string]string{empty: "empty", folder + "/none.yaml": "no such", folder: "no file", large: "too large", large + "/x": "cannot be read"} {
		if err := CheckRooms(file); err == nil || !strings.HasPrefix(err.Error(), file+": ") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestFollow: a change is taken, a broken one is not, and is complained about once.
func TestFollow(t *testing.T) {
	g := guardOf(t, Config{}, "rooms:\n  math:\n    view-key: first-key\n")
	var log strings.Builder
	g.log = slog.New(slog.NewTextHandler(&log, nil))
	step := func(text, good string, lines int) {
		t.Helper()
		for range 3 {
			g.poll([]byte(text), nil)
		}
		if got := verdict(g.Admit(Request{"math", View, good})); got != "keyed" {
			t.Errorf("%s: %s", good, got)
		}
		if got := strings.Count(log.String(), "\n"); got != lines {
			t.Errorf("%d lines, want %d:\n%s", got, lines, log.String())
		}
	}
	step("rooms:\n  math:\n    view-key: first-key\n", "first-key", 0)
	step("rooms:\n  math:\n    view-key: short\n", "first-key", 1)
	step("rooms:\n  math:\n    view-key: brief\n", "first-key", 1)
	step("rooms:\n  math:\n\n    view-key: brief\n", "first-key", 2)
	step("rooms:\n  math:\n    view-key: second-key\n", "second-key", 3)
	step("rooms: [", "second-key", 4)
	g.poll(readRooms(g.file + "x"))
	g.poll(readRooms(g.file + "x"))
	step("rooms:\n  math:\n    view-key: second-key\n", "second-key", 6)
	step("rooms: [", "second-key", 7)
	if text := log.String(); strings.Contains(text, "short") || strings.Contains(text, "-key\"") || !strings.Contains(text, "in order again") || !strings.Contains(text, "line 3") || !strings.Contains(text, "line 4") {
		t.Errorf("%s", text)
	}
}

// TestFollowEmptied: a file that a full disk has emptied opens no room; one that says so does.
func TestFollowEmptied(t *testing.T) {
	g := guardOf(t, Config{}, "rooms:\n  math:\n    view-key: first-key\n")
	var log strings.Builder
	g.log = slog.New(slog.NewTextHandler(&log, nil))
	for _, text := range []string{"", "\n \n"} {
		for range 3 {
			g.poll([]byte(text), nil)
		}
		if _, err := g.Admit(Request{"math", View, ""}); err == nil {
			t.Errorf("with %q in the file the room is open", text)
		}
	}
	if !strings.Contains(log.String(), "empty") || strings.Count(log.String(), "\n") != 1 {
		t.Error(log.String())
	}
	for range 3 {
		g.poll([]byte("rooms:\n"), nil)
	}
	if _, err := g.Admit(Request{"math", View, ""}); err != nil {
		t.Errorf("without a word of it the room is shut: %v", err)
	}
}

func FuzzRooms(f *testing.F) {
	f.Add([]byte(house))
	f.Add([]byte("only: true\nrooms:\n  a: {view-key: 12345678, max-viewers: 3}\n"))
	f.Add([]byte("rooms: &a\n  b: *a\n"))
	f.Add([]byte("a: [[[[[[[[\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		rules, err := parse(string(content))
		if err != nil {
			if text := located("rooms.yaml", err).Error(); strings.ContainsAny(text, "\n\r") || len(text) > 1000 {
				t.Errorf("%q", text)
			}
			return
		}
		for name := range rules.named {
			if !validPattern(name) || isPattern(name) {
				t.Errorf("%q is a room", name)
			}
		}
		for _, room := range []string{"math", "a-b", "x"} {
			if rule := rules.of(room); rule == nil || rule.manage.open || rule.MaxViewers < 0 || rule.MaxBitrate < 0 {
				t.Errorf("%s: %+v", room, rule)
			}
		}
	})
}
