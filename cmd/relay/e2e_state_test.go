package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestStateIsKept: whoever trusts the relay's CA need not do so again after its
// next start, and nobody else on the machine can read the key.
func TestStateIsKept(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	first := r.fingerprint()
	r.checkPrivate()
	starts, unchanged := 1, false
	// Tests beside this one give the machine addresses, for which a leaf is
	// rightly renewed: then the next start has to change nothing.
	for ; !unchanged && starts < 5; starts++ {
		r.stop()
		files := snapshot(t, r.state)
		r.start()
		unchanged = maps.Equal(snapshot(t, r.state), files)
		if !unchanged && !strings.Contains(r.log.String(), "certificate renewed") {
			t.Fatal("a start changed the files without a word")
		}
	}
	if !unchanged {
		t.Error("each start changed the files")
	}
	var told struct{ Fingerprint string }
	check(t, json.Unmarshal(get(t, http.DefaultClient, r.url("/trust/ca.json")), &told))
	shown := fingerprintPattern.FindAllString(r.said.String(), -1)
	if len(shown) != starts || slices.ContainsFunc(shown, func(s string) bool { return s != first }) || told.Fingerprint != first {
		t.Errorf("the first start's CA is %s; the terminal showed %s in all, the page %s", first, shown, told.Fingerprint)
	}
	figure(t, "https-3: the second start has the first one's CA, in the terminal and on the page; %d files, none readable for others", len(snapshot(t, r.state)))
}

// checkPrivate wants the files to be their owner's only.
func (r *relay) checkPrivate() {
	r.t.Helper()
	check(r.t, filepath.WalkDir(r.state, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			r.t.Errorf("%s is %v", filepath.Base(path), info.Mode())
		}
		return err
	}))
}

// snapshot is all that is in a folder, or in a file.
func snapshot(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	check(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	}))
	return files
}

// breakages are what may happen to the relay's files, and the file to blame.
var breakages = []struct {
	name, file string
	do         func(file string) error
}{
	{"truncated CA", "ca.pem", func(file string) error { return os.Truncate(file, 300) }},
	{"CA without its key", "ca.pem", func(file string) error { return keepBlocks(file, "CERTIFICATE") }},
	{"key without its CA", "ca.pem", func(file string) error { return keepBlocks(file, "PRIVATE KEY") }},
	{"CA with another's key", "ca.pem", swapKey},
	{"CA of garbage", "ca.pem", writeGarbage},
	{"empty CA", "ca.pem", func(file string) error { return os.Truncate(file, 0) }},
	{"folder for a CA", "ca.pem", func(file string) error { return errors.Join(os.Remove(file), os.Mkdir(file, 0o700)) }},
	{"leaf of garbage", "leaf.pem", writeGarbage},
	{"file for a folder", "", func(folder string) error { return errors.Join(os.RemoveAll(folder), writeGarbage(folder)) }},
}

func writeGarbage(file string) error { return os.WriteFile(file, []byte("garbage\n"), 0o600) }

// keepBlocks leaves only the PEM blocks of one type in a file.
func keepBlocks(file, kind string) error {
	content, err := os.ReadFile(file)
	var kept []byte
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == kind {
			kept = append(kept, pem.EncodeToMemory(block)...)
		}
	}
	return errors.Join(err, os.WriteFile(file, kept, 0o600))
}

// swapKey puts the leaf's key into the place of the CA's.
func swapKey(file string) error {
	leaf := filepath.Join(filepath.Dir(file), "leaf.pem")
	err := errors.Join(keepBlocks(file, "CERTIFICATE"), keepBlocks(leaf, "PRIVATE KEY"))
	certificate, certErr := os.ReadFile(file)
	key, keyErr := os.ReadFile(leaf)
	return errors.Join(err, certErr, keyErr, os.WriteFile(file, append(certificate, key...), 0o600))
}

// TestBrokenStateIsLeftAlone: the relay says which file is broken, and leaves
// to a person whether the CA that people trust is given up.
func TestBrokenStateIsLeftAlone(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	r.stop()
	for _, b := range breakages {
		t.Run(b.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "state")
			check(t, exec.Command("cp", "-a", r.state, folder).Run())
			broken := filepath.Join(folder, b.file)
			check(t, b.do(broken))
			before := snapshot(t, folder)
			checkSentence(t, broken, "--state-dir", folder)
			if !maps.Equal(snapshot(t, folder), before) {
				t.Error("the files were changed")
			}
		})
	}
	figure(t, "https-3: %d kinds of broken state: a sentence that names the file, exit code 1, not a byte changed", len(breakages))
}

// checkSentence wants a relay with these flags to end with one sentence, which
// names the file.
func checkSentence(t *testing.T, file string, flags ...string) {
	t.Helper()
	code, stdout, stderr := runToEnd(t, nil, append([]string{"serve", "--host", "127.0.0.1", "--port", "0"}, flags...)...)
	if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, file) {
		t.Errorf("exit code %d\nstdout: %s\nstderr: %s", code, stdout, stderr)
	}
	t.Logf("%s", stderr)
}
