package main

import "github.com/spf13/pflag"

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
	flags.IntVar(&o.rooms, "max-rooms", 2000, "how many rooms there may be at a time; 0: any number, as in the flags that follow")
	flags.IntVar(&o.viewers, "max-viewers", 5000, "how many may watch, in all rooms together")
	flags.IntVar(&o.roomViewers, "max-room-viewers", 0, "how many may watch in one room")
	flags.IntVar(&o.addressSessions, "max-address-sessions", 2000, "how many sessions one address may have; a school or a proxy is one address")
	flags.IntVar(&o.joinRate, "max-join-rate", 200, "how many may join in a second, after a rush of five times as many")
	flags.IntVar(&o.bitrate, "max-bitrate", 50, "what one presenter may send, in Mbit/s")
}
