//go:build faults

package faults_test

import (
	"os/exec"
	"testing"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
)

// The answer to a COMMIT, and to whatever else the server commits by itself.
func TestALostAnswerOfAPassLosesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	everyKind(t, db)
	i := inject(t, "answer lost after each round trip of a pass, COMMIT included")

	disturb(t, i, db, pgproxy.Message.Answered, func(*exec.Cmd) pgproxy.Verdict { return pgproxy.LoseAnswer }, 0)
}

func TestAConnectionCutBeforeAnyMessageOfAPassLosesNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	everyKind(t, db)
	i := inject(t, "connection cut before each message of a pass")

	all := func(pgproxy.Message) bool { return true }
	disturb(t, i, db, all, func(*exec.Cmd) pgproxy.Verdict { return pgproxy.Cut }, 0)
}
