package main

import (
	"fmt"
	"testing"
)

// classNames are those of a class; the rest of it has none.
var classNames = []string{
	"Anna", "Bert", "王小明", "Dr. Elisabeth Hohenstein-Schwarzenberg", "<b>Carl</b>", "Dora", "Emil", "李雷", "Fritz", "Gül",
	"Hannah", "Ida", "José", "Karl-Heinz", "Lea", "مريم", "Nils", "Olga", "Paul", "韩梅梅", "Quirin", "Rosa",
}

// fillRoom lets so many watch; some have no name, and some have trouble.
func fillRoom(t *testing.T, r *relay, room string, count int) []*client {
	t.Helper()
	viewers := make([]*client, count)
	for i := range viewers {
		name := ""
		if named := i - i/5; i%5 != 4 && named < len(classNames) {
			name = classNames[named]
		}
		viewers[i] = watcher(t, r, room, name)
		viewers[i].sees(i%20 != 7)
	}
	return viewers
}

// TestHandHasAPicture: the presenter's panel with few viewers and with many, and
// what viewers and presenters are told at the door.
func TestHandHasAPicture(t *testing.T) {
	t.Parallel() // it mostly waits
	r := startRelay(t)
	a := openAlbum(t)
	p := present(t, r, "/push/math")
	for _, few := range []int{3, 60} {
		viewers := fillRoom(t, r, "math", few-countRows(p))
		viewers[0].reportLoss(0.09)
		p.push.wait(fmt.Sprintf("document.querySelectorAll('.person').length === %d", few))
		for _, language := range []string{"en", "zh"} {
			p.speak(language)
			a.photographWhole(fmt.Sprintf("panel-%d-%s", few, language), p.push)
		}
	}
	figure(t, "access-8: %d screenshots in %s, none blank", a.taken, a.folder)
}

// countRows is how many viewers the panel lists.
func countRows(p *presenter) int {
	return eval[int](p.push, "document.querySelectorAll('.person').length")
}

// speak has the page speak this language.
func (p *presenter) speak(language string) {
	p.push.t.Helper()
	p.push.switchTo(language)
}

// switchTo presses the language switch where it is needed.
func (p *page) switchTo(language string) {
	p.t.Helper()
	if eval[string](p, "document.documentElement.lang.slice(0, 2)") != language {
		eval[any](p, "document.querySelector('#lang').click()")
	}
}
