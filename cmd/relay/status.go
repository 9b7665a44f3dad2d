package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// statusFlags are those of "relay status".
type statusFlags struct {
	operatorFlags
	health bool
}

func (f *statusFlags) register(flags *pflag.FlagSet) {
	f.operatorFlags.register(flags)
	flags.BoolVar(&f.health, "health", false, "only look whether the relay serves, for which no token is needed: exit code 0 or 1")
}

func statusCommand() *cobra.Command {
	var f statusFlags
	command := &cobra.Command{
		Use:   "status",
		Short: "Show what a relay that runs is doing",
		Long: `Show what a relay that runs is doing: its rooms, who is connected, what comes and
goes. On its own machine, as its own user, nothing else is needed.`,
		Example: `  relay status
  relay status --watch
  relay status --url https://relay.school.example --token "$TOKEN" --json
  relay status --health`,
		Args:    cobra.NoArgs,
		PreRunE: func(command *cobra.Command, _ []string) error { return f.fromEnv(command.Flags()) },
		RunE: func(command *cobra.Command, _ []string) error {
			return f.run(command.Context(), command.OutOrStdout())
		},
	}
	f.register(command.Flags())
	return command
}

func (f *statusFlags) run(ctx context.Context, stdout io.Writer) error {
	o, err := f.operator()
	if err != nil {
		return err
	}
	if f.health {
		if f.watch || f.json {
			return errors.New("--health has nothing to show: leave out --watch and --json")
		}
		_, err := o.ask(ctx, "/healthz", "")
		return err
	}
	return f.show(ctx, stdout, func(ctx context.Context) (report, error) { return f.status(ctx, o) })
}

// status asks again where the relay knows no rates yet, as nobody has asked before.
func (f *statusFlags) status(ctx context.Context, o *operator) (report, error) {
	var told statusReport
	raw, err := o.get(ctx, "/api/status", &told)
	if err != nil || told.BitrateOut != nil || f.watch {
		return report{raw, told.writeTable}, err
	}
	select {
	case <-ctx.Done():
		return report{}, ctx.Err()
	case <-time.After(time.Second):
	}
	raw, err = o.get(ctx, "/api/status", &told)
	return report{raw, told.writeTable}, err
}

// statusReport is what the table has of /api/status.
type statusReport struct {
	Version               string
	Uptime                float64 // seconds
	Draining              bool
	Rooms                 struct{ Live, Away, Idle int }
	Publishers, Viewers   int
	BitrateIn, BitrateOut *float64 // bit/s; nil: not known yet
	Totals                struct{ BytesIn, PacketsOut, BytesOut, Repaired uint64 }
}

func (s *statusReport) writeTable(w io.Writer) error {
	state := "serving"
	if s.Draining {
		state = "draining: nobody new is let in"
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, values...))
	}
	row("relay", "%s, %s for %s", printable(s.Version), state, lasting(time.Duration(s.Uptime*float64(time.Second))))
	row("rooms", "%d live, %d away, %d idle", s.Rooms.Live, s.Rooms.Away, s.Rooms.Idle)
	row("presenters", "%d", s.Publishers)
	row("viewers", "%d", s.Viewers)
	row("comes in", "%s, %s so far", rateText(s.BitrateIn), size(s.Totals.BytesIn))
	row("goes out", "%s, %s so far", rateText(s.BitrateOut), size(s.Totals.BytesOut))
	row("repaired", "%s of the packets", share(s.Totals.Repaired, s.Totals.PacketsOut))
	return table.Flush()
}

// rateText is "-" for a rate that is not known.
func rateText(rate *float64) string {
	if rate == nil {
		return "-"
	}
	return bits(*rate)
}

// share is a part in percent.
func share(part, of uint64) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(of))
}
