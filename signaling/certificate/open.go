package certificate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// newAuthorityAdvice is about the CA's file.
const newAuthorityAdvice = "remove it and restart, and the relay makes a new one, which everybody has to trust again"

// OpenLocal reads the CA and its last leaf, or makes what is not there. Nothing
// is written if anything is broken.
func OpenLocal(c LocalConfig) (*Local, error) {
	return openLocal(c, folder{c.Folder, c.Log, os.Link})
}

func openLocal(c LocalConfig, f folder) (*Local, error) {
	l := &Local{config: c, folder: f, refused: map[string]bool{}}
	l.leaves.Store(&[]*tls.Certificate{})
	now := time.Now()
	leaf, err := l.read(now)
	if err != nil {
		return nil, err
	}
	l.folder.sweep(now)
	if l.ca == nil {
		if err := l.makeAuthority(now); err != nil {
			return nil, err
		}
	}
	l.warnIfEarly(now)
	if leaf != nil && leaf.certificate.CheckSignatureFrom(l.ca.certificate) == nil {
		l.add(leaf, now)
	}
	if err := l.renew(now); err != nil {
		return nil, err
	}
	return l, nil
}

// read looks at both files before anything is written.
func (l *Local) read(now time.Time) (leaf *pair, err error) {
	if err := l.folder.check(); err != nil {
		return nil, err
	}
	if l.ca, err = l.readAuthority(now); err != nil {
		return nil, err
	}
	leaf, err = l.folder.read(leafFile)
	if err != nil {
		return nil, l.unreadable(leafFile, "certificate", err, "remove it, and the relay makes a new one")
	}
	return leaf, nil
}

// readAuthority is nil without an error if there is none.
func (l *Local) readAuthority(now time.Time) (*pair, error) {
	ca, err := l.folder.readNew(authorityFile)
	if ca != nil {
		err = checkAuthority(ca.certificate, now)
	}
	if err != nil {
		return nil, l.unreadable(authorityFile, "CA", err, "restore it, or "+newAuthorityAdvice)
	}
	return ca, nil
}

// unreadable is the sentence about a file; the advice is for one that is broken.
func (l *Local) unreadable(name, role string, err error, advice string) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s cannot be read as the relay's %s: %w; run the relay as the owner of that file, or name another folder with --state-dir",
			l.folder.file(name), role, err)
	}
	return fmt.Errorf("%s cannot be read as the relay's %s (%w); %s", l.folder.file(name), role, err, advice)
}

// makeAuthority makes a CA, or takes that of another relay that was faster.
func (l *Local) makeAuthority(now time.Time) (err error) {
	l.ca, err = newAuthority(l.config.Names(), now)
	if err != nil {
		return err
	}
	err = l.folder.create(authorityFile, l.ca)
	if errors.Is(err, errTaken) {
		return l.takeAuthority(now)
	}
	if err == nil {
		l.config.Log.Info("local CA made", "file", l.folder.file(authorityFile), "name", l.ca.certificate.Subject.CommonName,
			"fingerprint", Fingerprint(l.ca.certificate), "until", l.ca.certificate.NotAfter)
	}
	return err
}

// takeAuthority reads the CA that was not there a moment ago.
func (l *Local) takeAuthority(now time.Time) (err error) {
	l.ca, err = l.readAuthority(now)
	if err == nil && l.ca == nil {
		err = fmt.Errorf("%s came and went while the relay started; start it again", l.folder.file(authorityFile))
	}
	return err
}

// warnIfEarly speaks up about a CA that was made while the clock was ahead.
func (l *Local) warnIfEarly(now time.Time) {
	if isEarly(l.ca.certificate, now) {
		l.config.Log.Warn("browsers refuse the relay's CA, which is not valid yet; set the clock if that is wrong, or "+newAuthorityAdvice,
			"file", l.folder.file(authorityFile), "from", l.ca.certificate.NotBefore)
	}
}
