package certificate

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// state is a sound state folder, and what can be done to it.
type state struct {
	t      *testing.T
	folder string
}

func soundState(t *testing.T) state {
	t.Helper()
	s := state{t, t.TempDir()}
	must(OpenLocal(labConfig(s.folder)))
	return s
}

func (s state) file(name string) string   { return filepath.Join(s.folder, name) }
func (s state) text(name string) []byte   { return must(os.ReadFile(s.file(name))) }
func (s state) put(name string, b []byte) { write(s.t, s.file(name), b) }
func (s state) remove(name string)        { check(s.t, os.Remove(s.file(name))) }

func (s state) putCA(change func(*x509.Certificate), issuer *pair) {
	s.t.Helper()
	s.put("ca.pem", must(altered(change, issuer).encode()))
}

func (s state) link(name, target string) {
	s.remove(name)
	check(s.t, os.Symlink(target, s.file(name)))
}

func (s state) folderFor(name string) {
	s.remove(name)
	check(s.t, os.Mkdir(s.file(name), 0o700))
}

// part is a file's PEM block of one type.
func part(text []byte, kind string) []byte {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == kind {
			return pem.EncodeToMemory(block)
		}
	}
	return nil
}

// forbidden is what is said of a file that nobody may read, as those in /proc
// that are there to be written: it may be sound, so there is no word of removing it.
const forbidden = ": permission denied; run the relay as the owner of that file, or name another folder with --state-dir"

// TestBrokenState: one sentence that names the file, and nothing is touched.
// All of these are broken for root as well.
func TestBrokenState(t *testing.T) {
	foreign := must(must(newAuthority(lab(), time.Now())).encode())
	for name, test := range map[string]struct {
		file, why string
		damage    func(s state)
	}{
		"CA empty":       {"ca.pem", "no certificate in it", func(s state) { s.put("ca.pem", nil) }},
		"CA garbage":     {"ca.pem", "no certificate in it", func(s state) { s.put("ca.pem", []byte("\x00\x01garbage")) }},
		"CA zeroes":      {"ca.pem", "no certificate in it", func(s state) { s.put("ca.pem", make([]byte, 4096)) }},
		"CA truncated":   {"ca.pem", "cut short", func(s state) { s.put("ca.pem", s.text("ca.pem")[:600]) }},
		"CA bent":        {"ca.pem", "broken", func(s state) { s.put("ca.pem", bent(s.text("ca.pem"))) }},
		"CA without key": {"ca.pem", "no key in it", func(s state) { s.put("ca.pem", part(s.text("ca.pem"), certificateBlock)) }},
		"key without CA": {"ca.pem", "no certificate in it, but a key", func(s state) { s.put("ca.pem", part(s.text("ca.pem"), keyBlock)) }},
		"another's key": {"ca.pem", "does not belong", func(s state) {
			s.put("ca.pem", append(part(foreign, keyBlock), part(s.text("ca.pem"), certificateBlock)...))
		}},
		"CA too large":   {"ca.pem", "too large", func(s state) { s.put("ca.pem", bytes.Repeat([]byte("a"), maxFile+1)) }},
		"CA a folder":    {"ca.pem", "it is a folder", func(s state) { s.folderFor("ca.pem") }},
		"CA a device":    {"ca.pem", "no regular file", func(s state) { s.link("ca.pem", "/dev/zero") }},
		"CA unreadable":  {"ca.pem", "input/output error", func(s state) { s.link("ca.pem", "/proc/self/mem") }},
		"CA a dead link": {"ca.pem", "a link to nowhere", func(s state) { s.link("ca.pem", s.file("nothing")) }},
		"CA a loop":      {"ca.pem", "too many levels", func(s state) { s.link("ca.pem", s.file("ca.pem")) }},
		"CA a leaf":      {"ca.pem", "is no CA", func(s state) { s.put("ca.pem", s.text("leaf.pem")) }},
		"CA forbidden":   {"ca.pem", forbidden, func(s state) { s.link("ca.pem", "/proc/sys/net/ipv4/route/flush") }},
		"CA ended": {"ca.pem", "ended on 2026-01-02, and today is 20", func(s state) {
			s.putCA(func(c *x509.Certificate) { c.NotAfter = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC) }, nil)
		}},
		"CA signs no certificates": {"ca.pem", "is no CA", func(s state) {
			s.putCA(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, nil)
		}},
		"CA for the internet": {"ca.pem", "not confined", func(s state) {
			s.putCA(func(c *x509.Certificate) { c.PermittedDNSDomains, c.PermittedIPRanges = nil, nil }, nil)
		}},
		"CA of somebody else's": {"ca.pem", "not signed by itself", func(s state) { s.putCA(func(*x509.Certificate) {}, must(readPair(foreign))) }},
		"leaf empty":            {"leaf.pem", "no certificate in it", func(s state) { s.put("leaf.pem", nil) }},
		"leaf garbage":          {"leaf.pem", "no certificate in it", func(s state) { s.put("leaf.pem", []byte("garbage")) }},
		"leaf truncated":        {"leaf.pem", "cut short", func(s state) { s.put("leaf.pem", s.text("leaf.pem")[:500]) }},
		"leaf with another's key": {"leaf.pem", "does not belong", func(s state) {
			s.put("leaf.pem", append(part(foreign, keyBlock), part(s.text("leaf.pem"), certificateBlock)...))
		}},
		"leaf forbidden": {"leaf.pem", forbidden, func(s state) { s.link("leaf.pem", "/proc/sys/net/ipv4/route/flush") }},
		"leaf a folder":  {"leaf.pem", "it is a folder", func(s state) { s.folderFor("leaf.pem") }},
		"leaf garbage, no CA": {"leaf.pem", "no certificate in it", func(s state) {
			s.remove("ca.pem")
			s.put("leaf.pem", []byte("garbage"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := soundState(t)
			test.damage(s)
			refuses(t, s.folder, s.file(test.file), test.why, s.folder)
		})
	}
}

// bent is the text with a certificate in it whose bytes are wrong.
func bent(text []byte) []byte {
	der := []byte("\x30\x03\x02\x01\x01")
	return append(part(text, keyBlock), pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: der})...)
}

