package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestReadmeHasEveryFlag: the table in README.md is what register declares.
func TestReadmeHasEveryFlag(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	check(t, err)
	var o options
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	flags.SortFlags = false
	o.register(flags)
	want := "| flag | variable | default | what it is |\n|---|---|---|---|\n"
	flags.VisitAll(func(f *pflag.Flag) {
		want += fmt.Sprintf("| `--%s` | `%s` | %s | %s |\n", f.Name, envName(f.Name), defaultText(f), f.Usage)
	})
	if !strings.Contains(string(readme), "\n"+want+"\n") {
		t.Errorf("README.md lacks this table:\n%s", want)
	}
}

func defaultText(f *pflag.Flag) string {
	if f.DefValue == "" || f.DefValue == "[]" {
		return ""
	}
	return "`" + f.DefValue + "`"
}
