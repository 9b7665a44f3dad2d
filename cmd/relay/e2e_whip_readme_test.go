package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// readmeExamples are README.md's blocks in one language.
func readmeExamples(t *testing.T, language string) []string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	check(t, err)
	var examples []string
	for _, found := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(readme, -1) {
		examples = append(examples, string(found[1]))
	}
	return examples
}

var playerTag = regexp.MustCompile(`<(iframe|relay-player) `)

// frameScript has a page in a frame tell the page around it how many pictures
// it has shown.
const frameScript = elementScript + `
window.framed = 0
if (parent === window) addEventListener('message', (e) => { window.framed = e.data.frames })
else setInterval(() => parent.postMessage({frames: probe.frames.length}, '*'), 200)`

// TestReadmePlayers: what README.md says to put into a page plays there.
func TestReadmePlayers(t *testing.T) {
	port := freePort(t)
	pages := map[string]string{}
	for _, example := range readmeExamples(t, "html") {
		example = strings.ReplaceAll(example, "https://relay.school.example", "http://localhost:"+port)
		pages["/"+playerTag.FindStringSubmatch(example)[1]] = `<!doctype html><meta charset="utf-8"><title>School</title>` + example
	}
	school := serveSite(t, pages)
	r := startRelay(t, "--port", port, "--allow-origin", school)
	present(t, r, "/push/math")
	// So that the script is in the frame, too.
	browser := startChromium(t, autoplay, chromedp.Flag("disable-site-isolation-trials", true))
	browser.openWith(frameScript, school+"/iframe").wait("framed > 10")
	browser.openWith(frameScript, school+"/relay-player").wait("probe.frames.length > 10")
	figure(t, "whip-7: README's <iframe> and <relay-player> play on another origin")
}

// TestReadmeCommands runs those of README.md's commands for WHIP and WHEP that
// can run here, and wants what their comments say.
func TestReadmeCommands(t *testing.T) {
	r := startRelay(t)
	publishOverWHIP(t, r.url("/whip/math"))
	ran := 0
	for _, example := range readmeExamples(t, "sh") {
		for line := range strings.Lines(example) {
			if !strings.HasPrefix(line, "curl ") || !strings.Contains(line, "http://localhost:8080") || strings.Contains(line, "$AUTH") {
				continue
			}
			ran++
			r.checkCommand(strings.ReplaceAll(line, "http://localhost:8080", r.url("")))
		}
	}
	if ran == 0 {
		t.Error("README.md has no command to run")
	}
}

// TestReadmeEncodes: ffmpeg knows all that README.md tells it, but for WHIP
// itself, which Debian's does not have.
func TestReadmeEncodes(t *testing.T) {
	ran := 0
	for _, example := range readmeExamples(t, "sh") {
		command := whipOutput.ReplaceAllString(example, "-t 1 -f null -")
		if command == example {
			continue
		}
		ran++
		if output, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", command, err, output)
		}
	}
	if ran == 0 {
		t.Error("README.md has no ffmpeg that speaks WHIP")
	}
}

var whipOutput = regexp.MustCompile(`-f whip \S+`)

// checkCommand wants a command's output to have each of the words, or fields, in
// its comment.
func (r *relay) checkCommand(line string) {
	r.t.Helper()
	command, comment, _ := strings.Cut(strings.TrimSpace(line), "# ")
	output, err := exec.Command("sh", "-c", command).CombinedOutput()
	if err != nil {
		r.t.Errorf("%s: %v: %s", command, err, output)
	}
	for _, want := range strings.Split(comment, ", ") {
		if !strings.Contains(string(output), want) {
			r.t.Errorf("%s: no %q in\n%s", command, want, output)
		}
	}
}
