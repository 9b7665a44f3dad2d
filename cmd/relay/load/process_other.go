//go:build !linux

package load

import "errors"

func usageOf(int) (usage, error) {
	return usage{}, errors.New("--pid is there on Linux only")
}

func ownUsage() usage { return usage{} }

func maxFiles() int { return 0 }
