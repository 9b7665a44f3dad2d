// Package certificate keeps what the relay proves its identity with in HTTPS: a
// CA of its own that can vouch for nothing but this network, with a certificate
// that follows the machine's names, or the files of somebody else's CA.
package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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
	ending  complaint
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
			now := time.Now()
			l.renewal.about(l.renew(now), l.config.Log, "the certificate could not be renewed or kept")
			l.ending.about(l.ends(now), l.config.Log, "the relay's CA has to be replaced")
		}
	}
}

// renew makes a leaf if the machine has a name that the newest one lacks, or if
// that is due. A name that only went away is no reason.
func (l *Local) renew(now time.Time) error {
	wanted := l.wanted()
	last := l.newest()
	if isDue(last, l.ca.certificate, now) || len(missing(last, wanted)) > 0 {
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

// ends is nil while the CA has time left.
func (l *Local) ends(now time.Time) error {
	ca := l.ca.certificate
	if word := ending(ca, renewalTime, now); word != "" {
		return fmt.Errorf("%s: this CA %s on %s; %s", l.folder.file(authorityFile), word, ca.NotAfter.Format(time.DateOnly), newAuthorityAdvice)
	}
	return nil
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
		l.reportRefused(subject, constraintsFor(names).permit(subject))
		return true
	})
}

// reportRefused says once for each name why browsers warn of it. For an address
// that is news to a person; host names change with each container.
func (l *Local) reportRefused(subject string, newAuthorityWould bool) {
	if l.refused[subject] {
		return
	}
	l.refused[subject] = true
	if !newAuthorityWould {
		l.config.Log.Info("no CA of the relay vouches for this name, because websites end in it, so browsers warn; "+
			"open the relay by its address or its .local name", "name", subject)
		return
	}
	report := l.config.Log.Info
	if !isHostName(subject) {
		report = l.config.Log.Warn
	}
	report("browsers warn of this name: the relay's CA was made on other networks and cannot vouch for it", "name", subject)
}

// newest is, before the first leaf, a certificate for nothing that has ended.
func (l *Local) newest() *x509.Certificate {
	leaves := *l.leaves.Load()
	if len(leaves) == 0 {
		return &x509.Certificate{}
	}
	return leaves[len(leaves)-1].Leaf
}

// add makes a leaf the newest. Those that are due are handed out no more; of
// too many the second goes, since most people have met the first. The CA goes along
// with a leaf so that a browser's certificate viewer shows its fingerprint before
// anybody trusts it.
func (l *Local) add(leaf *pair, now time.Time) {
	leaves := slices.DeleteFunc(slices.Clone(*l.leaves.Load()), func(old *tls.Certificate) bool {
		return isDue(old.Leaf, l.ca.certificate, now)
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
