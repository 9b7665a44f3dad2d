package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// watchEvery is how often --watch asks.
const watchEvery = 2 * time.Second

// clearScreen goes home and leaves nothing of what was there.
const clearScreen = "\x1b[H\x1b[2J"

// report is what a command has been told.
type report struct {
	json  json.RawMessage // as it came
	table func(w io.Writer) error
}

// show prints a report once, or again and again with --watch. A relay that does not
// answer is an error the first time; later it may be starting again.
func (f *operatorFlags) show(ctx context.Context, stdout io.Writer, ask func(context.Context) (report, error)) error {
	for shown := false; ; shown = true {
		told, err := ask(ctx)
		switch {
		case ctx.Err() != nil && f.watch:
			return nil
		case err != nil && !(f.watch && shown):
			return err
		}
		if err := f.print(stdout, told, err); err != nil || !f.watch {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

func (f *operatorFlags) print(w io.Writer, told report, failed error) error {
	if f.json {
		return f.printJSON(w, told, failed)
	}
	if f.watch {
		between := "\n"
		if isTerminal(w) {
			between = clearScreen
		}
		if _, err := io.WriteString(w, between); err != nil {
			return err
		}
	}
	if failed != nil {
		_, err := fmt.Fprintln(w, failed)
		return err
	}
	return told.table(w)
}

// printJSON is a line of JSON each time with --watch.
func (f *operatorFlags) printJSON(w io.Writer, told report, failed error) error {
	encoder := json.NewEncoder(w)
	if failed != nil {
		return encoder.Encode(map[string]string{"error": failed.Error()})
	}
	if !f.watch {
		encoder.SetIndent("", "  ")
	}
	return encoder.Encode(told.json)
}

// bits is a rate for people.
func bits(rate float64) string {
	switch {
	case rate >= 1e9:
		return fmt.Sprintf("%.2f Gbit/s", rate/1e9)
	case rate >= 1e6:
		return fmt.Sprintf("%.1f Mbit/s", rate/1e6)
	}
	return fmt.Sprintf("%.0f kbit/s", rate/1e3)
}

// size is a number of bytes for people.
func size(bytes uint64) string {
	switch n := float64(bytes); {
	case n >= 1e12:
		return fmt.Sprintf("%.1f TB", n/1e12)
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", n/1e6)
	}
	return fmt.Sprintf("%d kB", bytes/1000)
}

// lasting is a time for people: 3 d 4 h, 2 h 5 min, 12 min, 40 s.
func lasting(d time.Duration) string {
	minutes, hours := int(d.Minutes()), int(d.Hours())
	switch {
	case hours >= 24:
		return fmt.Sprintf("%d d %d h", hours/24, hours%24)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes%60)
	case minutes > 0:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}
