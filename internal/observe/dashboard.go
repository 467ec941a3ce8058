package observe

// Dashboard is charts/litellm-reconciler/dashboards/litellm-reconciler.json.
func Dashboard() ([]byte, error) {
	const installed = `litellm_reconciler_build_info`
	all := object{"includeAll": true, "allValue": ".*"} // also those without the label
	return encode(object{
		"title": "litellm-reconciler",
		"uid":   "litellm-reconciler",
		"description": "How LiteLLM's teams get the MCP servers that their access groups grant. " +
			"Counters of jobs (--once) are those of their last run.",
		"tags": []string{"litellm"}, "schemaVersion": 42, "version": 1, "editable": true, "graphTooltip": 1,
		"time": object{"from": "now-6h", "to": "now"}, "timezone": "browser", "refresh": "1m",
		"annotations": object{"list": []object{}}, "links": []object{}, "panels": layOut(rows()),
		"templating": object{"list": []object{
			{"name": "datasource", "label": "data source", "type": "datasource", "query": "prometheus", "refresh": 1},
			variable("cluster", "label_values("+installed+", cluster)", all),
			variable("namespace", "label_values("+installed+`{cluster=~"$cluster"}, namespace)`, all),
			variable("job", "label_values("+installed+`{cluster=~"$cluster", namespace=~"$namespace"}, job)`, nil),
		}},
	})
}

// Of a copy that follows, what it saw of drift is old.
const (
	drift       = `litellm_reconciler_drift_teams unless ignoring (kind) litellm_reconciler_leader == 0`
	sinceOK     = `time() - max(litellm_reconciler_last_success_timestamp_seconds > 0)`
	lastAttempt = `litellm_reconciler_last_attempt_timestamp_seconds`
	full        = `trigger!="event"`
)

// quantiles are those of a histogram: of its buckets or, where Prometheus takes native histograms, of the whole.
func quantiles(histogram, labels string) []query {
	of := func(q string) string {
		return "histogram_quantile(" + q + ", sum by (le) (rate(" + histogram + "_bucket" + labels + "[$__rate_interval])))" +
			" or histogram_quantile(" + q + ", sum(rate(" + histogram + labels + "[$__rate_interval])))"
	}
	return []query{{of("0.5"), "half of them"}, {of("0.99"), "99 of 100"}}
}

// grew is how much a counter increased, by a label.
func grew(counter, by string) string {
	if by != "" {
		by = "by (" + by + ") "
	}
	return "sum " + by + "(increase(" + counter + "[$__rate_interval]))"
}

func rows() []row {
	return []row{
		{"Now", 4, now()},
		{"Drift and repairs", 8, repairs()},
		{"Passes", 8, passes()},
		{"Changes repaired at once", 8, events()},
		{"Copies, database, process", 8, copies()},
	}
}

func now() []panel {
	return []panel{
		{title: "Last success", about: "Since a pass last ended without any team left unrepaired.",
			show: number, width: 4, unit: "s", none: "never",
			steps:   []step{{0, "green"}, {900, "orange"}, {7200, "red"}},
			queries: []query{{sinceOK, ""}}},
		{title: "Last pass", about: "Whether the last pass ended well: no error, no refusal, no team left unrepaired.",
			show: number, width: 4, unit: "none", none: "no leader",
			names: []name{{"0", "ok", "green"}, {"1", "not ok", "red"}},
			queries: []query{{`max(` + lastAttempt + ` unless litellm_reconciler_leader == 0)` +
				` > bool max(litellm_reconciler_last_success_timestamp_seconds or ` + lastAttempt + ` * 0)`, ""}}},
		{title: "Drift at the last scan", about: "Teams that the last scan found drifted, before they were repaired. One that both lacks servers and has too many counts twice.",
			show: number, width: 4, unit: "short", none: "no leader",
			steps:   []step{{0, "green"}, {1, "orange"}},
			queries: []query{{`sum(litellm_reconciler_drift_teams{kind!="shared_row"} unless ignoring (kind) litellm_reconciler_leader == 0)`, ""}}},
		{title: "Leaders", about: "Copies that lead: one, unless it is a job or a dry run.",
			show: number, width: 4, unit: "short", none: "not needed",
			steps:   []step{{0, "red"}, {1, "green"}, {2, "red"}},
			queries: []query{{`sum(litellm_reconciler_leader)`, ""}}},
		{title: "Oldest change in the queue", about: "How long the first of the changes that the triggers noted has been waiting.",
			show: number, width: 4, unit: "s", none: "no queue",
			steps:   []step{{0, "green"}, {60, "orange"}, {600, "red"}},
			queries: []query{{`max(litellm_reconciler_queue_oldest_seconds)`, ""}}},
		{title: "Version", about: "Of the copies; several while an upgrade goes on.",
			show: text, width: 4, unit: "none", none: "not scraped",
			queries: []query{{`count by (version) (litellm_reconciler_build_info)`, "{{version}}"}}},
	}
}

