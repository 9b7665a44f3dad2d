package main

import (
	"log/slog"

	"relay/signaling/roomfile"
)

// openRooms names the file of the rooms, in the state folder. Without HTTPS there may
// be no such folder: then rooms end with the process.
func openRooms(o options, port uint16, log *slog.Logger) *roomfile.File {
	folder := o.stateDir
	if folder == "" {
		folder, _ = stateFolder()
	}
	return roomfile.Open(folder, port, log)
}
