package reference

import (
	"strings"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/cli"
)

// width is that of a terminal that the flags are wrapped for.
const width = 116

// Commands is docs/cli.md: every command as its --help shows it, and the
// settings that all of them take once.
func Commands() string {
	root := cli.Command(cli.Process{})
	var page strings.Builder
	page.WriteString("# Commands\n\n" + generated + "\n\n" +
		"Results go to standard output, the log and errors to standard error. The exit codes below are those of every command.\n")
	command(&page, root)
	page.WriteString("\n## Settings\n\nEvery command takes them. [configuration.md](configuration.md) has them as keys of a file and as variables.\n\n")
	block(&page, root.PersistentFlags().FlagUsagesWrapped(width))
	return page.String()
}

func command(page *strings.Builder, c *cobra.Command) {
	page.WriteString("\n## " + c.CommandPath() + "\n\n" + c.Short + ".\n\n")
	block(page, c.UseLine())
	if c.Long != "" {
		page.WriteString("\n" + strings.TrimSpace(c.Long) + "\n")
	}
	if c.Example != "" {
		page.WriteString("\n")
		block(page, c.Example)
	}
	if flags := c.LocalNonPersistentFlags(); flags.HasAvailableFlags() {
		flags.SortFlags = false // as in --help
		page.WriteString("\n")
		block(page, flags.FlagUsagesWrapped(width))
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			command(page, sub)
		}
	}
}

func block(page *strings.Builder, text string) {
	page.WriteString("```text\n" + strings.TrimRight(text, "\n") + "\n```\n")
}
