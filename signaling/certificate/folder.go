package certificate

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
)

const (
	authorityFile = "ca.pem"
	leafFile      = "leaf.pem"
	// maxFile is more than any certificate needs.
	maxFile = 1 << 20
)

// errTaken says that a file is there that was to be new.
var errTaken = errors.New("there is one already")

// folder keeps pairs, each in one file: a key and a certificate that belong
// together cannot come apart.
type folder struct {
	path string
	log  *slog.Logger
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
	f.warnIfShared(name)
	return readPair(text)
}

// warnIfShared speaks up when others may read a key. Windows has no such modes.
func (f folder) warnIfShared(name string) {
	info, err := os.Stat(f.file(name))
	if err == nil && info.Mode()&0o077 != 0 && runtime.GOOS != "windows" {
		f.log.Warn("other users may read this private key; run chmod 600 on it", "file", f.file(name))
	}
}

// create writes a new file; the error is errTaken if there is one already.
func (f folder) create(name string, p *pair) error {
	return f.write(name, p, func(temporary, path string) error {
		err := os.Link(temporary, path) // unlike a rename, it never overwrites
		switch {
		case errors.Is(err, fs.ErrExist):
			return errTaken
		case err != nil:
			return os.Rename(temporary, path) // FAT and some network file systems have no links
		}
		return nil
	})
}

// replace writes a file that may be there already.
func (f folder) replace(name string, p *pair) error {
	return f.write(name, p, os.Rename)
}

// write has place put a complete file where it belongs: a power cut leaves the
// old one or the new one.
func (f folder) write(name string, p *pair, place func(temporary, path string) error) error {
	text, err := p.encode()
	if err != nil {
		return err
	}
	temporary, err := f.writeTemporary(text)
	if temporary != "" {
		defer func() { _ = os.Remove(temporary) }() // gone if it was renamed
	}
	if err == nil {
		err = place(temporary, f.file(name))
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written (%w); make room and let the relay write there, or name another folder with --state-dir",
			f.file(name), cause(err))
	}
	return nil
}

// writeTemporary writes a file that only its owner may read, and names it as
// soon as it is there.
func (f folder) writeTemporary(text []byte) (path string, err error) {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return "", err
	}
	file, err := os.CreateTemp(f.path, ".new-*")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	return file.Name(), err
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
