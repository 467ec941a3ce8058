//go:build faults

package faults_test

import (
	"os/exec"
	"testing"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
)

func TestACrashAfterAnyStatementOfAnInstallationLosesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github", "jira")
	db.Team(t, "a", "dev")
	i := inject(t, "kill -9 after each statement of an installation and its first pass")

	disturb(t, i, db, pgproxy.Message.Executes, func(process *exec.Cmd) pgproxy.Verdict {
		_ = process.Process.Kill()
		return pgproxy.LoseAnswer
	}, -1)
}
