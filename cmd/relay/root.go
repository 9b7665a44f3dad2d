package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// rootCommand is the whole command line. Its errors are one sentence each:
// whoever mistypes a flag does not want a page of help.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "relay",
		Short: "Send one person's screen to many people's browsers",
		Long: `relay sends one person's screen to many people's browsers. The presenter opens
/push, the audience opens /pull; nothing is installed on their side.`,
		Example: `  relay serve
  relay serve --port 9000 --allow-host relay.school.example
  relay token --room math --role view --ttl 2h
  relay version`,
		Args:               cobra.ArbitraryArgs,
		RunE:               unknownCommand,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.AddCommand(serveCommand(), tokenCommand(), roomsCommand(), statusCommand(), loadCommand(), versionCommand())
	return root
}

// unknownCommand also answers a bare "relay", with its help.
func unknownCommand(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return command.Help()
	}
	return fmt.Errorf(`there is no command %q; "relay --help" lists them`, args[0])
}
