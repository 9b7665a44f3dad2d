package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestReadmeHasEveryFlag: the tables in README.md are what the commands declare.
func TestReadmeHasEveryFlag(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	check(t, err)
	for name, register := range map[string]func(*pflag.FlagSet){
		"serve": new(options).register, "load": new(loadFlags).register, "token": new(tokenFlags).register,
		"status": new(statusFlags).register, // those of "relay rooms" are among them
	} {
		flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
		flags.SortFlags = false
		register(flags)
		want := "| flag | variable | default | what it is |\n|---|---|---|---|\n"
		flags.VisitAll(func(f *pflag.Flag) {
			_, usage := pflag.UnquoteUsage(f)
			want += fmt.Sprintf("| `--%s` | `%s` | %s | %s |\n", f.Name, envName(f.Name), defaultText(f), usage)
		})
		if !strings.Contains(string(readme), "\n"+want+"\n") {
			t.Errorf("README.md lacks the table of relay %s:\n%s", name, want)
		}
	}
}

func defaultText(f *pflag.Flag) string {
	if f.DefValue == "" || f.DefValue == "[]" {
		return ""
	}
	return "`" + f.DefValue + "`"
}
