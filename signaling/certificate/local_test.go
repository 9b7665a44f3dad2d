package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestOpenLocal(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "a")
	folder := filepath.Join(parent, "relay")
	first := must(OpenLocal(labConfig(folder)))
	for path, want := range map[string]os.FileMode{parent: 0o700, folder: 0o700, filepath.Join(folder, "ca.pem"): 0o600, filepath.Join(folder, "leaf.pem"): 0o600} {
		if mode := must(os.Stat(path)).Mode().Perm(); mode != want {
			t.Errorf("%s: mode %o, want %o", path, mode, want)
		}
	}
	if names := fileNames(t, folder); !slices.Equal(names, []string{"ca.pem", "leaf.pem"}) {
		t.Errorf("the folder has %v", names)
	}
	before := listing(t, folder)
	second := must(OpenLocal(labConfig(folder)))
	if !second.CA().Equal(first.CA()) || !second.newest().Equal(first.newest()) {
		t.Error("the second start has another CA or another leaf")
	}
	if listing(t, folder) != before {
		t.Error("the second start wrote something")
	}
}

// TestStaleLeaf: the owner removed ca.pem, so leaf.pem is another CA's.
func TestStaleLeaf(t *testing.T) {
	folder := t.TempDir()
	first := must(OpenLocal(labConfig(folder)))
	check(t, os.Remove(filepath.Join(folder, "ca.pem")))
	second := must(OpenLocal(labConfig(folder)))
	if second.CA().Equal(first.CA()) {
		t.Fatal("the CA is the same")
	}
	check(t, second.newest().CheckSignatureFrom(second.CA()))
	if third := must(OpenLocal(labConfig(folder))); !third.newest().Equal(second.newest()) {
		t.Error("the new leaf was not kept")
	}
}

// TestMovedMachine: the leaf covers what the CA permits, the rest is said once.
func TestMovedMachine(t *testing.T) {
	folder := t.TempDir()
	must(OpenLocal(labConfig(folder)))
	var log logbook
	config := LocalConfig{Folder: folder, Log: log.logger(), Names: func() Names {
		return Names{Hosts: []string{"lab8", "dev"}, Addresses: prefixes("203.0.113.5/24", "10.0.0.5/8")}
	}}
	l := must(OpenLocal(config))
	check(t, l.renew(time.Now()))
	check(t, trust(l.CA(), l.newest(), time.Now()))
	if !covers(l.newest(), "10.0.0.5") || !covers(l.newest(), "192.168.1.20") || covers(l.newest(), "lab8") || covers(l.newest(), "203.0.113.5") {
		t.Errorf("it covers %v", subjectsOf(l.newest()))
	}
	for phrase, want := range map[string]int{
		"name=lab8": 1, "name=203.0.113.5": 1, "name=dev": 1, "name=": 3, "level=WARN": 1,
		`WARN msg="browsers warn of this name: the relay's CA was made on other networks and cannot vouch for it" name=203.0.113.5`: 1,
		`INFO msg="browsers warn of this name: the relay's CA was made on other networks and cannot vouch for it" name=lab8`:        1,
		"websites end in it": 1, "remove": 0, "added=[10.0.0.5]": 1, "certificate renewed": 1,
	} {
		if got := log.count(phrase); got != want {
			t.Errorf("%q was logged %d times, want %d", phrase, got, want)
		}
	}
}

// TestManyLeaves: a few are kept, the first and the newest among them.
func TestManyLeaves(t *testing.T) {
	l := must(OpenLocal(labConfig(t.TempDir())))
	first := l.newest()
	var last *pair
	for range 20 {
		last = must(newLeaf(l.ca, []string{"localhost"}, time.Now()))
		l.add(last, time.Now())
	}
	leaves := *l.leaves.Load()
	if len(leaves) != maxLeaves || !leaves[0].Leaf.Equal(first) || !l.newest().Equal(last.certificate) {
		t.Errorf("%d leaves", len(leaves))
	}
	l.add(last, last.certificate.NotAfter)
	if leaves := *l.leaves.Load(); len(leaves) != 1 {
		t.Errorf("%d leaves after the others ended", len(leaves))
	}
}

// dialled is a client's connection to a listener on the address, after its TLS handshake.
func dialled(t *testing.T, address string, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	listener := must(tls.Listen("tcp", address, server))
	defer listener.Close()
	var serving sync.WaitGroup
	defer serving.Wait()
	serving.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_ = conn.(*tls.Conn).Handshake() // the client's side is judged
	})
	raw := must(net.Dial("tcp", listener.Addr().String()))
	defer raw.Close()
	conn := tls.Client(raw, client)
	err := conn.Handshake()
	return conn.ConnectionState(), err
}

// TestHandshake: a client that trusts the CA reaches the machine by address and by
// name, and sees the CA; one that does not trust it is warned.
func TestHandshake(t *testing.T) {
	l := must(OpenLocal(labConfig(t.TempDir())))
	roots := x509.NewCertPool()
	roots.AddCert(l.CA())
	server := &tls.Config{GetCertificate: l.GetCertificate}
	for name, listen := range map[string]string{"127.0.0.1": "127.0.0.1:0", "::1": "[::1]:0", "lab7.local": "127.0.0.1:0", "localhost": "127.0.0.1:0"} {
		state, err := dialled(t, listen, server, &tls.Config{ServerName: name, RootCAs: roots})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if sent := state.PeerCertificates; len(sent) != 2 || !bytes.Equal(sent[1].Raw, l.CA().Raw) {
			t.Errorf("%s: %d certificates were sent", name, len(sent))
		}
	}
	for name, config := range map[string]*tls.Config{
		"google.com": {ServerName: "google.com", RootCAs: roots},
		"a stranger": {ServerName: "localhost", RootCAs: x509.NewCertPool()},
	} {
		if _, err := dialled(t, "127.0.0.1:0", server, config); err == nil {
			t.Errorf("%s: no warning", name)
		}
	}
}

// TestAskedByAddress: without SNI the leaf is chosen by where the client
// connected to; a pipe has no address.
func TestAskedByAddress(t *testing.T) {
	l := must(OpenLocal(labConfig(t.TempDir())))
	newer := must(newLeaf(l.ca, []string{"localhost", "10.0.0.2", "fd00::2"}, time.Now()))
	first := l.newest()
	l.add(newer, time.Now())
	for _, test := range []struct {
		addr net.Addr
		want *x509.Certificate
	}{
		{&net.TCPAddr{IP: net.ParseIP("192.168.1.20"), Port: 8080}, first},
		{&net.TCPAddr{IP: net.ParseIP("10.0.0.2"), Port: 8080}, newer.certificate},
		{&net.TCPAddr{IP: net.ParseIP("fd00::2"), Port: 8080}, newer.certificate},
		{&net.TCPAddr{IP: net.ParseIP("fd00::2"), Port: 8080, Zone: "eth0"}, newer.certificate},
		{&net.TCPAddr{IP: net.ParseIP("10.9.9.9"), Port: 8080}, first},
		{&net.UnixAddr{Name: "pipe", Net: "pipe"}, first},
	} {
		got := must(l.GetCertificate(&tls.ClientHelloInfo{Conn: at{addr: test.addr}}))
		if !got.Leaf.Equal(test.want) {
			t.Errorf("connected to %s: got the leaf for %v", test.addr, subjectsOf(got.Leaf))
		}
	}
}

// at is a connection that knows nothing but where it arrived.
type at struct {
	net.Conn
	addr net.Addr
}

func (a at) LocalAddr() net.Addr { return a.addr }
