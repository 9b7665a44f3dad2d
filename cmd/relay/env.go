package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// setFromEnv gives each flag that is not on the command line the value of its
// variable, if there is one.
func setFromEnv(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		value, ok := os.LookupEnv(envName(flag.Name))
		if !ok || flag.Changed || failed != nil || flag.Name == "help" {
			return
		}
		if err := flags.Set(flag.Name, value); err != nil {
			failed = fmt.Errorf("%s: %w", envName(flag.Name), flagError(err))
		}
	})
	return failed
}

// flagError says what a flag takes, instead of what failed in reading it.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	flag := invalid.GetFlag()
	takes, ok := map[string]string{
		"int": "a whole number", "float64": "a number", "duration": "a time with its unit, such as 10s or 2m", "bool": "true or false",
	}[flag.Value.Type()]
	if !ok {
		return err
	}
	return fmt.Errorf("--%s has to be %s, not %q", flag.Name, takes, invalid.GetValue())
}

// envName is a flag's variable: --udp-port is RELAY_UDP_PORT.
func envName(flag string) string {
	return "RELAY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