func repairs() []panel {
	return []panel{
		{title: "Drift found, by kind", about: "Teams that each scan found drifted. What is repaired is not found by the next one. A team can be of several kinds.",
			show: lines, width: 8, unit: "short", queries: []query{{"sum by (kind) (" + drift + ")", "{{kind}}"}}},
		{title: "Teams repaired, by kind", about: "By passes, and at once after a change.",
			show: bars, width: 8, unit: "short", queries: []query{{grew("litellm_reconciler_repairs_total", "kind"), "{{kind}}"}}},
		{title: "Servers granted and revoked", about: "MCP servers added to and taken out of permission rows.",
			show: bars, width: 8, unit: "short", queries: []query{
				{grew("litellm_reconciler_servers_granted_total", ""), "granted"},
				{grew("litellm_reconciler_servers_revoked_total", ""), "revoked"}}},
		{title: "Ceilings", about: "Created: the first server in a row starts to restrict the team's keys. Removed: the last one is gone, and keys with a list of their own get all of it.",
			show: bars, width: 8, unit: "short", queries: []query{
				{grew("litellm_reconciler_ceilings_created_total", ""), "created"},
				{grew("litellm_reconciler_ceilings_removed_total", ""), "removed"}}},
		{title: "Teams not repaired", about: "Left alone, by reason, or failed. Counted in each pass: a team that stays busy counts again each time.",
			show: bars, width: 8, unit: "short", queries: []query{
				{grew("litellm_reconciler_skipped_total", "reason"), "{{reason}}"},
				{grew("litellm_reconciler_failed_teams_total", ""), "failed"}}},
		{title: "What LiteLLM holds", about: "At the last scan. Dangling: teams name access groups that do not exist. Mismatched: a group's own list of teams disagrees with the teams.",
			show: lines, width: 8, unit: "short", queries: []query{
				{`max(litellm_reconciler_teams unless litellm_reconciler_leader == 0)`, "teams"},
				{`max(litellm_reconciler_access_groups unless litellm_reconciler_leader == 0)`, "access groups"},
				{`max(litellm_reconciler_dangling_group_references unless litellm_reconciler_leader == 0)`, "dangling references"},
				{`max(litellm_reconciler_membership_mismatches unless litellm_reconciler_leader == 0)`, "mismatched groups"}}},
	}
}

func passes() []panel {
	return []panel{
		{title: "Time since success", about: "Since a pass last ended without any team left unrepaired. With a schedule of passes this is a saw whose teeth are as high as the schedule is long.",
			show: lines, width: 8, unit: "s", queries: []query{{sinceOK, "since the last success"}}},
		{title: "Full passes, by result", about: "partial: some teams could not be repaired. refused: a limit was exceeded, nothing was written. stopped: the copy ended or lost the lead.",
			show: bars, width: 8, unit: "short", queries: []query{{grew("litellm_reconciler_passes_total{"+full+"}", "result"), "{{result}}"}}},
		{title: "Duration of full passes", about: "A look at all teams, and the repair of those that drifted.",
			show: lines, width: 8, unit: "s", queries: quantiles("litellm_reconciler_pass_duration_seconds", "{"+full+"}")},
		{title: "Refusals, by limit", about: "A limit of guard.* was exceeded, in a pass or by changes that were to be repaired at once. Passes that are refused write nothing.",
			show: bars, width: 8, unit: "short", queries: []query{{grew("litellm_reconciler_guard_refusals_total", "limit"), "{{limit}}"}}},
		{title: "Database errors", about: "Passes and reactions to changes that ended with an error, teams that Postgres gave an error for, and waits for a connection that were given up.",
			show: bars, width: 8, unit: "short", queries: []query{
				{grew(`litellm_reconciler_passes_total{result="error"}`, "trigger"), "passes ({{trigger}})"},
				{grew("litellm_reconciler_failed_teams_total", ""), "teams"},
				{grew("litellm_reconciler_pool_canceled_acquires_total", ""), "waits given up"}}},
	}
}

