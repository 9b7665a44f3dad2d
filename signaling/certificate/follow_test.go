package certificate

import (
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// TestClockThatWasAhead: what was made then is replaced, not handed out for years.
func TestClockThatWasAhead(t *testing.T) {
	folder := t.TempDir()
	l := must(OpenLocal(labConfig(folder)))
	now := time.Now()
	check(t, l.renew(now.AddDate(3, 0, 0)))
	if trust(l.CA(), onDisk(folder), now) == nil {
		t.Fatal("the leaf of the future is valid now")
	}
	l = must(OpenLocal(labConfig(folder)))
	check(t, trust(l.CA(), l.newest(), now))
	check(t, trust(l.CA(), onDisk(folder), now))
	if leaves := *l.leaves.Load(); len(leaves) != 1 || !covers(l.newest(), "192.168.1.20") {
		t.Errorf("%d leaves, the newest covers %v", len(leaves), subjectsOf(l.newest()))
	}
	settled := l.newest()
	check(t, l.renew(now.Add(followEvery)))
	if !l.newest().Equal(settled) {
		t.Error("renewed again")
	}
}

// TestAuthorityOfTheFuture: it is said, once, and the relay serves.
func TestAuthorityOfTheFuture(t *testing.T) {
	s := soundState(t)
	start := time.Now().AddDate(1, 0, 0)
	s.putCA(func(c *x509.Certificate) { c.NotBefore = start }, nil)
	var log logbook
	config := labConfig(s.folder)
	config.Log = log.logger()
	l := must(OpenLocal(config))
	check(t, l.renew(time.Now()))
	check(t, trust(l.CA(), l.newest(), start))
	if log.count("is not valid yet") != 1 || log.count("level=WARN") != 1 || log.count(s.file("ca.pem")) != 1 {
		t.Errorf("the log: %s", log.text.String())
	}
}

func TestAuthorityEndIsNear(t *testing.T) {
	l := must(OpenLocal(labConfig(t.TempDir())))
	end := l.CA().NotAfter
	for at, want := range map[time.Time]string{
		time.Now():                        "",
		end.Add(-60 * day):                "",
		end.Add(-60*day + time.Second):    "this CA ends on ",
		end:                               "this CA ends on ",
		end.Add(time.Second):              "this CA ended on ",
		relayWritten.Add(-20 * 365 * day): "",
	} {
		err := l.ends(at)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), "ca.pem: "+want+end.Format(time.DateOnly)+"; remove it")) {
			t.Errorf("on %s: %v", at, err)
		}
	}
}

// TestFollowToTheEndOfTheAuthority: its end is announced once, and once more
// when it has come.
func TestFollowToTheEndOfTheAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(relayWritten.Add(200 * day)))
		s := soundState(t)
		s.putCA(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(time.Minute) }, nil)
		var log logbook
		config := labConfig(s.folder)
		config.Log = log.logger()
		l := must(OpenLocal(config))
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { l.Follow(ctx) })
		pass(50 * time.Second)
		if log.count("this CA ends on") != 1 || log.count("this CA ended on") != 0 {
			t.Errorf("before its end: %s", log.text.String())
		}
		pass(time.Minute)
		if log.count("this CA ends on") != 1 || log.count("this CA ended on") != 1 || log.count("level=WARN") != 2 {
			t.Errorf("after its end: %s", log.text.String())
		}
		cancel()
		all.Wait()
	})
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
