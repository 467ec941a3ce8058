package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
)

// unread starts a plan that shows more than a pipe takes, and returns the end
// to read it from.
func unread(t *testing.T, db *pgtest.Database) (ended func() (state *os.ProcessState, stderr string), process *os.Process, output *os.File) {
	t.Helper()
	output, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = output.Close() })
	var stderr strings.Builder
	cmd := command(t.Context(), t, of(db), "plan")
	cmd.Stdout, cmd.Stderr = input, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = input.Close() // the process has its own
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // the state says it
	}()
	ended = func() (*os.ProcessState, string) {
		t.Helper()
		select {
		case <-exited:
		case <-time.After(patience):
			t.Fatal("the plan does not end")
		}
		return cmd.ProcessState, stderr.String()
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // most often it has ended
		<-exited
	})
	return ended, cmd.Process, output
}

func TestAPlanWhoseReaderLeavesEndsQuietly(t *testing.T) {
	t.Parallel()
	ended, _, output := unread(t, crowd(t, 2000))
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "team ") {
		t.Errorf("%q, %v", line, err)
	}
	_ = output.Close()

	state, stderr := ended()

	if status, ok := state.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGPIPE || stderr != "" {
		t.Errorf("it ended with %s, and says: %s", state, stderr)
	}
}

// A pager may wait for hours, and LiteLLM's tables may not.
func TestAPlanThatIsReadSlowlyKeepsNoTransactionOpen(t *testing.T) {
	t.Parallel()
	db := crowd(t, 2000)
	ended, process, output := unread(t, db)
	if _, err := bufio.NewReaderSize(output, 16).ReadString(' '); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if n := pgtest.Scalar[int](t, db, `SELECT count(*)::int FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`); n > 0 {
			return fmt.Errorf("%d transactions are open", n)
		}
		return nil
	})

	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("it did not wait for its reader: %v", err)
	}
	state, stderr := ended()
	if state.ExitCode() != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("stopped, it ended with %s, and says: %s", state, stderr)
	}
}

func TestAPlanOfManyTeamsIsWhole(t *testing.T) {
	t.Parallel()
	const teams = 4500
	db := crowd(t, teams)
	db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, key_alias, models, team_id)
		SELECT md5(team_id || n), n || ' of ' || team_id, '{}', team_id FROM {schema}."LiteLLM_TeamTable", generate_series(1, 2) AS n
		WHERE team_id > '8'`)
	withKeys := pgtest.Scalar[int](t, db, `SELECT count(*)::int FROM {schema}."LiteLLM_TeamTable" WHERE team_id > '8'`)

	p := planOf(t, db, 0, "-o", "json", "--keys").planned(t)

	last := ""
	for _, team := range p.Teams {
		if team.Team <= last {
			t.Fatalf("team %s comes after %s", team.Team, last)
		}
		last = team.Team
		if want := map[bool]int{true: 2}[team.Team > "8"]; len(team.Keys.List) != want || team.Keys.Rows["gain"] != want {
			t.Fatalf("%d keys of team %s are listed and %d gain, want %d", len(team.Keys.List), team.Team, team.Keys.Rows["gain"], want)
		}
		for _, k := range team.Keys.List {
			if !strings.HasSuffix(k.Key, " of "+team.Team) {
				t.Fatalf("team %s is said to have key %s", team.Team, k.Key)
			}
		}
	}
	if len(p.Teams) != teams || p.Summary.RowsCreated != teams || p.Summary.Keys.Rows["gain"] != 2*withKeys {
		t.Errorf("%d teams are planned, and the summary is %+v", len(p.Teams), p.Summary)
	}
}

// However the database sorts, each key is its team's.
func TestAPlanOfTeamsWithIDsOfAllSorts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	ids := []string{"a", "B", "b", "A-b", "a_b", "ab", "a b", "é", "z", "Z", "ß", "10", "9", "-", "日本", "🎈", "e\u0301"}
	for _, id := range ids {
		db.Team(t, id, "dev")
		db.Key(t, "one of "+id, id)
		db.Key(t, "two of "+id, id)
	}
	p := planOf(t, db, 0, "-o", "json", "--keys").planned(t)
	for _, team := range p.Teams {
		if l := team.Keys.List; len(l) != 2 || l[0].Key != "alias of one of "+team.Team || l[1].Key != "alias of two of "+team.Team {
			t.Errorf("team %s is said to have keys %v", team.Team, l)
		}
	}
	if len(p.Teams) != len(ids) {
		t.Errorf("%d teams, want %d", len(p.Teams), len(ids))
	}
}

func TestAPlanHasColourOnATerminalWhoseUserDoesNotObject(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	for name, test := range map[string]struct {
		noColour string
		args     []string
		want     bool
	}{
		"colour":   {"", nil, true},
		"NO_COLOR": {"1", nil, false},
		"JSON":     {"", []string{"-o", "json"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := of(db)
			e["NO_COLOR"] = test.noColour
			shown := onTerminal(t, e, "", append([]string{"plan"}, test.args...)...).wantCode(t, 0).stdout
			wantTexts(t, shown, "github")
			if strings.Contains(shown, "\x1b[32m+ github") != test.want || strings.Contains(shown, "\x1b") != test.want {
				t.Errorf("colour is wanted: %t, but: %q", test.want, shown)
			}
		})
	}
}
