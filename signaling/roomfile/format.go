package roomfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"relay/broadcast"
)

// What is in the file. Secrets are not: hold is a token's hash.
type (
	content struct {
		Rooms []room `json:"rooms"`
	}
	room struct {
		Room       string    `json:"room"`
		Since      time.Time `json:"since,omitzero"`
		Hold       string    `json:"hold,omitempty"` // SHA-256, in hexadecimal
		Locked     bool      `json:"locked,omitempty"`
		MaxViewers int       `json:"maxViewers,omitempty"`
		Blocked    []blocked `json:"blocked,omitempty"`
		Known      []string  `json:"known,omitempty"`
	}
	blocked struct {
		ID     string    `json:"id"`
		Device string    `json:"device"`
		Name   string    `json:"name,omitempty"`
		Since  time.Time `json:"since,omitzero"`
	}
)

// What can be in a file of ours. A relay may have more, without limits of its own.
const (
	maxRooms   = 10_000
	maxDevices = 10_000 // of a room
	maxWord    = 256
)

// encode leaves out what decode would refuse the whole file for.
func encode(rooms []broadcast.Saved) ([]byte, error) {
	c := content{}
	for _, s := range rooms[:min(len(rooms), maxRooms)] {
		r := room{
			Room: s.Room, Since: s.Since.UTC(), Locked: s.Rules.Locked, MaxViewers: s.Rules.MaxViewers,
			Known: s.Rules.Known[:min(len(s.Rules.Known), maxDevices)],
		}
		if s.Hold != [sha256.Size]byte{} {
			r.Hold = hex.EncodeToString(s.Hold[:])
		}
		for _, b := range s.Rules.Blocked {
			r.Blocked = append(r.Blocked, blocked{b.ID, b.Device, b.Name, b.Since.UTC()})
		}
		c.Rooms = append(c.Rooms, r)
	}
	text, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write the rooms: %w", err)
	}
	return append(text, '\n'), nil
}

// decode takes what encode has written, and nothing else.
func decode(text []byte) ([]broadcast.Saved, error) {
	var c content
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return nil, fmt.Errorf("it is not the JSON of rooms: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something behind the rooms")
	}
	if len(c.Rooms) > maxRooms {
		return nil, errors.New("it has too many rooms")
	}
	var rooms []broadcast.Saved
	for i, r := range c.Rooms {
		saved, err := r.saved()
		if err != nil {
			return nil, fmt.Errorf("room %d: %w", i+1, err)
		}
		rooms = append(rooms, saved)
	}
	return rooms, nil
}

func (r room) saved() (s broadcast.Saved, err error) {
	if err := r.check(); err != nil {
		return s, err
	}
	s = broadcast.Saved{Room: r.Room, Since: r.Since, Rules: broadcast.Rules{Locked: r.Locked, MaxViewers: r.MaxViewers, Known: r.Known}}
	if r.Hold != "" {
		hold, err := hex.DecodeString(r.Hold)
		if err != nil || len(hold) != len(s.Hold) {
			return s, errors.New("its hold is no SHA-256")
		}
		copy(s.Hold[:], hold)
	}
	for _, b := range r.Blocked {
		s.Rules.Blocked = append(s.Rules.Blocked, broadcast.Blocked{ID: b.ID, Device: b.Device, Name: b.Name, Since: b.Since})
	}
	return s, nil
}

func (r room) check() error {
	switch {
	case !broadcast.ValidRoom(r.Room):
		return errors.New("its name is none")
	case r.MaxViewers < 0:
		return errors.New("its number of viewers is negative")
	case len(r.Blocked) > maxDevices || len(r.Known) > maxDevices:
		return errors.New("it has too many devices")
	}
	for _, known := range r.Known {
		if known == "" || len(known) > maxWord {
			return errors.New("a device is none")
		}
	}
	for _, b := range r.Blocked {
		if b.Device == "" || b.ID == "" || len(b.Device)+len(b.ID)+len(b.Name) > maxWord {
			return errors.New("a blocked device is none")
		}
	}
	return nil
}
