package main

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
)

var errNoStateFolder = errors.New("this user has no home for the relay's files; name a folder with --state-dir")

// stateFolder is where the relay keeps its certificates when --state-dir does
// not say: where the system wants a program's own, lasting files.
func stateFolder() (string, error) {
	switch runtime.GOOS {
	case "windows":
		return below(os.Getenv("LocalAppData"))
	case "darwin":
		return below(home(), "Library", "Application Support")
	}
	// A systemd unit with StateDirectory= names its folders, one before the other.
	if folders := filepath.SplitList(os.Getenv("STATE_DIRECTORY")); len(folders) > 0 {
		return folders[0], nil
	}
	// XDG Base Directory Specification: a relative path is to be ignored.
	if folder := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(folder) {
		return below(folder)
	}
	return below(home(), ".local", "state")
}

// below is the relay's folder in one of the system's.
func below(base string, names ...string) (string, error) {
	if base == "" {
		return "", errNoStateFolder
	}
	return filepath.Join(append(append([]string{base}, names...), "relay")...), nil
}

// home is the user's; services often run without HOME.
func home() string {
	if folder, err := os.UserHomeDir(); err == nil {
		return folder
	}
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return ""
}
