package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeManages runs README.md's commands for managing a room, one after the
// other as in one shell, and wants what their comments say: a status, or words.
func TestReadmeManages(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	publishOverWHIP(t, r.url("/whip/math"))
	programs := t.TempDir()
	check(t, os.Symlink(builtRelay, filepath.Join(programs, "relay")))
	ran := 0
	for _, example := range readmeExamples(t, "sh") {
		authorization, commands, found := strings.Cut(example, "\n")
		if !strings.HasPrefix(authorization, "AUTH=") || !found {
			continue
		}
		for line := range strings.Lines(strings.ReplaceAll(commands, "http://localhost:8080", r.url(""))) {
			ran++
			command, comment, _ := strings.Cut(strings.TrimSpace(line), "# ")
			shell := exec.Command("sh", "-c", authorization+"\n"+strings.Replace(command, "curl ", `curl -sS -w '%{http_code}' `, 1))
			shell.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "RELAY_STATE_DIR="+r.state)
			output, err := shell.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v: %s", command, err, output)
			}
			for _, want := range commentedWords.FindAllString(comment, -1) {
				if !strings.Contains(string(output), want) {
					t.Errorf("%s: no %s in\n%s", command, want, output)
				}
			}
		}
	}
	if ran < 5 {
		t.Errorf("README.md has %d commands for managing", ran)
	}
	if state := r.room("math").State; state != "idle" {
		t.Errorf("after all of them the room is %s", state)
	}
}

// commentedWords are what a comment promises: words in quotation marks, a status, a code.
var commentedWords = regexp.MustCompile(`"\w+"|^\d{3}$|^[a-z]+-[a-z]+`)
