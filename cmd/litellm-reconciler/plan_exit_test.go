package main

import (
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

func TestAPlansExitCodes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	planOf(t, db, 0)
	planOf(t, db, 2, "--exit-code")
	planOf(t, db, 2, "--exit-code", "-o", "json").planned(t)
	for _, args := range [][]string{{"-o", "yaml"}, {"a"}, {"--dry-run"}, {"--allow-revokes"}} {
		r := planOf(t, db, 64, args...)
		if r.complaint(t); r.stdout != "" {
			t.Errorf("%v: %s", args, r.stdout)
		}
	}
	once(t, db, 0)

	wantText(t, planOf(t, db, 0, "--exit-code").stdout, `In sync: 1 team with access groups, 1 access group
  mismatched: 1 access group whose assigned_team_ids disagrees with the teams, which are what counts
`)
	p := planOf(t, db, 0, "--exit-code", "--keys", "-o", "json").planned(t)
	if p.Teams == nil || len(p.Teams) != 0 || p.Summary.Result != "ok" {
		t.Errorf("in sync the plan is %+v", p)
	}
}

func TestAPlanEndsWithTheLimitThatWouldRefuseIt(t *testing.T) {
	t.Parallel()
	db := granted(t)
	db.DeleteGroup(t, "some")

	text, parsed := planOf(t, db, 3, "--exit-code"), planOf(t, db, 3, "--exit-code", "-o", "json")

	wantTexts(t, text.complaint(t), "refused, nothing was written", "guard.max_revoked_fraction 0.25", "--allow-revokes")
	wantTexts(t, text.stdout, "team team-11 (", "  - jira (no group grants it any more)\n", "\nPlan: 12 teams, 0 servers granted, 12 revoked.\n")
	if s := parsed.planned(t).Summary; s.Result != "refused" || s.Limit != "revoked_fraction" || s.DriftedTeams != 12 || "litellm-reconciler: "+s.Error+"\n" != text.stderr {
		t.Errorf("the summary says %+v", s)
	}
}

// Whoever parses the output has something to parse.
func TestAPlanThatFailsIsJSONAndSaysWhy(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	for name, test := range map[string]struct {
		url   string
		texts []string
		teams int // that it found out about before it failed
	}{
		"no database": {"postgresql://who:hunter2@127.0.0.1:1/litellm", []string{"cannot reach Postgres"}, 0},
		"no right to see keys": {db.Role(t, "limited",
			"GRANT SELECT ON {schema}.\"LiteLLM_TeamTable\", {schema}.\"LiteLLM_AccessGroupTable\", {schema}.\"LiteLLM_MCPServerTable\", "+
				"{schema}.\"LiteLLM_ObjectPermissionTable\", {schema}.\"LiteLLM_OrganizationTable\" TO {role}",
		), []string{"permission denied", `GRANT SELECT (`, `"key_alias", "key_name", `, `ON "public"."LiteLLM_VerificationToken" TO "`}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := env{"DATABASE_URL": test.url}
			text, parsed := run(t, e, "plan").wantCode(t, 1), run(t, e, "plan", "-o", "json", "--keys").wantCode(t, 1)

			wantTexts(t, text.complaint(t), append(test.texts, "plan: ")...)
			p := parsed.planned(t)
			if p.Summary.Result != "error" || p.Summary.DriftedTeams != test.teams || "litellm-reconciler: plan: "+p.Summary.Error != strings.TrimSpace(parsed.stderr) {
				t.Errorf("the summary says %+v", p.Summary)
			}
			if strings.Contains(text.stdout, "Plan:") || (text.stdout == "") != (test.teams == 0) {
				t.Errorf("what is incomplete looks complete: %s", text.stdout)
			}
			if strings.Contains(text.stderr+parsed.stderr+parsed.stdout, "hunter2") {
				t.Error("the password is shown")
			}
		})
	}
}

// A role that may only look is asked for nothing else.
func TestARoleWithTheNamedRightsPlans(t *testing.T) {
	t.Parallel()
	for _, version := range pgtest.Versions() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, version)
			db.Group(t, "dev", "github")
			db.Team(t, "a", "dev")
			db.Key(t, "key", "a")
			once(t, db, 0)
			db.SetGroup(t, "dev", "jira")
			role := env{"DATABASE_URL": db.Role(t, "reader")}

			granted := ""
			r := run(t, role, "plan", "--keys")
			for round := 1; r.code != 0 && round <= 3; round++ {
				granted += obey(t, db, r.wantCode(t, 1)) + "; "
				r = run(t, role, "plan", "--keys")
			}
			wantTexts(t, r.wantCode(t, 0).stdout, "+ jira", "- github", "gain      alias of key")

			for _, word := range []string{"INSERT", "UPDATE", "DELETE", `"token"`} {
				if strings.Contains(granted, word) {
					t.Errorf("%s is asked for: %s", word, granted)
				}
			}
			planOf(t, db, 0) // and so does its owner
		})
	}
}

func TestAPlanIsAboutTheSelectedTeams(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	for _, team := range []string{"a", "b", "c"} {
		db.Team(t, team, "dev")
	}
	for arg, want := range map[string]string{
		"--keys": "a b c", "--teams-include=c,alias of a": "a c", "--teams-exclude=a": "b c", "--organizations-include=none": "",
	} {
		var got []string
		for _, team := range planOf(t, db, 0, arg, "-o", "json").planned(t).Teams {
			got = append(got, team.Team)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("with %s the plan is about %v, want %s", arg, got, want)
		}
	}
}

func TestAPlanNeedsALedgerItKnows(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	run(t, of(db), "migrate", "up").wantCode(t, 0)
	db.Exec(t, `INSERT INTO litellm_reconciler.schema_version (version_id, is_applied) VALUES (99, true)`)
	wantTexts(t, planOf(t, db, 1).complaint(t), "version 99, newer than the")
}

// A check that looks at nobody must not pass for ever.
func TestPlanRefusesASelectionOfNobody(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	for _, command := range [][]string{{"plan", "--exit-code"}, {"adopt", "--all", "--yes"}} {
		r := run(t, of(db), append(command, "--teams-include=aa,bb")...).wantCode(t, 1)
		wantTexts(t, r.complaint(t), "no team has an id or alias of teams.include: aa, bb")
	}
	run(t, of(db), "plan", "--exit-code", "--teams-include=aa,a").wantCode(t, 2)
	wantTexts(t, once(t, db, 0, "--teams-include=aa").stderr, "no team has an id or alias of teams.include: aa")
}
