package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"relay/broadcast"
)

// maxMegabits keeps --max-bitrate within what can be counted in bits per second.
const maxMegabits = 1_000_000

// limitOptions bound what anybody can take of the relay. 0 is no bound.
type limitOptions struct {
	rooms           int
	viewers         int
	roomViewers     int
	addressSessions int
	joinRate        int
	bitrate         int
}

func (o *limitOptions) register(flags *pflag.FlagSet) {
	flags.IntVar(&o.rooms, "max-rooms", 2000, "how many rooms there may be at a time, a quarter of them for presenters only; 0: any number, as in the flags that follow")
	flags.IntVar(&o.viewers, "max-viewers", 5000, "how many may watch, in all rooms together")
	flags.IntVar(&o.roomViewers, "max-room-viewers", 0, "how many may watch in one room")
	flags.IntVar(&o.addressSessions, "max-address-sessions", 1500, "how many presenters, and how many viewers, one address may have; a school or a proxy is one address")
	flags.IntVar(&o.joinRate, "max-join-rate", 200, "how many viewers, and how many presenters, may join in a second, after a rush of five times as many")
	flags.IntVar(&o.bitrate, "max-bitrate", 50, "what one presenter may send, in Mbit/s")
}

// check finds what is no bound.
func (o *limitOptions) check() error {
	for _, limit := range []struct {
		flag  string
		value int
	}{
		{"max-rooms", o.rooms}, {"max-viewers", o.viewers}, {"max-room-viewers", o.roomViewers},
		{"max-address-sessions", o.addressSessions}, {"max-join-rate", o.joinRate}, {"max-bitrate", o.bitrate},
	} {
		if limit.value < 0 {
			return fmt.Errorf("--%s is a number from 1, or 0 for no bound", limit.flag)
		}
	}
	if o.bitrate > maxMegabits {
		return fmt.Errorf("--max-bitrate is in Mbit/s: %d are more than any network carries", o.bitrate)
	}
	return nil
}

// limits are the options in the relay's units.
func (o *limitOptions) limits() broadcast.Limits {
	return broadcast.Limits{
		Rooms: o.rooms, Viewers: o.viewers, RoomViewers: o.roomViewers,
		AddressSessions: o.addressSessions, JoinRate: o.joinRate, Bitrate: o.bitrate * 1_000_000,
	}
}
