package cli

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

func newVersion(p Process) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			parts := []string{"litellm-reconciler", p.Version, p.Revision, runtime.Version()}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(strings.Fields(strings.Join(parts, " ")), " "))
			return err
		},
	}
}
