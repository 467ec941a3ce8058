//go:build faults

package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/internal/faults/pgproxy"
	"litellm-reconciler/internal/pgtest"
)

// everyKind fills a database so that the next pass has everything to do that a
// pass does. Its teams were repaired before, and then LiteLLM went on.
func everyKind(t *testing.T, db *pgtest.Database) {
	t.Helper()
	db.Group(t, "dev", "github", "jira")
	db.Group(t, "ops", "pager")
	db.Group(t, "old", "legacy")
	row := func(team string, servers []string, groups ...string) {
		t.Helper()
		db.Team(t, team, groups...)
		db.Row(t, "row of "+team, servers...)
		db.LinkTeam(t, team, "row of "+team)
	}
	row("b to grant", []string{"direct"}, "dev")
	row("c to revoke", []string{"direct", "legacy2"}, "dev", "old")
	db.Team(t, "d to grant and revoke", "old", "ops")
	for _, team := range []string{"e shared", "f shared with a revoke"} {
		row(team, []string{"direct"}, "old")
	}
	db.Team(t, "g deleted", "ops")
	row("h to settle", nil, "ops")
	row("i in sync", []string{"direct"}, "ops")
	db.Team(t, "j deleted", "dev", "old")

	once(t, of(db))

	// LiteLLM goes on.
	for _, team := range []string{"a missing", "k missing"} {
		db.Team(t, team, "dev", "ops")
	}
	db.SetGroup(t, "dev", "github", "jira", "wiki")
	db.SetTeamGroups(t, "c to revoke", "dev")
	db.SetTeamGroups(t, "d to grant and revoke", "dev", "ops")
	for _, team := range []string{"e shared", "f shared with a revoke"} {
		db.Own(t, "LiteLLM_VerificationToken", db.RowID(t, team))
	}
	db.SetTeamGroups(t, "e shared", "old", "dev")
	db.SetTeamGroups(t, "f shared with a revoke", "ops")
	db.DeleteTeam(t, "g deleted")
	db.DeleteTeam(t, "j deleted")
	db.SetServers(t, db.RowID(t, "h to settle"), "pager", "by an administrator")
}

// smallBatches has the scenario done in several transactions.
const smallBatches = "--repair-batch-size=3"

// twin makes a copy of a database, in the state that it is in.
func twin(t *testing.T, db *pgtest.Database, name string) *pgtest.Database {
	t.Helper()
	u, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/postgres"
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close(ctx) }()
	copied := pgx.Identifier{db.Name + "_" + name}.Sanitize()
	eventually(t, func() error { // nobody may be connected to what is copied
		db.Pool.Reset()
		_, err := server.Exec(ctx, "CREATE DATABASE "+copied+" TEMPLATE "+pgx.Identifier{db.Name}.Sanitize())
		if used := (*pgconn.PgError)(nil); err != nil && (!errors.As(err, &used) || used.Code != "55006") {
			t.Fatal(err)
		}
		return err
	})
	u.Path = "/" + db.Name + "_" + name
	twin := &pgtest.Database{Name: db.Name + "_" + name, URL: u.String(), Schema: db.Schema}
	if twin.Pool, err = pgxpool.New(t.Context(), twin.URL); err != nil {
		t.Fatal(err)
	}
	drop := func() {
		twin.Pool.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		server, err := pgx.Connect(ctx, strings.Replace(u.String(), u.Path, "/postgres", 1))
		if err == nil {
			_, err = server.Exec(ctx, "DROP DATABASE "+copied+" WITH (FORCE)")
			_ = server.Close(ctx)
		}
		if err != nil {
			t.Errorf("dropping a copy: %v", err)
		}
	}
	t.Cleanup(drop)
	return twin
}

// before starts a proxy before a database, and returns it with its URL.
func before(t *testing.T, database string) (*pgproxy.Proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := pgproxy.Listen(t.Context(), u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	through, err := proxy.Before(database)
	if err != nil {
		t.Fatal(err)
	}
	return proxy, through
}

// quiet waits until nobody but the test is connected to a database, so that
// what a killed program had sent is done, or undone.
func quiet(t *testing.T, db *pgtest.Database) {
	t.Helper()
	eventually(t, func() error {
		others := pgtest.Scalar[int](t, db, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'litellm-reconciler'`)
		if others > 0 {
			return fmt.Errorf("%d sessions are left", others)
		}
		return nil
	})
}
