package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// tour goes from step to step and checks each.
type tour struct {
	screen
	conn             *pgx.Conn
	binary, database string
	want             map[string]string // what the tables should show by now, by team and key
}

func (t *tour) take(ctx context.Context) error {
	all := steps()
	for i, s := range all {
		t.heading(i+1, s.title, s.note)
		if err := t.stop(ctx, s); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	t.outro()
	return nil
}

// stop makes one step.
func (t *tour) stop(ctx context.Context, s step) error {
	if s.edit != "" {
		t.statement(s.edit)
		if _, err := t.conn.Exec(ctx, s.edit); err != nil {
			return fmt.Errorf("editing LiteLLM's tables: %w", err)
		}
	}
	before, err := readRows(ctx, t.conn)
	if err != nil {
		return err
	}
	if s.args != nil {
		if err := t.program(ctx, s); err != nil {
			return err
		}
	}
	if s.changes != nil {
		return t.tables(ctx, s.changes)
	}
	after, err := readRows(ctx, t.conn)
	if err != nil {
		return err
	}
	if !slices.Equal(before, after) {
		return errors.New("rows were written where nothing should have been")
	}
	t.untouched(len(after))
	return nil
}

// program runs the program, shows what it prints, and checks what that says.
func (t *tour) program(ctx context.Context, s step) error {
	t.command(s.args)
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, t.binary, s.args...)
	// Nothing else could configure it otherwise; what it logs would stand between its results.
	cmd.Env = []string{"DATABASE_URL=" + t.database, "LITELLM_RECONCILER_LOG_LEVEL=warn"}
	cmd.Stdout, cmd.Stderr = &output, &output
	err := cmd.Run()
	t.output(output.Bytes())
	if err != nil {
		return fmt.Errorf("running %s: %w", t.binary, err)
	}
	if !strings.Contains(output.String(), s.says) {
		return fmt.Errorf("the output should say %q", s.says)
	}
	return nil
}

// tables shows what LiteLLM reads, and checks it.
func (t *tour) tables(ctx context.Context, changes map[string]string) error {
	first := len(t.want) == 0 // a state, not a change
	maps.Copy(t.want, changes)
	teams, err := readTeams(ctx, t.conn)
	if err != nil {
		return err
	}
	keys, err := readKeys(ctx, t.conn)
	if err != nil {
		return err
	}
	changed := func(row []string) bool { return !first && changes[row[0]] != "" }
	t.table([]string{"team", "object_permission_id", "mcp_servers"}, teams, changed)
	t.table([]string{"key", "of team", "its own list", "may use"}, keys, changed)
	got := map[string]string{}
	for _, row := range slices.Concat(teams, keys) {
		got[row[0]] = row[len(row)-1]
	}
	for _, name := range slices.Sorted(maps.Keys(t.want)) {
		if got[name] != t.want[name] {
			return fmt.Errorf("%s has %q and should have %q", name, got[name], t.want[name])
		}
	}
	return nil
}
