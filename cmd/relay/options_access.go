package main

import "github.com/spf13/pflag"

// accessOptions say who may present, watch and manage.
type accessOptions struct {
	publishKey  string
	viewKey     string
	rooms       string
	tokenSecret string
}

func (o *accessOptions) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.publishKey, "publish-key", "", "key that presenting needs; better given as RELAY_PUBLISH_KEY")
	flags.StringVar(&o.viewKey, "view-key", "", "key that watching needs; better given as RELAY_VIEW_KEY")
	flags.StringVar(&o.rooms, "rooms", "", "YAML file of rooms with keys, limits and titles of their own; read again when it changes")
	flags.StringVar(&o.tokenSecret, "token-secret", "", "secret of 32 bytes or more that signs tokens; better given as RELAY_TOKEN_SECRET; when not given, one in --state-dir")
}
