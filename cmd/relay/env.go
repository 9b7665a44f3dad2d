package main

import (
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
			failed = fmt.Errorf("%s: %w", envName(flag.Name), err)
		}
	})
	return failed
}

// envName is a flag's variable: --udp-port is RELAY_UDP_PORT.
func envName(flag string) string {
	return "RELAY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
