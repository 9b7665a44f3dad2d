package certificate

import (
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// movable is a machine whose names change.
type movable struct{ names atomic.Pointer[Names] }

func (m *movable) move(names Names) { m.names.Store(&names) }
func (m *movable) current() Names   { return *m.names.Load() }

// following runs test in virtual time while a Local follows the machine, and
// waits for Follow's end.
func following(t *testing.T, test func(l *Local, m *movable, log *logbook, folder string)) {
	synctest.Test(t, func(t *testing.T) {
		var m movable
		m.move(lab())
		var log logbook
		folder := t.TempDir()
		l := must(OpenLocal(LocalConfig{Folder: folder, Names: m.current, Log: log.logger()}))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			l.Follow(ctx)
			close(ended)
		}()
		test(l, &m, &log, folder)
		cancel()
		<-ended
	})
}

// pass lets virtual time pass, and what is due be done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// onDisk is the leaf that the next start would read.
func onDisk(folder string) *x509.Certificate {
	return must(readPair(must(os.ReadFile(filepath.Join(folder, "leaf.pem"))))).certificate
}

func TestFollow(t *testing.T) {
	following(t, func(l *Local, m *movable, log *logbook, folder string) {
		first := l.newest()
		pass(time.Minute)
		if !l.newest().Equal(first) {
			t.Error("renewed for nothing")
		}
		m.move(Names{Hosts: lab().Hosts, Addresses: prefixes("10.1.1.1/24")})
		pass(followEvery)
		second := l.newest()
		if !covers(second, "10.1.1.1") || !covers(second, "192.168.1.20") {
			t.Errorf("it covers %v", subjectsOf(second))
		}
		if !onDisk(folder).Equal(second) {
			t.Error("it is not on disk")
		}
		check(t, trust(l.CA(), first, today))
		check(t, trust(l.CA(), second, today))
		m.move(lab()) // an address went away, the other came back
		pass(time.Minute)
		if !l.newest().Equal(second) {
			t.Error("renewed though all is covered")
		}
		if log.count("certificate renewed") != 2 || log.count("added=[10.1.1.1]") != 1 {
			t.Errorf("the log: %s", log.text.String())
		}
	})
}

// TestFollowWithoutRoom: the new leaf is served from memory, the failure is said
// once, and the leaf is written as soon as that works.
func TestFollowWithoutRoom(t *testing.T) {
	following(t, func(l *Local, m *movable, log *logbook, folder string) {
		file := filepath.Join(folder, "leaf.pem")
		check(t, os.Remove(file))
		check(t, os.MkdirAll(filepath.Join(file, "x"), 0o700))
		m.move(Names{Addresses: prefixes("10.1.1.1/24")})
		pass(time.Minute)
		if !covers(l.newest(), "10.1.1.1") {
			t.Error("the new leaf is not served")
		}
		if log.count("could not be renewed") != 1 {
			t.Errorf("the log: %s", log.text.String())
		}
		check(t, os.RemoveAll(file))
		pass(followEvery)
		if !onDisk(folder).Equal(l.newest()) {
			t.Error("another leaf is on disk")
		}
	})
}

// TestRenewal: a leaf is replaced in time, for all it covered.
func TestRenewal(t *testing.T) {
	l := must(OpenLocal(labConfig(t.TempDir())))
	first := l.newest()
	check(t, l.renew(first.NotAfter.Add(-60*day)))
	if !l.newest().Equal(first) {
		t.Error("renewed too early")
	}
	l.config.Names = func() Names { return Names{} }
	late := first.NotAfter.Add(-60*day + time.Second)
	check(t, l.renew(late))
	check(t, trust(l.CA(), l.newest(), late.Add(300*day)))
	if !covers(l.newest(), "192.168.1.20") || !covers(l.newest(), "lab7.local") {
		t.Errorf("it covers %v", subjectsOf(l.newest()))
	}
	if leaves := *l.leaves.Load(); len(leaves) != 1 {
		t.Errorf("%d leaves are left", len(leaves))
	}
}

func TestComplaint(t *testing.T) {
	var log logbook
	var c complaint
	for _, err := range []error{os.ErrExist, os.ErrExist, nil, os.ErrExist, os.ErrClosed, os.ErrClosed} {
		c.about(err, log.logger(), "trouble")
	}
	if log.count("trouble") != 3 {
		t.Errorf("the log: %s", log.text.String())
	}
}
