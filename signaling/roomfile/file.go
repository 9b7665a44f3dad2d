// Package roomfile keeps in a file what of a relay's rooms outlives its process:
// who may take a room back, as a hash, and what was settled for it. A relay that was
// killed has the rooms of a second ago.
package roomfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"relay/broadcast"
)

const (
	// saveEvery is how often the rooms are looked at; what has not changed is not
	// written again.
	saveEvery = 500 * time.Millisecond
	// maxFile bounds what is read and written: thousands of rooms, each with rules.
	maxFile = 32 << 20
	// touchEvery is how often the file is marked as that of a relay that runs, and
	// maxAge is how old that mark may be: of a relay that was stopped the day before
	// nobody comes back.
	touchEvery = 30 * time.Second
	maxAge     = 15 * time.Minute
	// aside is added to the name of a file that cannot be read as rooms.
	aside = ".broken"
)

// File is the rooms of one relay on disk. Its methods are for one goroutine at a time.
type File struct {
	// static
	path string
	log  *slog.Logger

	saved    []byte    // what the file has; nil: there is none
	touched  time.Time // when it was marked
	disabled bool      // it must not be written
	failed   string    // what the log was told
}

// Open names the file of a relay that listens on this port, in the folder of its
// state; "" is no folder, and the rooms end with the process.
func Open(folder string, port uint16, log *slog.Logger) *File {
	return &File{path: filepath.Join(folder, fmt.Sprintf("rooms-%d.json", port)), log: log, disabled: folder == ""}
}

// Load is the rooms of the process before, if it left any. A file that is broken is
// moved aside; one that can't be is never written again.
func (f *File) Load() []broadcast.Saved {
	if f.disabled {
		f.log.Warn("rooms end with this process: there is no folder for them", "flag", "--state-dir")
		return nil
	}
	text, age, err := readFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var rooms []broadcast.Saved
	if err == nil {
		rooms, err = decode(text)
	}
	if err != nil {
		f.moveAside(err)
		return nil
	}
	f.saved = text
	if age > maxAge {
		return nil
	}
	if len(rooms) > 0 {
		f.log.Info("rooms restored", "rooms", len(rooms), "file", f.path)
	}
	return rooms
}

func (f *File) moveAside(cause error) {
	if err := os.Rename(f.path, f.path+aside); err != nil {
		f.disabled = true
		f.log.Error("the rooms of the relay before cannot be read; they stay as they are, and this relay's end with it",
			"file", f.path, "cause", cause, "moving_aside", err)
		return
	}
	f.log.Error("the rooms of the relay before cannot be read; the file was moved aside", "file", f.path+aside, "cause", cause)
}

// Follow saves what changes until ctx ends.
func (f *File) Follow(ctx context.Context, rooms func() []broadcast.Saved) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.Save(rooms())
		}
	}
}

// Save writes the rooms, unless the file has them already. What goes wrong is logged,
// once while it lasts: a relay without it is better than none.
func (f *File) Save(rooms []broadcast.Saved) {
	if f.disabled {
		return
	}
	err := f.save(rooms)
	switch {
	case err == nil:
		f.failed = ""
	case err.Error() != f.failed:
		f.failed = err.Error()
		f.log.Warn("rooms cannot be saved; a restart would forget them", "file", f.path, "cause", err)
	}
}

func (f *File) save(rooms []broadcast.Saved) error {
	if len(rooms) == 0 {
		return f.remove()
	}
	text, err := encode(rooms)
	if err != nil {
		return err
	}
	if bytes.Equal(text, f.saved) {
		return f.touch(time.Now())
	}
	if len(text) > maxFile {
		return fmt.Errorf("they would be more than %d bytes", maxFile)
	}
	if err := write(f.path, text); err != nil {
		return err
	}
	f.saved, f.touched = text, time.Now()
	return nil
}

// touch marks the file, unless it was marked a moment ago.
func (f *File) touch(now time.Time) error {
	if now.Sub(f.touched) < touchEvery {
		return nil
	}
	f.touched = now
	return os.Chtimes(f.path, now, now)
}

// remove leaves no file of a relay without rooms.
func (f *File) remove() error {
	if f.saved == nil {
		return nil
	}
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.saved = nil
	return nil
}

// write puts a whole file in the place of another: a power cut leaves either.
func write(path string, text []byte) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".new-rooms-*") // for its owner only
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // gone if it was renamed
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// readFile refuses what could block (a pipe) or never end (a device). age is the time
// since the file was marked.
func readFile(path string) (text []byte, age time.Duration, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, 0, err
	case !info.Mode().IsRegular():
		return nil, 0, errors.New("it is no regular file")
	case info.Size() > maxFile:
		return nil, 0, errors.New("it is too large")
	}
	text, err = os.ReadFile(path)
	return text, time.Since(info.ModTime()), err
}
