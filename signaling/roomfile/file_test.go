package roomfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"relay/broadcast"
)

// logged is a log and what is in it.
func logged() (*slog.Logger, *bytes.Buffer) {
	var text bytes.Buffer
	return slog.New(slog.NewTextHandler(&text, nil)), &text
}

var began = time.Date(2026, 11, 20, 9, 30, 0, 5e6, time.UTC)

// rooms are all that can be in a file.
func rooms() []broadcast.Saved {
	return []broadcast.Saved{
		{Room: "art", Rules: broadcast.Rules{Locked: true, Known: []string{"device-0123456789"}}},
		{Room: "math", Since: began, Hold: sha256.Sum256([]byte("the presenter's token")), Rules: broadcast.Rules{
			MaxViewers: 20, Blocked: []broadcast.Blocked{{ID: "b1", Device: "device-of-eve-0001", Name: "Eve", Since: began}},
		}},
	}
}

func TestSaveAndLoad(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	log, _ := logged()
	f := Open(folder, 8080, log)
	if f.Load() != nil {
		t.Error("there are rooms in no file")
	}
	f.Save(rooms())
	info, err := os.Stat(f.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	if text, _ := os.ReadFile(f.path); strings.Contains(string(text), "token") {
		t.Errorf("the token is in it:\n%s", text)
	}
	next := Open(folder, 8080, log)
	if got := next.Load(); !reflect.DeepEqual(got, rooms()) {
		t.Errorf("got %+v", got)
	}
	if Open(folder, 9000, log).Load() != nil {
		t.Error("another relay has the rooms as well")
	}
	next.Save(rooms())
	if again, err := os.Stat(f.path); err != nil || !os.SameFile(info, again) {
		t.Error("what has not changed was written again")
	}
	next.Save(nil)
	if _, err := os.Stat(f.path); !os.IsNotExist(err) {
		t.Error("there is a file of no rooms")
	}
	if left, _ := os.ReadDir(folder); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
}

func TestFollow(t *testing.T) {
	log, _ := logged()
	f := Open(t.TempDir(), 8080, log)
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	f.Follow(ctx, func() []broadcast.Saved {
		if asked++; asked == 2 {
			cancel()
		}
		return rooms()[:asked]
	})
	if got := Open(filepath.Dir(f.path), 8080, log).Load(); len(got) != 2 {
		t.Errorf("%d rooms were saved", len(got))
	}
}

// TestOldRooms: those of yesterday are nobody's, and those of a relay in which
// nothing changes are not old.
func TestOldRooms(t *testing.T) {
	log, _ := logged()
	f := Open(t.TempDir(), 8080, log)
	f.Save(rooms())
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(f.path, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	if got := Open(filepath.Dir(f.path), 8080, log).Load(); got != nil {
		t.Errorf("got %+v", got)
	}
	f.touched = yesterday
	f.Save(rooms())
	next := Open(filepath.Dir(f.path), 8080, log)
	if got := next.Load(); len(got) != 2 {
		t.Errorf("got %+v", got)
	}
	next.Save(nil)
	if _, err := os.Stat(f.path); !os.IsNotExist(err) {
		t.Error("old rooms stay for ever")
	}
}

func TestNoFolder(t *testing.T) {
	log, text := logged()
	f := Open("", 8080, log)
	if f.Load() != nil {
		t.Error("rooms came from nowhere")
	}
	f.Save(rooms())
	if n := strings.Count(text.String(), "\n"); n != 1 || !strings.Contains(text.String(), "--state-dir") {
		t.Error(text)
	}
}

// TestBroken: what is broken is kept, and the relay goes on without.
func TestBroken(t *testing.T) {
	whole, err := encode(rooms())
	if err != nil {
		t.Fatal(err)
	}
	alter := func(old, new string) string { return strings.Replace(string(whole), old, new, 1) }
	for name, content := range map[string]string{
		"empty": "", "garbage": "\x00\x01", "cut short": string(whole[:len(whole)/2]), "twice": string(whole) + string(whole),
		"other fields": alter(`"locked"`, `"lock"`), "no name": alter(`"art"`, `"a/t"`), "short hash": alter(`"hold": "`, `"hold": "00`),
		"negative": alter("20,", "-20,"), "no device": alter("device-of-eve-0001", ""), "long device": alter("device-0123456789", strings.Repeat("d", 300)),
		"many rooms": `{"rooms":[` + strings.Repeat(`{"room":"a"},`, maxRooms) + `{"room":"a"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			log, text := logged()
			f := Open(t.TempDir(), 8080, log)
			if err := os.WriteFile(f.path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if f.Load() != nil {
				t.Error("rooms came of it")
			}
			f.Save(rooms())
			if kept, err := os.ReadFile(f.path + aside); err != nil || string(kept) != content {
				t.Errorf("it is lost: %v", err)
			}
			if !strings.Contains(text.String(), aside) || strings.Count(text.String(), "\n") != 1 {
				t.Error(text)
			}
			if got := Open(filepath.Dir(f.path), 8080, log).Load(); len(got) != 2 {
				t.Error("the relay saves nothing any more")
			}
		})
	}
}

// TestMoreThanFits: what is written can be read again; the rest is left out, not all of it.
func TestMoreThanFits(t *testing.T) {
	log, text := logged()
	f := Open(t.TempDir(), 8080, log)
	many := rooms()
	for i := range maxDevices {
		many[0].Rules.Known = append(many[0].Rules.Known, fmt.Sprintf("device-%09d", i))
	}
	for i := range maxRooms {
		many = append(many, broadcast.Saved{Room: fmt.Sprint("room-", i), Rules: broadcast.Rules{Locked: true}})
	}
	f.Save(many)
	got := Open(filepath.Dir(f.path), 8080, log).Load()
	if len(got) != maxRooms || len(got[0].Rules.Known) != maxDevices {
		t.Errorf("%d rooms came back: %s", len(got), text)
	}
}

// TestNeverOverwritten: what can't be moved aside stays.
func TestNeverOverwritten(t *testing.T) {
	log, text := logged()
	f := Open(t.TempDir(), 8080, log)
	for _, path := range []string{f.path, f.path + aside} { // a folder takes no file's place
		if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if f.Load() != nil {
		t.Error("rooms came of a folder")
	}
	f.Save(rooms())
	if info, err := os.Stat(f.path); err != nil || !info.IsDir() {
		t.Error("it was overwritten")
	}
	if strings.Count(text.String(), "\n") != 1 {
		t.Error(text)
	}
}

// TestNoRoomOnDisk: it is said once, and again when it was well between.
func TestNoRoomOnDisk(t *testing.T) {
	log, text := logged()
	parent := t.TempDir()
	folder := filepath.Join(parent, "state")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := Open(folder, 8080, log)
	f.Save(rooms())
	f.Save(rooms()[:1])
	if n := strings.Count(text.String(), "cannot be saved"); n != 1 {
		t.Errorf("said %d times:\n%s", n, text)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	f.Save(rooms())
	if len(Open(folder, 8080, log).Load()) != 2 {
		t.Error("nothing was saved when it could be")
	}
}

func FuzzDecode(f *testing.F) {
	whole, err := encode(rooms())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:100])
	f.Add([]byte(`{"rooms":[{"room":"a","hold":"00"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := decode(text)
		if err != nil {
			return
		}
		again, err := encode(got)
		if err != nil {
			t.Skip(err) // a year that JSON has no word for
		}
		if back, err := decode(again); err != nil || len(back) != len(got) {
			t.Errorf("%v: %q", err, again)
		}
	})
}
