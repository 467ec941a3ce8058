package main

// step is one stop of the tour.
type step struct {
	title string
	note  string
	// edit is what LiteLLM writes when an administrator changes something.
	edit string
	// args are those of the program, which does not run where there are none.
	args []string
	// says is part of the program's output.
	says string
	// changes are the teams whose permission row and the keys whose servers are different after this step. All others
	// must be what they were. Without changes the program must not have written a single row.
	changes map[string]string
}

// steps tells the story.
func steps() []step {
	return []step{{
		title: "The fault",
		note: `All four teams below have the access group "general", which grants github-mcp. LiteLLM before v1.88
records that with the team, but looks for servers in the team's permission row alone. users-local
has no row: its key ci, without a list of its own, sees no server and gets 403.`,
		args: []string{"explain", "ci", "github-mcp"},
		says: "May key ci use github-mcp (github)? Before v1.88: no. From v1.88: yes.",
		changes: map[string]string{
			"users-local": none, "research": "wiki-mcp", "support": "sentry-mcp", "admins": "all-proxy-mcpservers",
			"ci": forbidden, "laptop": "github-mcp, wiki-mcp", "nightly": "sentry-mcp",
		},
	}, {
		title: "Look, and write nothing",
		note: `Of the 301 teams 281 have access groups. The fault has hit three of the above and 40 others. The
row of admins holds LiteLLM's sentinel for all servers, and is left alone. A dry run reads in a
READ ONLY transaction and needs no tables of its own.`,
		args: []string{"--once", "--dry-run"},
		says: "43 of 281 teams with access groups drifted, nothing written: this is a dry run",
	}, {
		title: "See it team by team, with what it means to keys",
		note: `users-local gets a row, and research keeps the wiki-mcp that an administrator granted. support
shares its row with key nightly, and gets a copy, so that the key does not gain github-mcp. By
LiteLLM's own rule a team with a list restricts its keys (a "ceiling"): key laptop loses wiki-mcp.`,
		args: []string{"plan", "--keys", "--teams-include", "users-local,research,support"},
		says: "Plan: 3 teams, 3 servers granted, 1 key gains, 1 key narrowed.",
	}, {
		title: "Repair",
		note:  `All teams that drifted, in small transactions. What was planned is what was written.`,
		args:  []string{"--once"},
		says:  "Repaired 43 of 43 drifted teams",
		changes: map[string]string{
			"users-local": "github-mcp", "research": "wiki-mcp, github-mcp", "support": "sentry-mcp, github-mcp",
			"ci": "github-mcp", "laptop": "github-mcp",
		},
	}, {
		title: "Again",
		note:  `Everything is in sync, so a pass reads and writes nothing, its own tables included.`,
		args:  []string{"--once"},
		says:  "In sync",
	}, {
		title: "An administrator adds jira-mcp to the group",
		note:  `All teams of the group follow.`,
		edit: `UPDATE "LiteLLM_AccessGroupTable" SET access_mcp_server_ids = '{github-mcp,jira-mcp}'
WHERE access_group_id = 'general'`,
		args: []string{"--once"},
		says: "Repaired 3 of 3 drifted teams",
		changes: map[string]string{
			"users-local": "github-mcp, jira-mcp", "research": "wiki-mcp, github-mcp, jira-mcp",
			"support": "sentry-mcp, github-mcp, jira-mcp", "ci": "github-mcp, jira-mcp",
		},
	}, {
		title: "The group is detached from users-local and research",
		note: `What was granted for the group is taken out again, and the wiki-mcp of the administrator stays. The
row of users-local is empty now, which to LiteLLM means "not restricted": key laptop has all of its
list back.`,
		edit: `WITH detached AS (
    UPDATE "LiteLLM_TeamTable" SET access_group_ids = '{}'
    WHERE team_id IN ('users-local', 'research'))
UPDATE "LiteLLM_AccessGroupTable" SET assigned_team_ids = '{support,admins}'
WHERE access_group_id = 'general'`,
		args: []string{"--once"},
		says: "Repaired 2 of 2 drifted teams",
		changes: map[string]string{
			"users-local": none, "research": "wiki-mcp", "ci": forbidden, "laptop": "github-mcp, wiki-mcp",
		},
	}, {
		title: "What happened to users-local, and why?",
		note: `Every change is recorded, in the transaction that made it: before, after, and the groups that
granted each server.`,
		args: []string{"history", "users-local"},
		says: `+ jira-mcp ("jira") (granted by group "General")`,
	}, {
		title: "Leave again",
		note: `Stop the daemon, and take back all that was granted. Every team is as it was before, row by row:
the rows that were made are gone, and support shares the row of key nightly again.`,
		args: []string{"revert", "--all", "--yes"},
		says: "Reverted: 42 teams, 82 servers taken back, 40 ceilings removed, 42 rows given up, 42 rows deleted",
		changes: map[string]string{
			"support": "sentry-mcp",
		},
	}}
}
