package main

import (
	"net/url"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// The server's default is a database's own, SQL_ASCII where it was made without
// a locale, or what an administrator set.
func TestTheEncodingOfADatabaseDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Group(t, "dév", "gïthub")
			db.Team(t, "équipe", "dév")
			db.Exec(t, `ALTER DATABASE "`+db.Name+`" SET client_encoding = '`+encoding+`'`)
			once(t, db, 0)
			wantServers(t, db, "équipe", "gïthub")
			wantTexts(t, run(t, of(db), "explain", "équipe").wantCode(t, 0).stdout, "équipe", "gïthub")
		})
	}
}

// broken says how a database keeps a pass from its work, and what the pass says.
type broken struct {
	options []pgtest.Option
	// before is done to the database. It may return another URL.
	before func(t *testing.T, db *pgtest.Database) (databaseURL string)
	args   []string
	texts  []string
}

func TestADatabaseThatCannotBeRepairedIsExplainedInOneLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]broken{
		"wrong password": {
			before: func(t *testing.T, db *pgtest.Database) string {
				return edited(t, db, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "hunter2") })
			},
			texts: []string{`refuses user "`, "check user and password of the database URL"},
		},
		"no such database": {
			before: func(t *testing.T, db *pgtest.Database) string {
				return edited(t, db, func(u *url.URL) { u.Path = "/nothing" })
			},
			texts: []string{`no database "nothing"`, "check the name in the database URL"},
		},
		"nobody listens": {
			before: func(t *testing.T, db *pgtest.Database) string {
				return edited(t, db, func(u *url.URL) { u.Host = "127.0.0.1:1" })
			},
			texts: []string{"cannot reach Postgres at 127.0.0.1:1", "check that it runs", "connection refused"},
		},
		"LiteLLM in another schema": {
			options: []pgtest.Option{pgtest.InSchema("litellm")},
			texts:   []string{`schema "public" has no LiteLLM tables`, `schema "litellm" has`, "?schema="},
		},
		"no access groups": {
			before: executing(`DROP TABLE {schema}."LiteLLM_AccessGroupTable"`),
			texts:  []string{"no access groups", "older than v1.81.12", "migrations have not run"},
		},
		"no access groups of teams": {
			before: executing(`ALTER TABLE {schema}."LiteLLM_TeamTable" DROP COLUMN access_group_ids`),
			texts:  []string{"no access groups", "older than v1.81.12"},
		},
		"a column is missing": {
			before: executing(`ALTER TABLE {schema}."LiteLLM_ObjectPermissionTable" DROP COLUMN mcp_servers`),
			texts:  []string{`column mcp_servers of table "LiteLLM_ObjectPermissionTable" is missing`, "let LiteLLM's migrations run"},
		},
		"a column of another type": {
			before: executing(`ALTER TABLE {schema}."LiteLLM_AccessGroupTable" ALTER COLUMN access_mcp_server_ids DROP DEFAULT,
				ALTER COLUMN access_mcp_server_ids TYPE jsonb USING to_jsonb(access_mcp_server_ids)`),
			texts: []string{"access_mcp_server_ids", "is of type jsonb, not text[]"},
		},
		"no right to create the ledger": {
			before: func(t *testing.T, db *pgtest.Database) string { return db.Role(t, "reader") },
			texts:  []string{`creating schema "litellm_reconciler"`, "GRANT CREATE ON DATABASE", "litellm-reconciler migrate up"},
		},
		"no ledger, and none is to be made": {
			args:  []string{"--ledger-auto-migrate=false"},
			texts: []string{"the ledger is not installed", "litellm-reconciler migrate up"},
		},
		"a ledger of a newer program": {
			before: func(t *testing.T, db *pgtest.Database) string {
				run(t, of(db), "migrate", "up").wantCode(t, 0)
				db.Exec(t, `INSERT INTO litellm_reconciler.schema_version (version_id, is_applied) VALUES (99, true)`)
				return db.URL
			},
			texts: []string{"version 99, newer than the", "use the newer litellm-reconciler"},
		},
		"a server that takes no writes": {
			before: func(t *testing.T, db *pgtest.Database) string {
				run(t, of(db), "migrate", "up").wantCode(t, 0)
				db.Exec(t, `ALTER DATABASE "`+db.Name+`" SET default_transaction_read_only = on`)
				return db.URL
			},
			texts: []string{"takes no writes", "connect to the primary"},
		},
		"a server that takes no writes and has no ledger": {
			before: executing(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`),
			texts:  []string{"takes no writes", "connect to the primary"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14, test.options...)
			db.Group(t, "dev", "github")
			db.Team(t, "a", "dev")
			e := of(db)
			if test.before != nil {
				e["DATABASE_URL"] = test.before(t, db)
			}

			r := run(t, e, append([]string{"--once"}, test.args...)...).wantCode(t, 1)

			wantTexts(t, r.complaint(t), test.texts...)
			if strings.Contains(r.stderr, "hunter2") {
				t.Errorf("the password is shown: %s", r.stderr)
			}
		})
	}
}

func edited(t *testing.T, db *pgtest.Database, edit func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	edit(u)
	return u.String()
}

func executing(sql string) func(*testing.T, *pgtest.Database) string {
	return func(t *testing.T, db *pgtest.Database) string {
		t.Helper()
		db.Exec(t, sql)
		return db.URL
	}
}

func TestAnEmptyDatabaseIsNotLiteLLMAndStaysEmpty(t *testing.T) {
	t.Parallel()
	db := pgtest.Empty(t)

	r := once(t, db, 1)

	wantTexts(t, r.complaint(t), `schema "public" has no LiteLLM tables`, "check the database name in the URL")
	if hasLedger(t, db) {
		t.Error("the ledger was installed")
	}
}
