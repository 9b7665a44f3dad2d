package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func roomsCommand() *cobra.Command {
	var f operatorFlags
	command := &cobra.Command{
		Use:   "rooms",
		Short: "List the rooms of a relay that runs",
		Long: `List the rooms in which somebody presents, or is expected back: who watches, and what
is sent. On the relay's own machine, as its own user, nothing else is needed.`,
		Example: `  relay rooms
  relay rooms --watch
  relay rooms --url https://relay.school.example --token "$TOKEN" --json`,
		Args:    cobra.NoArgs,
		PreRunE: func(command *cobra.Command, _ []string) error { return f.fromEnv(command.Flags()) },
		RunE: func(command *cobra.Command, _ []string) error {
			o, err := f.operator()
			if err != nil {
				return err
			}
			return f.show(command.Context(), command.OutOrStdout(), o.rooms)
		},
	}
	f.register(command.Flags())
	return command
}

// rooms asks for them. A relay where everybody may watch shows none to who has a
// wrong token, and says nothing of it: whether it is, /api/status tells.
func (o *operator) rooms(ctx context.Context) (report, error) {
	var told roomsReport
	raw, err := o.get(ctx, "/api/rooms", &told)
	if err == nil && len(told.Rooms) == 0 {
		if _, refused := o.get(ctx, "/api/status", &struct{}{}); errors.As(refused, new(unknownHere)) {
			err = refused
		}
	}
	return report{raw, told.writeTable}, err
}

// roomsReport is what the table has of /api/rooms.
type roomsReport struct{ Rooms []roomRow }

type roomRow struct {
	Room, State string
	Since       *time.Time
	Viewers     int
	Locked      bool
	MaxViewers  *int
	Tracks      []trackRow
}

type trackRow struct {
	Kind, Codec   string
	Width, Height *int
	Bitrate       float64 // bit/s
	FrameRate     float64
	Loss          float64 // 0 to 1
}

func (r *roomsReport) writeTable(w io.Writer) error {
	if len(r.Rooms) == 0 {
		_, err := fmt.Fprintln(w, "Nobody presents.")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROOM\tSTATE\tFOR\tVIEWERS\tVIDEO\tSIZE\tFRAMES/S\tRATE\tLOST\tSOUND\t")
	for _, room := range r.Rooms {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t\n",
			printable(room.Room), room.state(), room.age(time.Now()), room.audience(), room.picture(), room.sound())
	}
	return table.Flush()
}

func (r *roomRow) state() string {
	if r.Locked {
		return printable(r.State) + ", locked"
	}
	return printable(r.State)
}

func (r *roomRow) age(now time.Time) string {
	if r.Since == nil {
		return "-"
	}
	return lasting(now.Sub(*r.Since))
}

func (r *roomRow) audience() string {
	if r.MaxViewers == nil {
		return fmt.Sprint(r.Viewers)
	}
	return fmt.Sprintf("%d of %d", r.Viewers, *r.MaxViewers)
}

func (r *roomRow) track(kind string) *trackRow {
	for i := range r.Tracks {
		if r.Tracks[i].Kind == kind {
			return &r.Tracks[i]
		}
	}
	return nil
}

// picture is the columns from VIDEO to LOST.
func (r *roomRow) picture() string {
	t := r.track("video")
	if t == nil {
		return "-\t-\t-\t-\t-"
	}
	size := "-"
	if t.Width != nil && t.Height != nil {
		size = fmt.Sprintf("%dx%d", *t.Width, *t.Height)
	}
	return fmt.Sprintf("%s\t%s\t%.0f\t%s\t%.1f %%", printable(t.Codec), size, t.FrameRate, bits(t.Bitrate), 100*t.Loss)
}

func (r *roomRow) sound() string {
	if t := r.track("audio"); t != nil {
		return bits(t.Bitrate)
	}
	return "-"
}
