package main

import (
	"errors"

	"github.com/spf13/pflag"
)

// accessOptions say who may present, watch and manage.
type accessOptions struct {
	publishKey  string
	viewKey     string
	rooms       string
	tokenSecret string
}

func (o *accessOptions) register(flags *pflag.FlagSet) {
	flags.Var((*given)(&o.publishKey), "publish-key", "key that presenting needs; better given as RELAY_PUBLISH_KEY")
	flags.Var((*given)(&o.viewKey), "view-key", "key that watching needs; better given as RELAY_VIEW_KEY")
	flags.Var((*given)(&o.rooms), "rooms", "YAML file of rooms with keys, limits and titles of their own; read again when it changes")
	flags.Var((*given)(&o.tokenSecret), "token-secret", "secret of 32 bytes or more that signs tokens; better given as RELAY_TOKEN_SECRET; when not given, one in --state-dir")
}

// given is a text that is not empty where a flag or a variable gives it: a key whose
// variable was not set in somebody's script would leave the relay open to everybody.
type given string

func (g *given) String() string { return string(*g) }

// Type is the word for the value in the help text.
func (g *given) Type() string { return "string" }

// Set implements pflag.Value.
func (g *given) Set(text string) error {
	if text == "" {
		return errors.New("it is empty; give it a value, or leave it out")
	}
	*g = given(text)
	return nil
}
