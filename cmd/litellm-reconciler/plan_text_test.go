package main

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"litellm-reconciler/internal/pgtest"
)

// Team "a" has github and jira of group "dev" after a first repair.
func TestThePlanOfAChange(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(t *testing.T, db *pgtest.Database, row string)
		args   []string
		want   string // ROW is the team's row
	}{
		"the last server goes": {
			func(t *testing.T, db *pgtest.Database, _ string) { db.SetTeamGroups(t, "a") },
			nil,
			`team a ("alias of a"): row ROW
  - github (no group grants it any more)
  - jira (no group grants it any more)
  keys: 1 loses, 1 widened (the team ceases to restrict keys with a list of their own)

Plan: 1 team, 0 servers granted, 2 revoked, 1 key loses, 1 key widened.
`,
		},
		"one server goes and another comes": {
			func(t *testing.T, db *pgtest.Database, _ string) {
				db.Server(t, "9f", "wiki")
				db.Group(t, "ops", "9f")
				db.SetGroup(t, "dev", "9f", "jira")
				db.SetTeamGroups(t, "a", "ops", "dev")
			},
			nil,
			`team a ("alias of a"): row ROW
  + 9f ("wiki") (granted by groups "name of dev", "name of ops")
  - github (no group grants it any more)
  = 1 more that groups grant
  keys: 1 gains, 2 lose

Plan: 1 team, 1 server granted, 1 revoked, 1 key gains, 2 keys lose.
`,
		},
		"direct entries stay": {
			func(t *testing.T, db *pgtest.Database, row string) {
				db.SetServers(t, row, "Mail Server", "github", "jira", "wiki")
				db.SetGroup(t, "dev", "github")
			},
			nil,
			`team a ("alias of a"): row ROW
  - jira (no group grants it any more)
  = Mail Server (direct, kept)
  = wiki (direct, kept)
  = 1 more that groups grant
  keys: 1 loses

Plan: 1 team, 0 servers granted, 1 revoked, 1 key loses.
`,
		},
		"under exact direct entries go": {
			func(t *testing.T, db *pgtest.Database, row string) {
				db.SetServers(t, row, "github", "jira", "wiki", "github")
			},
			[]string{"--policy=exact"},
			`team a ("alias of a"): row ROW
  - wiki (no group grants it)
  = 2 more that groups grant
  keys: 1 loses

Plan: 1 team, 0 servers granted, 1 revoked, 1 key loses.
`,
		},
		"under exact duplicates go": {
			func(t *testing.T, db *pgtest.Database, row string) { db.SetServers(t, row, "github", "jira", "github") },
			[]string{"--policy=exact"},
			`team a ("alias of a"): row ROW
  - what stands there twice
  = 2 more that groups grant
  keys: no change

Plan: 1 team, 0 servers granted.
`,
		},
		"under additive nothing goes": {
			func(t *testing.T, db *pgtest.Database, _ string) { db.SetGroup(t, "dev", "wiki") },
			[]string{"--policy=additive"},
			`team a ("alias of a"): row ROW
  + wiki (granted by group "name of dev")
  = github (no group grants it any more, kept)
  = jira (no group grants it any more, kept)
  keys: 1 gains

Plan: 1 team, 1 server granted, 1 key gains.
`,
		},
		"a row that a key shares is copied, and the key keeps the old one": {
			func(t *testing.T, db *pgtest.Database, row string) {
				db.Exec(t, `UPDATE {schema}."LiteLLM_VerificationToken" SET object_permission_id = $1 WHERE token = 'plain'`, row)
				db.SetGroup(t, "dev", "github", "wiki")
			},
			nil,
			`team a ("alias of a"): copy of row ROW, which others use as well
  + wiki (granted by group "name of dev")
  - jira (no group grants it any more)
  = 1 more that groups grant
  keys: 1 loses

Plan: 1 team, 1 server granted, 1 revoked, 1 key loses.
`,
		},
		"a team without keys, and one that is left alone": {
			func(t *testing.T, db *pgtest.Database, row string) {
				db.SetServers(t, row, "all-proxy-mcpservers")
				db.Exec(t, `INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, models, admins, members, access_group_ids)
					VALUES ('b', '{}', '{}', '{}', '{dev,gone}')`)
			},
			nil,
			`team b: new row
  + github (granted by group "name of dev")
  + jira (granted by group "name of dev")
  keys: no change

Plan: 1 team, 2 servers granted.
  left alone: 1 team whose row grants all servers
  dangling: 1 reference to access groups that do not exist
`,
		},
		"only the ledger is behind": {
			func(t *testing.T, db *pgtest.Database, row string) { db.SetServers(t, row, "github", "jira", "wiki") },
			nil,
			`In sync: 1 team with access groups, 1 access group
  ledger only: 1 team whose row is right, or that LiteLLM deleted
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t, pgtest.V1_83_14)
			db.Group(t, "dev", "github", "jira")
			db.Team(t, "a", "dev")
			db.Key(t, "plain", "a")
			keyWith(t, db, "own", "a", "github", "mail")
			once(t, db, 0)
			row := db.RowID(t, "a")
			test.change(t, db, row)
			db.Exec(t, `UPDATE {schema}."LiteLLM_AccessGroupTable" AS g SET assigned_team_ids =
				ARRAY(SELECT team_id FROM {schema}."LiteLLM_TeamTable" AS t WHERE g.access_group_id = ANY (t.access_group_ids))`)
			before := db.Fingerprint(t)

			got := planOf(t, db, 0, test.args...).stdout

			if db.Fingerprint(t) != before {
				t.Error("the plan wrote something")
			}
			var lines []string
			for line := range strings.Lines(strings.ReplaceAll(got, row, "ROW")) {
				if !strings.HasPrefix(line, "  from v1.88, ") {
					lines = append(lines, line)
				}
			}
			wantText(t, strings.Join(lines, ""), test.want)
		})
	}
}

func TestKeysAreNamedAndNeverTheirTokens(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Group(t, "dev", "github")
	db.Team(t, "a", "dev")
	for i := range 60 {
		db.Key(t, fmt.Sprintf("hash-%02d", i), "a")
	}
	keyWith(t, db, "hash-own", "a", "jira")
	db.Exec(t, `UPDATE {schema}."LiteLLM_VerificationToken" SET key_alias = NULL, key_name = 'sk-...q1' WHERE token = 'hash-own'`)
	db.Exec(t, `UPDATE {schema}."LiteLLM_VerificationToken" SET key_alias = replace(key_alias, 'alias of hash-', 'key-')`)

	text, without := planOf(t, db, 0, "--keys").stdout, planOf(t, db, 0).stdout
	parsed := planOf(t, db, 0, "--keys", "-o", "json")

	wantTexts(t, text, `  keys: 60 gain, 1 narrowed (the team begins to restrict keys with a list of their own)
    gain      key-00
    gain      key-01
`, `
    gain      key-49
    gain      ... and 10 more
    narrowed  sk-...q1

`)
	if strings.Contains(without, "key-00") {
		t.Errorf("keys are named without --keys: %s", without)
	}
	if n := len(parsed.planned(t).Teams[0].Keys.List); n != 61 {
		t.Errorf("JSON names %d of 61 keys", n)
	}
	if strings.Contains(text+parsed.stdout, "hash-") {
		t.Error("a token is shown")
	}
}

// Names are what anybody who may create a key or a team makes them.
func TestNoNameBreaksALineOrReachesTheTerminal(t *testing.T) {
	t.Parallel()
	odd := "x\x1b[2J\"'\\\n\r\t\u202e\u00a0 keys: 9 gain"
	db := pgtest.New(t, pgtest.V1_83_14)
	db.Server(t, "id "+odd, "plain")
	db.Exec(t, `UPDATE {schema}."LiteLLM_MCPServerTable" SET alias = $1`, "server "+odd)
	db.Group(t, "group "+odd, "id "+odd, "free "+odd)
	db.Team(t, "team "+odd, "group "+odd)
	db.Row(t, "row "+odd, "own "+odd, "gone "+odd)
	db.LinkTeam(t, "team "+odd, "row "+odd)
	db.Key(t, "key "+odd, "team "+odd)

	text := planOf(t, db, 0, "--keys").stdout

	wantTexts(t, text, `team "team x\x1b[2J`, `"row x\x1b[2J`, `+ "free x\x1b`, `+ "id x\x1b`, `("server x\x1b`, `granted by group "name of group x\x1b`, `= "own x\x1b`, `gain      "alias of key x\x1b`)
	if n := strings.Count(text, "\n"); n != 11 {
		t.Errorf("%d lines, want 11: %s", n, text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("%q is shown as it is", text[i:])
	}
	parsed := planOf(t, db, 0, "--keys", "-o", "json").planned(t)
	if team := parsed.Teams[0]; team.Team != "team "+odd || team.Added[1].Name != "server "+odd || team.Keys.List[0].Key != "alias of key "+odd {
		t.Errorf("JSON has %+v", team)
	}
}