func events() []panel {
	return []panel{
		{title: "Delay", about: "From the beginning of LiteLLM's transaction to the repair of each team that it changed something for.",
			show: lines, width: 8, unit: "s", queries: quantiles("litellm_reconciler_event_delay_seconds", "")},
		{title: "Queue", about: "Changes that the triggers noted and nobody looked into yet, and teams that wait for a repair.",
			show: lines, width: 8, unit: "short", queries: []query{
				{`max(litellm_reconciler_queue_entries)`, "changes"}, {`max(litellm_reconciler_queue_teams)`, "teams"}}},
		{title: "Oldest change in the queue", about: "Teams that a limit holds back, or whose repair fails, wait here.",
			show: lines, width: 8, unit: "s", queries: []query{{`max(litellm_reconciler_queue_oldest_seconds)`, "waiting"}}},
		{title: "Reactions, by result", about: "Repairs of the teams that a change concerns. refused: teams that would lose entries are left to the next pass, and its limits.",
			show: bars, width: 8, unit: "short", queries: []query{{grew(`litellm_reconciler_passes_total{trigger="event"}`, "result"), "{{result}}"}}},
		{title: "Triggers", about: "Whether all triggers on LiteLLM's tables are there. They are opt-in (watch.triggers).",
			show: timeline, width: 8, unit: "none",
			names:   []name{{"0", "not installed", "text"}, {"1", "installed", "green"}},
			queries: []query{{`max(litellm_reconciler_triggers_installed)`, "triggers"}}},
	}
}

func copies() []panel {
	return []panel{
		{title: "Who leads", about: "By its own clock. One at a time; two for a scrape, when the lead is handed over.",
			show: timeline, width: 8, unit: "none",
			names:   []name{{"0", "follows", "text"}, {"1", "leads", "green"}},
			queries: []query{{`max by (instance, pod) (litellm_reconciler_leader)`, "{{pod}} {{instance}}"}}},
		{title: "Term", about: "One more with each change of leader.",
			show: lines, width: 8, unit: "short", queries: []query{{`max(litellm_reconciler_lease_term)`, "term"}}},
		{title: "Database connections", about: "Of all copies together. Two more a copy, for the lease and to be told of changes, are not counted.",
			show: lines, width: 8, unit: "short", queries: []query{
				{`sum(litellm_reconciler_pool_acquired_connections)`, "in use"},
				{`sum(litellm_reconciler_pool_idle_connections)`, "idle"},
				{`sum(litellm_reconciler_pool_connections)`, "all"},
				{`sum(litellm_reconciler_pool_max_connections)`, "most"}}},
		{title: "Time to get a connection", about: "On average. Longer than a few milliseconds: they are opened anew, or there are too few of them.",
			show: lines, width: 8, unit: "s", queries: []query{
				{`sum(rate(litellm_reconciler_pool_acquire_duration_seconds_total[$__rate_interval]))` +
					` / sum(rate(litellm_reconciler_pool_acquires_total[$__rate_interval]))`, "average"}}},
		{title: "Memory", about: "Resident, a copy.",
			show: lines, width: 8, unit: "bytes", queries: []query{{`sum by (instance, pod) (process_resident_memory_bytes)`, "{{pod}} {{instance}}"}}},
		{title: "CPU", about: "Cores, a copy.",
			show: lines, width: 8, unit: "short", queries: []query{{`sum by (instance, pod) (rate(process_cpu_seconds_total[$__rate_interval]))`, "{{pod}} {{instance}}"}}},
	}
}
