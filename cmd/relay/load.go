package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"relay/cmd/relay/load"
	"relay/cmd/relay/load/source"
)

// loadFlags is the load command's flags, as they were given.
type loadFlags struct {
	load.Options
	whep, whip, preset, codec, slow string
	publish, still, json            bool
	picture, bitrate                string
	fps                             float64
	gop                             time.Duration
	minDelivery                     float64
}

func loadCommand() *cobra.Command {
	var f loadFlags
	command := &cobra.Command{
		Use:   "load",
		Short: "Measure what a WHIP/WHEP server carries",
		Long: `Play many viewers, and with --publish a presenter, against a WHIP/WHEP server, and
say what arrived, how late, and what it cost. Viewers are cheap: some hundreds fit
beside the server on two cores. Only servers on this machine are taken, unless you
say that the target is yours.`,
		Example: `  relay load --whep http://127.0.0.1:8080/whep/main --whip http://127.0.0.1:8080/whip/main --publish
  relay load --whep http://127.0.0.1:8080/whep/main --viewers 200 --duration 30s --pid 1234
  relay load --whep https://relay.example/whep/main --target-is-mine --json`,
		Args:    cobra.NoArgs,
		PreRunE: func(command *cobra.Command, _ []string) error { return setFromEnv(command.Flags()) },
		RunE: func(command *cobra.Command, _ []string) error {
			return f.run(command.Context(), command.Flags(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	f.register(command.Flags())
	return command
}

func (f *loadFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.whep, "whep", "", "`URL` that viewers play from")
	flags.StringVar(&f.whip, "whip", "", "`URL` that --publish publishes to")
	flags.BoolVar(&f.publish, "publish", false, "publish synthetic media to --whip")
	flags.StringVar(&f.Token, "token", "", "bearer `token` for both; better given as RELAY_TOKEN")
	flags.IntVar(&f.Viewers, "viewers", 10, "how many viewers")
	flags.IntVar(&f.Probes, "probes", 10, "how many of them decrypt, to measure delay and first frames")
	flags.Float64Var(&f.JoinRate, "join-rate", 20, "viewers that join each second")
	flags.DurationVar(&f.Duration, "duration", 30*time.Second, "how long is measured, from a second after all have joined")
	flags.StringVar(&f.preset, "load", "screen", "what is published: screen (30 fps x 2 packets) or video (30 fps x 10 packets)")
	flags.StringVar(&f.codec, "codec", "", "h264, vp8, vp9 or av1 (default that of --load: h264)")
	flags.StringVar(&f.bitrate, "bitrate", "", "bits a second instead of a number of packets: 800k, 2.5M")
	flags.Float64Var(&f.fps, "fps", 0, "frames a second (default that of --load)")
	flags.DurationVar(&f.gop, "gop", 0, "time between key frames (default: only when asked for)")
	flags.BoolVar(&f.still, "still", false, "publish a screen that stands still: one frame a second")
	flags.Float64Var(&f.Loss, "loss", 0, "share of packets that each viewer drops and asks for again, 0 to 1")
	flags.StringVar(&f.slow, "slow", "", "`N:RATE`: so many viewers read so many bits a second: 3:500k")
	flags.BoolVar(&f.Verify, "verify", false, "compare every packet of the probes with what was published, and with its repairs")
	flags.IntVar(&f.PID, "pid", 0, "the server's process, to measure its CPU and memory (Linux)")
	flags.BoolVar(&f.TargetIsMine, "target-is-mine", false, "allow a server that is not on this machine: you may put this load on it")
	flags.BoolVar(&f.Insecure, "insecure", false, "take the server's certificate whoever has signed it")
	flags.Float64Var(&f.minDelivery, "min-delivery", 0, "exit with 1 also if a smaller share of the packets arrives: 0.999")
	flags.BoolVar(&f.json, "json", false, "print JSON instead of the table")
	flags.StringVar(&f.picture, "picture", "", "`file` to draw delay and loss over time to, as SVG")
}

// options puts together what the flags say.
func (f *loadFlags) options(flags *pflag.FlagSet) (o load.Options, err error) {
	o = f.Options
	if o.WHEP, err = endpoint("whep", f.whep); err != nil {
		return o, err
	}
	if err := f.checkShares(flags); err != nil {
		return o, err
	}
	if o.Slow, err = parseSlow(f.slow); err != nil {
		return o, err
	}
	if !f.publish {
		return o, checkUnpublished(flags)
	}
	if f.whip == "" {
		return o, errors.New("--publish needs --whip, the URL to publish to")
	}
	if o.WHIP, err = endpoint("whip", f.whip); err != nil {
		return o, err
	}
	o.Source, err = f.source(flags)
	return o, err
}

func (f *loadFlags) checkShares(flags *pflag.FlagSet) error {
	switch {
	case !(f.minDelivery >= 0 && f.minDelivery <= 1):
		return errors.New("--min-delivery is a share from 0 to 1: 0.999 is 99.9 %")
	case flags.Changed("pid") && f.PID < 1:
		return errors.New("--pid has to be the number of a running process: is the server running?")
	}
	return nil
}

// checkUnpublished refuses what only says how to publish.
func checkUnpublished(flags *pflag.FlagSet) (err error) {
	for _, name := range []string{"whip", "load", "codec", "bitrate", "fps", "gop", "still"} {
		if flags.Changed(name) {
			return fmt.Errorf("--%s is about what --publish publishes: add --publish, or leave it out", name)
		}
	}
	return nil
}

func (f *loadFlags) source(flags *pflag.FlagSet) (s source.Options, err error) {
	switch f.preset {
	case "screen":
		s = source.Screen()
	case "video":
		s = source.Video()
	default:
		return s, fmt.Errorf("--load has to be screen or video, not %q", f.preset)
	}
	if f.codec != "" {
		if s.Codec, err = source.ParseCodec(f.codec); err != nil {
			return s, fmt.Errorf("--codec: %w", err)
		}
	}
	if flags.Changed("fps") {
		if s.FPS = f.fps; !(f.fps > 0 && f.fps <= 240) {
			return s, errors.New("--fps has to be more than 0 and at most 240")
		}
	}
	if f.gop < 0 {
		return s, errors.New("--gop is the time between key frames, such as 2s; 0 sends them only when asked for")
	}
	if f.bitrate != "" {
		if s.Bitrate, err = parseRate(f.bitrate); err != nil {
			return s, fmt.Errorf("--bitrate: %w", err)
		}
	}
	s.GOP, s.Still = f.gop, f.still
	return s, nil
}

// endpoint is the URL of a flag; nil for none.
func endpoint(flag, text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--%s has to be an http or https URL, such as http://127.0.0.1:8080/%s/main", flag, flag)
	}
	return u, nil
}

func parseSlow(text string) (s load.Slow, err error) {
	if text == "" {
		return s, nil
	}
	count, rate, _ := strings.Cut(text, ":")
	if s.Viewers, err = strconv.Atoi(count); err == nil {
		s.Rate, err = parseRate(rate)
	}
	if err != nil {
		return s, fmt.Errorf("--slow has to be N:RATE, such as 3:500k, not %q", text)
	}
	return s, nil
}

// parseRate reads bits a second, with k or M for a thousand or a million.
func parseRate(text string) (int, error) {
	number, unit := text, 1.0
	switch {
	case strings.HasSuffix(text, "k"):
		number, unit = strings.TrimSuffix(text, "k"), 1e3
	case strings.HasSuffix(text, "M"):
		number, unit = strings.TrimSuffix(text, "M"), 1e6
	}
	rate, err := strconv.ParseFloat(number, 64)
	if err != nil || rate*unit < 1 || rate*unit > 1e9 {
		return 0, fmt.Errorf("%q is not a rate in bits a second, such as 800k or 2.5M", text)
	}
	return int(rate * unit), nil
}

// run loads the server, and prints what was found.
func (f *loadFlags) run(ctx context.Context, flags *pflag.FlagSet, stdout, stderr io.Writer) (err error) {
	o, err := f.options(flags)
	if err != nil {
		return err
	}
	picture := io.WriteCloser(nil)
	if f.picture != "" { // what can't be drawn is better known before the run
		if picture, err = os.Create(f.picture); err != nil {
			return fmt.Errorf("--picture can't be written: %w", err)
		}
		defer func() { err = errors.Join(err, picture.Close()) }()
	}
	report, runErr := load.Run(ctx, o, func(p load.Progress) { showProgress(stderr, p) })
	if report == nil {
		return runErr
	}
	if err := f.print(report, stdout); err != nil {
		return err
	}
	if picture != nil {
		if err := report.WritePicture(picture); err != nil {
			return fmt.Errorf("draw the picture: %w", err)
		}
	}
	return f.judge(report, runErr)
}

func (f *loadFlags) print(report *load.Report, stdout io.Writer) error {
	if !f.json {
		return report.WriteTable(stdout)
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// interruptedExit is what a shell has of a process that Ctrl-C ended.
const interruptedExit exitCode = 130

// judge is the run's end for scripts. What the report says already is not said again.
func (f *loadFlags) judge(report *load.Report, err error) error {
	switch {
	case errors.Is(err, load.ErrInterrupted):
		return interruptedExit
	case err != nil:
		return err
	case !report.Good:
		return exitCode(1)
	case f.minDelivery > 0 && !(float64(report.Media.Delivery) >= f.minDelivery):
		return fmt.Errorf("%.4f of the packets arrived, less than --min-delivery %g", report.Media.Delivery, f.minDelivery)
	}
	return nil
}

// showProgress writes a line a second.
func showProgress(w io.Writer, p load.Progress) {
	_, _ = fmt.Fprintf(w, "%3.0f s  %s  %d of %d viewers, %d failed", p.At, p.Phase, p.Viewers, p.Asked, p.Failed)
	if p.Packets > 0 {
		_, _ = fmt.Fprintf(w, "  %.0f packets/s  %.1f Mbit/s", p.Packets, p.Bits/1e6)
	}
	if p.Lost.Known() {
		_, _ = fmt.Fprintf(w, "  lost %.2f %%", 100*p.Lost)
	}
	if p.DelayP50.Known() {
		_, _ = fmt.Fprintf(w, "  delay p50 %.1f p99 %.1f ms", p.DelayP50, p.DelayP99)
	}
	_, _ = fmt.Fprintln(w)
}
