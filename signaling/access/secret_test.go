package access

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestSecretIsKept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	first, made, err := OpenSecret(folder)
	if err != nil || !made || CheckSecret(first) != nil {
		t.Fatalf("%q, %v, %v", first, made, err)
	}
	second, made, err := OpenSecret(folder)
	if err != nil || made || second != first {
		t.Errorf("%q after %q, %v, %v", second, first, made, err)
	}
	info, err := os.Stat(filepath.Join(folder, secretFile))
	check(t, err)
	if info.Mode().Perm() != secretMode && runtime.GOOS != "windows" {
		t.Errorf("it is %v", info.Mode())
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestSecretsAtOnce: relays and commands that start together have one secret.
func TestSecretsAtOnce(t *testing.T) {
	folder := t.TempDir()
	secrets := make([]string, 20)
	var all sync.WaitGroup
	for i := range secrets {
		all.Go(func() {
			secret, _, err := OpenSecret(folder)
			if err != nil {
				t.Error(err)
			}
			secrets[i] = secret
		})
	}
	all.Wait()
	for _, secret := range secrets {
		if secret != secrets[0] {
			t.Errorf("%q and %q", secret, secrets[0])
		}
	}
}

func TestBrokenSecretIsLeftAlone(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "short": "too short\n", "two lines": strings.Repeat("x", 40) + "\n" + strings.Repeat("y", 40),
		"no text": strings.Repeat("\xff", 64), "large": strings.Repeat("x", maxSecret+1),
	} {
		folder := t.TempDir()
		file := filepath.Join(folder, secretFile)
		check(t, os.WriteFile(file, []byte(content), 0o600))
		_, _, err := OpenSecret(folder)
		if err == nil || errors.Is(err, ErrNoFolder) || !strings.HasPrefix(err.Error(), file) || strings.Contains(err.Error(), "xxx") {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadFile(file); err != nil || string(left) != content {
			t.Errorf("%s: it is now %q, %v", name, left, err)
		}
	}
}

func TestNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, nil, 0o600))
	for _, folder := range []string{file, filepath.Join(file, "below"), "/dev/null/relay"} {
		if _, _, err := OpenSecret(folder); !errors.Is(err, ErrNoFolder) || !strings.Contains(err.Error(), folder) {
			t.Errorf("%s: %v", folder, err)
		}
	}
	dangling := t.TempDir()
	check(t, os.Symlink("nowhere", filepath.Join(dangling, secretFile)))
	if _, _, err := OpenSecret(dangling); err == nil {
		t.Error("a link to nowhere was taken")
	}
}
