// Command impasto is all programs in one: impasto train, impasto stylize and so on.
// Each takes the flags of the program of examples that it is.
//
//	go install github.com/impasto-go/impasto/examples/impasto@latest
//	impasto train
//	source <(impasto completion bash)   # or zsh, fish, powershell
package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

func main() { cli.Main(run) }

// run runs the program that the first argument calls.
func run(ctx context.Context, args []string) error {
	c := command(args)
	c.SetArgs(args)
	return c.ExecuteContext(ctx)
}

// command returns the whole command. cobra chooses the program and completes what is
// typed; flags are the programs' own.
func command(args []string) *cobra.Command {
	cobra.EnableCommandSorting = false
	c := &cobra.Command{
		Use:   "impasto",
		Short: "impasto trains fast neural style transfer networks and ships them into games.",
		Args:  known,
		RunE: func(c *cobra.Command, _ []string) error {
			return c.Help()
		},
		Version:       version(),
		SilenceErrors: true, // cli.Main reports them
		SilenceUsage:  true,
	}
	c.SetUsageTemplate(usage)
	c.SetHelpTemplate("{{.Short}}\n\n{{.UsageString}}")
	c.SetHelpFunc(help(c.HelpFunc()))
	c.SetVersionTemplate("{{.Version}}\n")
	c.SetFlagErrorFunc(func(*cobra.Command, error) error {
		return cli.Usagef("flags go after a command, as in impasto train -h (impasto -h lists the commands)")
	})
	called := map[string]string{}
	for _, g := range groups {
		c.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, w := range g.words {
			called[w.program] = w.word
			c.AddCommand(w.command(g.title, called))
		}
	}
	c.AddGroup(&cobra.Group{ID: other, Title: other + ":"})
	c.SetHelpCommand(&cobra.Command{
		Use:     "help",
		Short:   "prints the flags of a command",
		GroupID: other,
		RunE: func(help *cobra.Command, args []string) error {
			if err := known(c, args); err != nil {
				return err
			}
			about, _, err := c.Find(args)
			if err != nil {
				return err
			}
			return about.Help()
		},
	})
	c.SetCompletionCommandGroupID(other)
	c.InitDefaultCompletionCmd(args...)
	for _, sub := range c.Commands() {
		if sub.Name() == "completion" {
			sub.Short = "prints what completes commands, flags and their values in bash, zsh, fish or powershell"
			sub.SetUsageTemplate("Usage: impasto completion bash|zsh|fish|powershell\n")
		}
	}
	return c
}

const other = "Help"

const usage = `Usage: impasto COMMAND [flags]
{{range $g := .Groups}}
{{.Title}}{{range $.Commands}}{{if and (eq .GroupID $g.ID) .IsAvailableCommand}}
  {{rpad .Name 13}}{{.Short}}{{end}}{{end}}
{{end}}
impasto COMMAND -h lists the flags of a command.
`

// help has a program print its own help.
func help(whole func(*cobra.Command, []string)) func(*cobra.Command, []string) {
	return func(c *cobra.Command, args []string) {
		if c.DisableFlagParsing {
			_ = c.RunE(c, []string{"-h"}) // it prints, and returns that it did
			return
		}
		whole(c, args)
	}
}

// known refuses words that call nothing.
func known(c *cobra.Command, args []string) error {
	var words []string
	for _, sub := range c.Commands() {
		words = append(words, sub.Name())
	}
	if len(args) == 0 || slices.Contains(words, args[0]) {
		return nil
	}
	if near, ok := cli.Nearest(args[0], words); ok {
		return cli.Usagef("there is no command %q; did you mean %s?", args[0], near)
	}
	return cli.Usagef("there is no command %q (impasto -h lists them)", args[0])
}

// command returns the command that runs the program. called are the words of all.
func (w word) command(group string, called map[string]string) *cobra.Command {
	return &cobra.Command{
		Use:                w.word,
		Short:              w.does,
		GroupID:            group,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			cli.As(w.word, called)
			return w.run(c.Context(), args)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return complete(w.word, cli.Describe(w.run), args, typed)
		},
	}
}

// version says what the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "impasto"
	}
	return fmt.Sprintf("impasto %s, %s", info.Main.Version, info.GoVersion)
}
