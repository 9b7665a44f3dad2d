package main

import (
	"context"
	"log/slog"
	"time"

	"relay/broadcast"
)

// drain lets presentations go on for so long, while nobody new is let in, and
// returns when the last has ended, the time is up, or the listeners have failed.
func drain(relay *broadcast.Relay, most time.Duration, failed <-chan error, log *slog.Logger) error {
	if most <= 0 {
		return nil
	}
	ended := relay.Drain()
	stats := relay.Stats()
	log.Info("draining: nobody new is let in; a second signal ends the relay at once",
		"at_most", most, "publishers", stats.Publishers, "viewers", stats.Viewers)
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	select {
	case <-ended:
		log.Info("drained: nobody presents any more")
	case <-ctx.Done():
		log.Warn("the time for draining is up", "presentations", len(relay.Live()))
	case err := <-failed:
		return err
	}
	return nil
}
