package certificate

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	authorityFile = "ca.pem"
	leafFile      = "leaf.pem"
	// temporaryPrefix is of files that a relay is at work on, or that it left when
	// it was killed.
	temporaryPrefix = ".new-"
	// maxFile is more than any certificate needs.
	maxFile = 1 << 20
	// readTries and readPause bound how long a file may be in the making.
	readTries = 40
	readPause = 50 * time.Millisecond
)

// errTaken says that a file is there that was to be new.
var errTaken = errors.New("there is one already")

// folder keeps pairs, each in one file: a key and a certificate that belong
// together cannot come apart.
type folder struct {
	path string
	log  *slog.Logger
	link func(from, to string) error // os.Link
}

func (f folder) file(name string) string { return filepath.Join(f.path, name) }

// check finds a folder that is none. It need not be there yet.
func (f folder) check() error {
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s cannot be the folder for the relay's CA (%w); make it accessible, or name another with --state-dir",
			f.path, cause(err))
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder, so it cannot keep the relay's CA; remove it, or name another with --state-dir", f.path)
	}
	f.warnOfOthers(f.path, 0o022, "other users may replace the relay's CA; run chmod go-w on its folder")
	return nil
}

// read is nil without an error if there is no such file.
func (f folder) read(name string) (*pair, error) {
	text, err := readFile(f.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := readPair(text)
	if err == nil {
		f.warnOfOthers(f.file(name), 0o077, "other users may read this private key; run chmod 600 on it")
	}
	return p, err
}

// readNew is read for a file that create makes. Where there are no links it grows
// before everybody's eyes: one that is broken is read again while any relay is
// at work in the folder.
func (f folder) readNew(name string) (*pair, error) {
	for range readTries {
		if p, err := f.read(name); err == nil {
			return p, nil
		}
		if len(f.temporaries()) == 0 {
			break
		}
		time.Sleep(readPause)
	}
	return f.read(name)
}

// warnOfOthers speaks up when other users have any of the rights. Windows has no
// such modes.
func (f folder) warnOfOthers(path string, rights fs.FileMode, message string) {
	info, err := os.Stat(path)
	if err == nil && info.Mode()&rights != 0 && runtime.GOOS != "windows" {
		f.log.Warn(message, "path", path)
	}
}

// sweep removes what relays left that were killed, for there are keys in it.
// Younger files may be another's that is at work.
func (f folder) sweep(now time.Time) {
	for _, entry := range f.temporaries() {
		if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > time.Hour {
			_ = os.Remove(f.file(entry.Name())) // the next start tries again
		}
	}
}

func (f folder) temporaries() []fs.DirEntry {
	entries, _ := os.ReadDir(f.path) // none in a folder that is not there yet
	return slices.DeleteFunc(entries, func(entry fs.DirEntry) bool {
		return !strings.HasPrefix(entry.Name(), temporaryPrefix) || !entry.Type().IsRegular()
	})
}

// create writes a new file; the error is errTaken if there is one already.
func (f folder) create(name string, p *pair) error {
	return f.write(name, p, func(text []byte, temporary, path string) error {
		err := f.link(temporary, path) // unlike a rename, it never overwrites
		if err != nil && !errors.Is(err, fs.ErrExist) {
			err = writeNew(text, path) // FAT and some network file systems have no links
		}
		if errors.Is(err, fs.ErrExist) {
			return errTaken
		}
		return err
	})
}

// replace writes a file that may be there already.
func (f folder) replace(name string, p *pair) error {
	return f.write(name, p, func(_ []byte, temporary, path string) error { return os.Rename(temporary, path) })
}

// write has place put a complete file where it belongs: a power cut leaves the
// old one or the new one.
func (f folder) write(name string, p *pair, place func(text []byte, temporary, path string) error) error {
	text, err := p.encode()
	if err != nil {
		return err
	}
	temporary, err := f.writeTemporary(text)
	if err == nil {
		defer func() { _ = os.Remove(temporary) }() // gone if it was renamed
		err = place(text, temporary, f.file(name))
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written (%w); make room and let the relay write there, or name another folder with --state-dir",
			f.file(name), cause(err))
	}
	return nil
}

// writeTemporary makes the folder as well.
func (f folder) writeTemporary(text []byte) (path string, err error) {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return "", err
	}
	file, err := os.CreateTemp(f.path, temporaryPrefix+"*") // for its owner only
	if err != nil {
		return "", err
	}
	return file.Name(), fill(file, text)
}

// writeNew fails if the file is there already.
func writeNew(text []byte, path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return fill(file, text)
}

// fill writes a file that was just made, onto the disk, and closes it. It removes
// what it cannot complete.
func fill(file *os.File, text []byte) error {
	_, err := file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// readFile refuses what could block (a pipe) or never end (a device).
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && isLink(path):
		return nil, errors.New("it is a link to nowhere")
	case err != nil:
		return nil, cause(err)
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Size() > maxFile:
		return nil, errors.New("it is too large for a certificate")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, cause(err)
	}
	return text, nil
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// cause is an error without the operation and the path, which its sentence has
// already.
func cause(err error) error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err
}
