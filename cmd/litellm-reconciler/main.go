// Command litellm-reconciler repairs the MCP permissions of LiteLLM's teams.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // minimal images come without a time zone database

	"litellm-reconciler/pkg/cli"
)

// Set by the linker.
var version, revision = "dev", ""

func main() {
	os.Exit(cli.Run(context.Background(), cli.Process{
		Args:    os.Args[1:],
		Getenv:  os.Getenv,
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Version: version, Revision: revision,
	}))
}
