package main

import (
	"fmt"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// granted is a database with forty repaired teams. All of them have group
// "all", the first twelve "some" as well.
func granted(t *testing.T) *pgtest.Database {
	t.Helper()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "all", "github")
	db.Group(t, "some", "jira")
	for i := range 40 {
		groups := []string{"all"}
		if i < 12 {
			groups = append(groups, "some")
		}
		db.Team(t, fmt.Sprintf("team-%02d", i), groups...)
	}
	once(t, db, 0)
	return db
}

func TestALimitRefusesAPassBeforeItsFirstWrite(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(t *testing.T, db *pgtest.Database)
		args   []string
		limit  string
		texts  []string
		want   []string // of the first team, once the pass is let through
	}{
		"too many teams lose servers": {
			change: func(t *testing.T, db *pgtest.Database) { db.DeleteGroup(t, "some") },
			limit:  "revoked_fraction",
			texts:  []string{"12 teams", "40", "guard.max_revoked_fraction 0.25", "--allow-revokes"},
			want:   []string{"github"},
		},
		"no access groups any more": {
			change: func(t *testing.T, db *pgtest.Database) { db.Exec(t, `TRUNCATE {schema}."LiteLLM_AccessGroupTable"`) },
			limit:  "empty_source",
			texts:  []string{"no access group at all", "the ledger owns grants of 40 teams", "--allow-revokes"},
			want:   []string{},
		},
		"too many ceilings created": {
			change: func(t *testing.T, db *pgtest.Database) { db.Team(t, "new", "all") },
			args:   []string{"--guard-max-ceilings-created=0"},
			limit:  "ceilings_created",
			texts:  []string{"1 team would start restricting keys", "guard.max_ceilings_created 0", "--allow-revokes"},
			want:   []string{"github", "jira"},
		},
		"too many ceilings removed": {
			change: func(t *testing.T, db *pgtest.Database) { db.SetTeamGroups(t, "team-00") },
			args:   []string{"--guard-max-ceilings-removed=0"},
			limit:  "ceilings_removed",
			texts:  []string{"1 team would stop restricting keys", "guard.max_ceilings_removed 0", "--allow-revokes"},
			want:   []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := granted(t)
			test.change(t, db)
			before := db.Fingerprint(t)

			refused := once(t, db, 3, append(test.args, "-o", "json")...)

			wantTexts(t, refused.complaint(t), append(test.texts, "nothing was written")...)
			if db.Fingerprint(t) != before {
				t.Error("something was written")
			}
			s := refused.summary(t)
			if s.Result != "refused" || s.RepairedTeams != 0 || s.DriftedTeams == 0 || "litellm-reconciler: "+s.Error+"\n" != refused.stderr {
				t.Errorf("the summary says %+v", s)
			}

			once(t, db, 0, append(test.args, "--allow-revokes")...)
			wantServers(t, db, "team-00", test.want...)
		})
	}
}

func TestTeamsBelowALimitLoseServersWithoutAsking(t *testing.T) {
	t.Parallel()
	db := granted(t)
	for i := range 9 {
		db.SetTeamGroups(t, fmt.Sprintf("team-%02d", i), "all")
	}
	once(t, db, 0)
	wantServers(t, db, "team-08", "github")
	wantServers(t, db, "team-11", "github", "jira")
}

func TestARefusedDaemonStaysAndSaysSo(t *testing.T) {
	t.Parallel()
	db := granted(t)
	db.Exec(t, `TRUNCATE {schema}."LiteLLM_AccessGroupTable"`)
	before := db.Fingerprint(t)

	d := start(t, of(db))

	d.await(t, "/readyz", 503, "no access group at all", "--allow-revokes")
	d.awaitMetric(t, `guard_refusals_total{limit="empty_source"}`, 2)
	if db.Fingerprint(t) != before {
		t.Error("something was written")
	}
	db.Group(t, "all", "github")
	db.Group(t, "some", "jira")
	d.await(t, "/readyz", 200)
}

// The flag is for the loss that is intended now, not for one of next week.
func TestADaemonAllowsRevokesOnceOnly(t *testing.T) {
	t.Parallel()
	db := granted(t)
	d := start(t, of(db), "--allow-revokes")
	d.await(t, "/readyz", 200)
	db.Exec(t, `TRUNCATE {schema}."LiteLLM_AccessGroupTable"`)
	before := db.Fingerprint(t)

	d.awaitMetric(t, `guard_refusals_total{limit="empty_source"}`, 1)

	if db.Fingerprint(t) != before {
		t.Error("something was written")
	}
}
