package access

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// secretFile is in the relay's state folder.
	secretFile = "token.key"
	// maxSecret is more than any secret has.
	maxSecret = 4 << 10
	// secretMode is for its owner only: who reads it can make any token.
	secretMode = 0o600
)

// ErrNoFolder says that a secret could not be kept.
var ErrNoFolder = errors.New("the secret of the tokens cannot be kept")

// NewSecret makes one of 52 letters and digits, 260 bits.
func NewSecret() string { return rand.Text() + rand.Text() }

// OpenSecret reads the secret of the tokens in the state folder, or makes it there:
// made says which. A file that is broken stays as it is: the error is a sentence
// that begins with it. The error is ErrNoFolder where nothing can be written.
func OpenSecret(folder string) (secret string, made bool, err error) {
	file := filepath.Join(folder, secretFile)
	secret, err = ReadSecret(folder)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, false, err
	}
	if err := makeSecret(folder, file); err != nil {
		return "", false, err
	}
	// It may be another's that was faster.
	secret, err = readSecret(file)
	return secret, true, err
}

// ReadSecret is OpenSecret for who makes none: the error is fs.ErrNotExist where there
// is no secret.
func ReadSecret(folder string) (string, error) { return readSecret(filepath.Join(folder, secretFile)) }

func readSecret(file string) (string, error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fs.ErrNotExist
	case err == nil && info.Mode()&fs.ModeSymlink != 0:
		info, err = os.Stat(file)
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: %s cannot be read (%w); make its folder accessible, or name another with --state-dir", ErrNoFolder, file, causeOf(err))
	case !info.Mode().IsRegular() || info.Size() > maxSecret:
		return "", broken(file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s cannot be read as the secret of the tokens: %w; run the relay as the owner of that file", file, causeOf(err))
	}
	secret := strings.TrimSpace(string(text))
	if CheckSecret(secret) != nil || strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", broken(file)
	}
	return secret, nil
}

func broken(file string) error {
	return fmt.Errorf("%s cannot be read as the secret of the tokens: that is a line of %d characters or more; "+
		"restore it, or remove it and restart, and the relay makes a new one, for which all tokens are wrong", file, minSecret)
}

// makeSecret writes a file that is complete from the moment it is there, and does
// not overwrite one.
func makeSecret(folder, file string) error {
	temporary, err := writeSecret(folder)
	if err == nil {
		defer func() { _ = os.Remove(temporary) }() // gone if it was renamed
		err = os.Link(temporary, file)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) && temporary != "" {
		err = renameNew(temporary, file) // FAT and some network file systems have no links
	}
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return fmt.Errorf("%w: %s cannot be written (%w); let the relay write there, or name another folder with --state-dir", ErrNoFolder, file, causeOf(err))
}

// renameNew is a rename for where nothing is.
func renameNew(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

func writeSecret(folder string) (path string, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	file, err := os.CreateTemp(folder, ".new-*") // for its owner only
	if err != nil {
		return "", err
	}
	_, err = file.WriteString(NewSecret() + "\n")
	if err == nil {
		err = errors.Join(file.Chmod(secretMode), file.Sync())
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// causeOf is an error without the operation and the path, which its sentence has.
func causeOf(err error) error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err
}