// refuses opens the folder: the error names the file, and what is in the seen
// folder stays as it is.
func refuses(t *testing.T, folder, file, why, seen string) {
	t.Helper()
	before := listing(t, seen)
	l, err := OpenLocal(labConfig(folder))
	if err == nil || l != nil {
		t.Fatal("it was opened")
	}
	text := err.Error()
	if !strings.HasPrefix(text, file+" ") || !strings.Contains(text, why) || strings.ContainsAny(text, "\n") || strings.Count(text, file) != 1 {
		t.Errorf("the error: %s", text)
	}
	if !strings.Contains(text, "remove it") && !strings.Contains(text, "--state-dir") {
		t.Errorf("it does not say what to do: %s", text)
	}
	if listing(t, seen) != before {
		t.Error("something was written")
	}
}

func TestFolderThatIsNone(t *testing.T) {
	parent := t.TempDir()
	file := filepath.Join(parent, "relay")
	write(t, file, []byte("a file"))
	refuses(t, file, file, "not a folder", parent)
	below := filepath.Join(file, "state")
	refuses(t, below, below, "not a directory", parent)
	nowhere := filepath.Join(parent, "link")
	check(t, os.Symlink(filepath.Join(parent, "nothing"), nowhere))
	refuses(t, nowhere, filepath.Join(nowhere, "ca.pem"), "file exists", parent)
}

// TestFolderThatCannotBeWritten: not even root makes files in /proc.
func TestFolderThatCannotBeWritten(t *testing.T) {
	for _, folder := range []string{"/proc/relay", "/proc/self/net"} {
		refuses(t, folder, folder+"/ca.pem", "cannot be written", t.TempDir())
	}
}

func TestReadOnlyWhatIsSound(t *testing.T) {
	s := soundState(t)
	text := s.text("leaf.pem")
	for _, same := range [][]byte{
		append([]byte("\ufeff"), text...),
		bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
		append(part(text, certificateBlock), part(text, keyBlock)...),
		append([]byte("Subject: CN=lab7\n"), text...),
	} {
		if p, err := readPair(same); err != nil || !p.certificate.Equal(must(readPair(text)).certificate) {
			t.Errorf("%v: %q", err, same)
		}
	}
}

func FuzzReadPair(f *testing.F) {
	text := must(must(newAuthority(lab(), today)).encode())
	f.Add(text)
	f.Add(text[:300])
	f.Add(part(text, keyBlock))
	f.Add(part(text, certificateBlock))
	f.Add(append([]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), text...))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := readPair(text)
		if (p == nil) == (err == nil) {
			t.Fatalf("got %v and %v", p, err)
		}
		if p != nil && (p.certificate == nil || p.key == nil || !belongs(p.key, p.certificate)) {
			t.Fatal("half a pair")
		}
	})
}
