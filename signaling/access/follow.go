package access

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"time"
)

// pollEvery is how often the file of rooms is read: links that are swapped and
// copied times would escape anything but its content.
const pollEvery = time.Second

// Follow takes the file of rooms again when it changes, until ctx ends. While it is
// broken the rules before hold. Who is in a room stays there.
func (g *Guard) Follow(ctx context.Context) {
	if g.file == "" {
		return
	}
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			g.poll(readRooms(g.file))
		}
	}
}

// poll takes what is in the file now. It is judged once it stayed the same from one
// poll to the next: an editor may be in the midst of writing it.
func (g *Guard) poll(content []byte, err error) {
	now := digestOf(content, err)
	switch {
	case now == g.loaded:
		g.mended()
		g.complain(nil)
	case now == g.seen && err != nil:
		g.complain(err)
	case now == g.seen:
		g.complain(g.load(content))
	}
	g.seen = now
}

// errEmptied is about a file that had rooms: a full disk, or a copy that broke off,
// leaves such a one, and without its keys all rooms would be open.
func errEmptied(file string) error {
	return fmt.Errorf(`%s: this is empty; write "rooms:" into it if it is to have none`, file)
}

// digestOf tells contents, and reasons for there being none, from each other.
func digestOf(content []byte, err error) digest {
	if err != nil {
		content = []byte(err.Error())
	}
	return sha256.Sum256(content)
}

// load makes the file's rules those that hold, if it is in order.
func (g *Guard) load(content []byte) error {
	if len(bytes.TrimSpace(content)) == 0 {
		return errEmptied(g.file)
	}
	rules, err := parseRooms(content, g.others, g.digester)
	if err != nil {
		return located(g.file, err)
	}
	g.rules.Store(rules)
	if g.loaded != (digest{}) {
		g.log.Info("file of rooms read", "file", g.file, "rooms", len(rules.named), "patterns", len(rules.patterns))
	}
	g.loaded = digestOf(content, nil)
	return nil
}

// mended says that the file is what it was before the last complaint: who put it back
// looks for a word of it.
func (g *Guard) mended() {
	if g.complaint != "" {
		g.log.Info("the file of rooms is in order again", "file", g.file)
	}
}

// complain says once what is wrong, and again when that changes or comes back.
func (g *Guard) complain(err error) {
	if err == nil {
		g.complaint = ""
		return
	}
	if text := err.Error(); text != g.complaint {
		g.complaint = text
		g.log.Warn("the file of rooms cannot be used, the rules before still hold", "cause", text)
	}
}
