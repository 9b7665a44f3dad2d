package certificate

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// noLinks is os.Link on FAT.
func noLinks(from, to string) error {
	return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM}
}

// TestOpenLocalAtOnce: relays that start together end up with one CA, with links
// and without.
func TestOpenLocalAtOnce(t *testing.T) {
	for name, link := range map[string]func(from, to string) error{"links": os.Link, "no links": noLinks} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			relays := make([]*Local, 8)
			var all sync.WaitGroup
			for i := range relays {
				all.Go(func() {
					var err error
					if relays[i], err = openLocal(labConfig(path), folder{path, slog.New(slog.DiscardHandler), link}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			last := must(OpenLocal(labConfig(path)))
			for _, l := range relays {
				if l == nil || !l.CA().Equal(last.CA()) || trust(last.CA(), l.newest(), time.Now()) != nil {
					t.Fatal("a relay has a CA of its own")
				}
			}
			if names := fileNames(t, path); !slices.Equal(names, []string{"ca.pem", "leaf.pem"}) {
				t.Errorf("the folder has %v", names)
			}
		})
	}
}

// TestCreate: what is there already is never overwritten.
func TestCreate(t *testing.T) {
	for name, link := range map[string]func(from, to string) error{"links": os.Link, "no links": noLinks} {
		f := folder{t.TempDir(), slog.New(slog.DiscardHandler), link}
		first := must(newAuthority(lab(), today))
		check(t, f.create("ca.pem", first))
		before := listing(t, f.file("ca.pem"))
		if err := f.create("ca.pem", must(newAuthority(lab(), today))); !errors.Is(err, errTaken) {
			t.Errorf("%s: the second CA: %v", name, err)
		}
		if listing(t, f.file("ca.pem")) != before || !must(f.read("ca.pem")).certificate.Equal(first.certificate) {
			t.Errorf("%s: the first CA is gone", name)
		}
		if mode := must(os.Stat(f.file("ca.pem"))).Mode(); mode != 0o600 {
			t.Errorf("%s: mode %s", name, mode)
		}
	}
}

// TestFailedWriteLeavesNothing: the place of the file is taken by a folder.
func TestFailedWriteLeavesNothing(t *testing.T) {
	s := soundState(t)
	s.folderFor("leaf.pem")
	s.put("leaf.pem/x", nil)
	before := listing(t, s.file("leaf.pem"))
	f := folder{s.folder, nil, os.Link}
	p := must(newAuthority(lab(), today))
	if f.replace("leaf.pem", p) == nil || f.create("ca.pem", p) == nil {
		t.Error("it was written")
	}
	if names := fileNames(t, s.folder); len(names) != 2 || listing(t, s.file("leaf.pem")) != before {
		t.Errorf("left behind: %v", names)
	}
}

// TestFillRemovesWhatItCannotComplete: the file refuses to be written.
func TestFillRemovesWhatItCannotComplete(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca.pem")
	write(t, path, nil)
	file := must(os.Open(path))
	if fill(file, []byte("text")) == nil {
		t.Error("it was written")
	}
	if names := fileNames(t, filepath.Dir(path)); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

// TestFileThatGrows: a relay starts while another writes the CA.
func TestFileThatGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := soundState(t)
		text := s.text("ca.pem")
		s.put("ca.pem", text[:300])
		s.put(".new-1", text)
		go func() {
			time.Sleep(time.Second)
			s.put("ca.pem", text)
			s.remove(".new-1")
		}()
		l := must(OpenLocal(labConfig(s.folder)))
		if !l.CA().Equal(must(readPair(text)).certificate) {
			t.Error("another CA")
		}
	})
}

// TestFileThatStoppedGrowing: the relay that wrote it was killed.
func TestFileThatStoppedGrowing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := soundState(t)
		s.put("ca.pem", s.text("ca.pem")[:300])
		s.put(".new-1", nil)
		start := time.Now()
		refuses(t, s.folder, s.file("ca.pem"), "cut short", s.folder)
		if waited := time.Since(start); waited > 5*time.Second {
			t.Errorf("after %s", waited)
		}
	})
}

// TestSweep: keys that killed relays left are removed, and nothing else.
func TestSweep(t *testing.T) {
	s := soundState(t)
	for name, age := range map[string]time.Duration{".new-1": 61 * time.Minute, ".new-2": 59 * time.Minute, ".new-3": -day, "notes": 1000 * day} {
		s.put(name, []byte("x"))
		at := time.Now().Add(-age)
		check(t, os.Chtimes(s.file(name), at, at))
	}
	check(t, os.Mkdir(s.file(".new-folder"), 0o700))
	check(t, os.Chtimes(s.file(".new-folder"), relayWritten, relayWritten))
	must(OpenLocal(labConfig(s.folder)))
	if names := fileNames(t, s.folder); !slices.Equal(names, []string{".new-2", ".new-3", ".new-folder", "ca.pem", "leaf.pem", "notes"}) {
		t.Errorf("the folder has %v", names)
	}
}

// TestBrokenStateIsNotSwept: nothing is touched.
func TestBrokenStateIsNotSwept(t *testing.T) {
	s := soundState(t)
	s.put("leaf.pem", bytes.ToLower(s.text("leaf.pem")))
	s.put(".new-1", nil)
	check(t, os.Chtimes(s.file(".new-1"), relayWritten, relayWritten))
	refuses(t, s.folder, s.file("leaf.pem"), "no certificate in it", s.folder)
}

// TestSharedIsReported: others may read a key, or replace it.
func TestSharedIsReported(t *testing.T) {
	for _, test := range []struct {
		name   string
		mode   os.FileMode
		advice string // none: nothing is said
	}{
		{"ca.pem", 0o640, "chmod 600"},
		{"leaf.pem", 0o604, "chmod 600"},
		{"", 0o770, "chmod go-w"},
		{"", 0o702, "chmod go-w"},
		{"", 0o755, ""},
	} {
		s := soundState(t)
		check(t, os.Chmod(s.file(test.name), test.mode))
		var log logbook
		config := labConfig(s.folder)
		config.Log = log.logger()
		must(OpenLocal(config))
		want := min(1, len(test.advice))
		if log.count("level=WARN") != want || log.count(test.advice+" on it\" path="+s.file(test.name)+"\n")+log.count(test.advice+" on its folder\" path="+s.folder+"\n") != want {
			t.Errorf("%q with mode %o: %s", test.name, test.mode, strings.TrimSpace(log.text.String()))
		}
	}
}
