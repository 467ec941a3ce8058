package explain

import (
	"fmt"
	"strings"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

// named makes the teams t1 and t2 of the alias "Twins", the team "zebra" of the
// alias "t1", the team t3 of the alias "ci", and keys of t1: ci, two called
// "build", one without an alias, one without any name, and two of one mask.
func named(t *testing.T) *pgtest.Database {
	t.Helper()
	db := pgtest.New(t, pgtest.V1_83_14)
	for _, team := range [][2]string{{"t1", "Twins"}, {"t2", "Twins"}, {"zebra", "t1"}, {"t3", "ci"}} {
		db.Exec(t, `INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, team_alias) VALUES ($1, $2)`, team[0], team[1])
	}
	for i, k := range []struct{ alias, masked any }{
		{"ci", "sk-...aaaa"}, {"build", "sk-...bbbb"}, {"build", "sk-...cccc"}, {nil, "sk-...dddd"}, {nil, nil}, {"odd", "sk-...eeee"}, {"even", "sk-...eeee"},
	} {
		db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, key_alias, key_name, team_id) VALUES ($1, $2, $3, 't1')`,
			fmt.Sprintf("token %d", i), k.alias, k.masked)
	}
	return db
}

func TestSubjectsGoByTheirNames(t *testing.T) {
	t.Parallel()
	e := open(t, named(t))
	for arg, want := range map[string]string{
		"t2": "team t2", "team:t2": "team t2",
		"t1": "team t1", // though another team has that for an alias
		"t3": "team t3", "team:ci": "team t3", "key:ci": "key ci", "key:sk-...aaaa": "key ci",
		"sk-...aaaa": "key ci", "odd": "key odd", "sk-...bbbb": "key build", "sk-...dddd": "key sk-...dddd",
	} {
		r, err := e.Explain(t.Context(), arg, "")
		got := ""
		switch {
		case err != nil:
		case r.Key != nil:
			got = "key " + r.Key.Name()
			if r.Team == nil || r.Team.ID != "t1" {
				t.Errorf("%q is of team %+v", arg, r.Team)
			}
		case r.Team != nil:
			got = "team " + r.Team.ID
		}
		if got != want || err != nil || string(r.Kind) != strings.Fields(want)[0] {
			t.Errorf("%q is %s %q, %v, want %q", arg, r.Kind, got, err, want)
		}
	}
}

func TestUnclearNamesAreAnsweredWithCandidates(t *testing.T) {
	t.Parallel()
	e := open(t, named(t))
	for arg, want := range map[string]string{
		"ci":         `"ci" is ambiguous, say which: team:t3 (ci), key:ci (sk-...aaaa, of team t1)`,
		"Twins":      `"Twins" is ambiguous, say which: team:t1 (Twins), team:t2 (Twins)`,
		"build":      `"build" is ambiguous, say which: key:sk-...bbbb (build, of team t1), key:sk-...cccc (build, of team t1)`,
		"sk-...eeee": `"sk-...eeee" is ambiguous, say which: key:even (sk-...eeee, of team t1), key:odd (sk-...eeee, of team t1)`,
		"Twns":       `no team or key goes by "Twns": did you mean team:t1 (Twins), team:t2 (Twins)?`,
		"team:build": `no team goes by "build"`,
		"key:zebra":  `no key goes by "zebra"`,
		"key:bluid":  `no key goes by "bluid": did you mean key:build (sk-...bbbb, of team t1), key:build (sk-...cccc, of team t1)?`,
		"sk-...zzzz": `no team or key goes by "sk-...zzzz"`,
		"nobody\n":   `no team or key goes by "nobody"`,
	} {
		_, err := e.Explain(t.Context(), arg, "")
		if err == nil || err.Error() != want {
			t.Errorf("%q gives\n%v, want\n%s", arg, err, want)
		}
	}
}

func TestKeysOfOneAliasAndMaskAreToldApartByTheirTeam(t *testing.T) {
	t.Parallel()
	db := named(t)
	for i, k := range []struct{ alias, masked, team any }{
		{"twin", "sk-...ffff", "t1"}, {"twin", "sk-...ffff", "t2"}, {"twin", "sk-...ffff", nil}, {"lost", "sk-...gggg", "t1"}, {"lost", "sk-...gggg", "t1"},
		{"a@b", "sk-...hhhh", "t1"}, {"a@b", "sk-...iiii", "not there"}, {nil, "sk-...jjjj", "t1"}, {nil, "sk-...jjjj", "zebra"},
	} {
		db.Exec(t, `INSERT INTO {schema}."LiteLLM_VerificationToken" (token, key_alias, key_name, team_id) VALUES ($1, $2, $3, $4)`,
			fmt.Sprintf("another token %d", i), k.alias, k.masked, k.team)
	}
	e := open(t, db)
	for arg, want := range map[string]string{
		"key:twin@t1": "twin of t1", "key:twin@t2": "twin of t2", "key:twin@": "twin of ", "key:sk-...ffff@t2": "twin of t2",
		"key:a@b@t1": "a@b of t1", "key:a@b@not there": "a@b of not there", "key:sk-...jjjj@zebra": "sk-...jjjj of zebra",
		"key:sk-...jjjj@t1": "sk-...jjjj of t1", // though another team has that for an alias
	} {
		r, err := e.Explain(t.Context(), arg, "")
		if err != nil || r.Key.Name()+" of "+r.Key.TeamID != want {
			t.Errorf("%q is %+v, %v, want %s", arg, r.Key, err, want)
		}
	}
	for arg, want := range map[string]string{
		"twin":           `"twin" is ambiguous, say which: key:twin@t1 (sk-...ffff, of team t1), key:twin@t2 (sk-...ffff, of team t2), key:twin@ (sk-...ffff)`,
		"sk-...ffff":     `"sk-...ffff" is ambiguous, say which: key:twin@t1 (sk-...ffff, of team t1), key:twin@t2 (sk-...ffff, of team t2), key:twin@ (sk-...ffff)`,
		"sk-...jjjj":     `"sk-...jjjj" is ambiguous, say which: key:sk-...jjjj@t1 (of team t1), key:sk-...jjjj@zebra (of team zebra)`,
		"key:twin@Twins": `"twin@Twins" is ambiguous, say which: key:twin@t1 `,
		"lost":           `2 keys go by "lost", and neither alias, masked name nor team tells them apart: give them different aliases in LiteLLM`,
		"key:twin@t3":    `no key goes by "twin@t3"`,
		"twin@t1":        `no team or key goes by "twin@t1"`,
	} {
		if _, err := e.Explain(t.Context(), arg, ""); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q gives\n%v, want\n%s", arg, err, want)
		}
	}
}

func TestNoMoreThanFiveCandidatesAreNamed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	for i := range 9 {
		db.Exec(t, `INSERT INTO {schema}."LiteLLM_TeamTable" (team_id, team_alias) VALUES ($1, 'Nine')`, fmt.Sprintf("team-%d", i))
	}
	e := open(t, db)
	_, err := e.Explain(t.Context(), "Nine", "")
	if err == nil || !strings.HasSuffix(err.Error(), "team:team-4 (Nine), and 4 more") {
		t.Errorf("nine teams of one name give %v", err)
	}
	_, err = e.Explain(t.Context(), "team-x", "")
	if err == nil || strings.Count(err.Error(), "team:") != 5 || !strings.HasSuffix(err.Error(), "team:team-4 (Nine)?") {
		t.Errorf("nine similar teams give %v", err)
	}
}

func TestServersGoByTheirNames(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.V1_83_14)
	for id, name := range map[string]string{"s1": "github", "s2": "jira", "s3": "jira", "jira2": "s1"} {
		db.Server(t, id, name)
	}
	db.Group(t, "elsewhere", "of the config file")
	db.Row(t, "row of nobody", "listed")
	db.Exec(t, `UPDATE {schema}."LiteLLM_ObjectPermissionTable" SET mcp_tool_permissions = '{"with tools": ["t"]}'`)
	db.Team(t, "t")
	e := open(t, db)
	for arg, want := range map[string]string{
		"s1": "s1", "github": "s1", "jira2": "jira2", "s2": "s2",
		"of the config file": "of the config file", "listed": "listed", "with tools": "with tools",
	} {
		r, err := e.Explain(t.Context(), "t", arg)
		if err != nil || len(r.Servers) != 1 || r.Servers[0].ID != want {
			t.Errorf("%q is %+v, %v, want %s", arg, r.Servers, err, want)
		}
	}
	for arg, want := range map[string]string{
		"jira":    `2 servers go by "jira", say which: s2 (jira), s3 (jira)`,
		"gihub":   `no MCP server goes by "gihub", and no list names it: did you mean s1 (github)?`,
		"sentry":  `no MCP server goes by "sentry", and no list names it`,
		"general": `no MCP server goes by "general", and no list names it`,
	} {
		if _, err := e.Explain(t.Context(), "t", arg); err == nil || err.Error() != want {
			t.Errorf("%q gives\n%v, want\n%s", arg, err, want)
		}
	}
}
