// Package certificate keeps what the relay proves its identity with in HTTPS: a
// CA of its own that can vouch for nothing but this network, with a certificate
// that follows the machine's names, or the files of somebody else's CA.
package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// followEvery is how often the machine's names are looked at: a new address
	// is to work within half a minute.
	followEvery = 10 * time.Second
	// maxLeaves bounds a laptop that moves through many networks.
	maxLeaves = 8
)

// LocalConfig says where a Local keeps its files and for which machine it is.
type LocalConfig struct {
	Folder string       // for ca.pem and leaf.pem; made if it is not there
	Names  func() Names // this machine's, afresh with each call
	Log    *slog.Logger
}

// Local is the relay's own CA with the certificates (leaves) it signed.
type Local struct {
	// Static.
	config LocalConfig
	folder folder
	ca     *pair

	// leaves are replaced as a whole by their owner, oldest first, never empty.
	leaves atomic.Pointer[[]*tls.Certificate]

	// Owned by OpenLocal, then by Follow.
	unsaved *pair           // the newest leaf, until it is on disk
	refused map[string]bool // subjects that the CA does not permit, and that were logged
	renewal complaint
}

// OpenLocal reads the CA and its last leaf, or makes what is not there. Nothing
// is written if anything is broken.
func OpenLocal(c LocalConfig) (*Local, error) {
	l := &Local{config: c, folder: folder{c.Folder, c.Log}, refused: map[string]bool{}}
	l.leaves.Store(&[]*tls.Certificate{})
	now := time.Now()
	leaf, err := l.read(now)
	if err != nil {
		return nil, err
	}
	if l.ca == nil {
		if err := l.makeAuthority(now); err != nil {
			return nil, err
		}
	}
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
		return nil, fmt.Errorf("%s cannot be read as the relay's certificate (%w); remove it, and the relay makes a new one",
			l.folder.file(leafFile), err)
	}
	return leaf, nil
}

// readAuthority is nil without an error if there is none.
func (l *Local) readAuthority(now time.Time) (*pair, error) {
	ca, err := l.folder.read(authorityFile)
	if ca != nil {
		err = checkAuthority(ca.certificate, now)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read as the relay's CA (%w); restore it, or remove it and the relay makes a new CA, "+
			"which everybody has to trust again", l.folder.file(authorityFile), err)
	}
	return ca, nil
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

// CA is the certificate that people are to trust.
func (l *Local) CA() *x509.Certificate { return l.ca.certificate }

// Follow keeps the leaf up to date until ctx ends. While a new one cannot be
// written it is served from memory, and written later.
func (l *Local) Follow(ctx context.Context) {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			l.renewal.about(l.renew(time.Now()), l.config.Log, "the certificate could not be renewed or kept")
		}
	}
}

// renew makes a leaf if the machine has a name that the newest one lacks, or if
// that ends soon. A name that only went away is no reason.
func (l *Local) renew(now time.Time) error {
	wanted := l.wanted()
	last := l.newest()
	if endsSoon(last, l.ca.certificate, now) || len(missing(last, wanted)) > 0 {
		leaf, err := newLeaf(l.ca, merged(wanted, last), now)
		if err != nil {
			return err
		}
		l.add(leaf, now)
		l.unsaved = leaf
		l.config.Log.Info("certificate renewed", "added", missing(last, wanted), "until", leaf.certificate.NotAfter)
	}
	return l.save()
}

func (l *Local) save() error {
	if l.unsaved == nil {
		return nil
	}
	if err := l.folder.replace(leafFile, l.unsaved); err != nil {
		return err
	}
	l.unsaved = nil
	return nil
}

// wanted are the machine's names without those that the CA does not permit: one
// of them, and clients would refuse the whole leaf.
func (l *Local) wanted() []string {
	names := l.config.Names()
	permitted := constraintsOf(l.ca.certificate)
	return slices.DeleteFunc(names.subjects(), func(subject string) bool {
		if permitted.permit(subject) {
			return false
		}
		l.warnRefused(subject, constraintsFor(names).permit(subject))
		return true
	})
}

// warnRefused says once for each name what to do about it.
func (l *Local) warnRefused(subject string, newAuthorityWould bool) {
	if l.refused[subject] {
		return
	}
	l.refused[subject] = true
	if newAuthorityWould {
		l.config.Log.Warn("the relay's CA was made before this machine had this name and cannot vouch for it, so browsers warn; "+
			"remove its file and restart, and the relay makes a new CA, which everybody has to trust again",
			"name", subject, "file", l.folder.file(authorityFile))
		return
	}
	l.config.Log.Warn("no CA of the relay vouches for this name, because websites end in it, so browsers warn; "+
		"open the relay by its address or its .local name", "name", subject)
}

// newest is, before the first leaf, a certificate for nothing that has ended.
func (l *Local) newest() *x509.Certificate {
	leaves := *l.leaves.Load()
	if len(leaves) == 0 {
		return &x509.Certificate{}
	}
	return leaves[len(leaves)-1].Leaf
}

// add makes a leaf the newest. Those that end soon are handed out no more; of
// too many the second goes, since most people have met the first. The CA goes along
// with a leaf so that a browser's certificate viewer shows its fingerprint before
// anybody trusts it.
func (l *Local) add(leaf *pair, now time.Time) {
	leaves := slices.DeleteFunc(slices.Clone(*l.leaves.Load()), func(old *tls.Certificate) bool {
		return endsSoon(old.Leaf, l.ca.certificate, now)
	})
	if len(leaves) == maxLeaves {
		leaves = slices.Delete(leaves, 1, 2)
	}
	leaves = append(leaves, &tls.Certificate{
		Certificate: [][]byte{leaf.certificate.Raw, l.ca.certificate.Raw},
		PrivateKey:  leaf.key,
		Leaf:        leaf.certificate,
	})
	l.leaves.Store(&leaves)
}

// GetCertificate is for tls.Config.
func (l *Local) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return choose(*l.leaves.Load(), l.ca.certificate, asked(hello), time.Now()), nil
}
