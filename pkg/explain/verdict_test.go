package explain

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

var now = time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)

// testRegistry has the servers a to d; a also goes by the name "alpha" and
// carries the tag "prod", d waits for approval, and o is open to all keys.
func testRegistry() *litellm.Registry {
	return litellm.NewRegistry([]litellm.Server{
		{ID: "a", Name: "alpha", Alias: "alpha", TagGroups: []string{"prod"}}, {ID: "b"}, {ID: "c"},
		{ID: "d", Unloaded: true}, {ID: "o", OpenToAll: true},
	}, map[string][]string{"of a": {"a"}, "of alpha": {"alpha"}, "of d": {"d"}, "empty": nil})
}

func servers(list ...string) litellm.Entitlement { return litellm.Entitlement{Servers: list} }

func groups(list ...string) litellm.Entitlement { return litellm.Entitlement{Groups: list} }

func team(e litellm.Entitlement) *litellm.TeamAccess {
	row := "row"
	return &litellm.TeamAccess{ID: "team", RowID: &row, RowExists: true, Entitlement: e}
}

func key(k litellm.Key) *litellm.KeyAccess {
	return &litellm.KeyAccess{Alias: "key", Team: "team", Key: k}
}

func TestEveryVerdictHasItsReason(t *testing.T) {
	t.Parallel()
	own := litellm.Key{Own: servers("a")}
	past := now.Add(-time.Second)
	for name, test := range map[string]struct {
		facts        facts
		server       string // a where it is not said
		require      bool
		before, from []Reason
	}{
		"a team names it in its row":        {facts: facts{team: team(servers("a"))}, before: []Reason{ByTeam}, from: []Reason{ByTeam}},
		"a team names it by a name":         {facts: facts{team: team(servers("alpha"))}, before: []Reason{ByTeam}, from: []Reason{ByTeam}},
		"a team names it by its tools":      {facts: facts{team: team(litellm.Entitlement{ToolServers: []string{"alpha"}})}, before: []Reason{ByTeam}, from: []Reason{ByTeam}},
		"a team names it by a tag":          {facts: facts{team: team(litellm.Entitlement{TagGroups: []string{"prod"}})}, before: []Reason{ByTeam}, from: []Reason{ByTeam}},
		"a team has a group for it":         {facts: facts{team: team(groups("of a"))}, before: []Reason{NotNamed, GroupsNotAsked}, from: []Reason{ByTeam}},
		"a team has a group with its name":  {facts: facts{team: team(groups("of alpha"))}, before: []Reason{NotNamed, GroupsNotAsked}, from: []Reason{NotNamed, GroupByName}},
		"a team names another one":          {facts: facts{team: team(servers("b"))}, before: []Reason{NotNamed}, from: []Reason{NotNamed}},
		"a team names nothing":              {facts: facts{team: team(groups("empty", "gone"))}, before: []Reason{NotNamed}, from: []Reason{NotNamed}},
		"a team has all by the sentinel":    {facts: facts{team: team(servers(litellm.AllProxyServers))}, before: []Reason{NotNamed, SentinelUnknown}, from: []Reason{ByTeam, SentinelIsNew}},
		"a team and an open server":         {facts: facts{team: team(servers("o"))}, server: "o", before: []Reason{OpenToAll, ByTeam}, from: []Reason{OpenToAll, ByTeam}},
		"a server that is not loaded":       {facts: facts{team: team(servers("d"))}, server: "d", before: []Reason{NotLoaded}, from: []Reason{NotLoaded}},
		"a server of the config file":       {facts: facts{team: team(servers("config"))}, server: "config", before: []Reason{ByTeam}, from: []Reason{ByTeam}},
		"a team whose keys need a list":     {facts: facts{team: team(servers("a"))}, require: true, before: []Reason{KeyNeedsList}, from: []Reason{KeyNeedsList}},
		"a team that its organization caps": {facts: facts{team: team(servers("a")), organization: litellm.Organization{Entitlement: servers("b")}}, before: []Reason{LimitedByOrganization, OrganizationLimitIsNew}, from: []Reason{LimitedByOrganization, OrganizationLimitIsNew}},
		"an organization alone":             {facts: facts{team: team(groups()), organization: litellm.Organization{Entitlement: servers("a")}}, before: []Reason{ByOrganization, OrganizationLimitIsNew}, from: []Reason{ByOrganization, OrganizationLimitIsNew}},
		"a blocked team":                    {facts: facts{team: blocked(team(servers("a")))}, before: []Reason{TeamBlocked}, from: []Reason{TeamBlocked}},

		"a key alone":                         {facts: facts{key: key(own)}, before: []Reason{ByKey}, from: []Reason{ByKey}},
		"a key of a team that names nothing":  {facts: facts{key: key(own), team: team(groups())}, before: []Reason{ByKey}, from: []Reason{ByKey}},
		"a key that has what its team has":    {facts: facts{key: key(litellm.Key{}), team: team(servers("a"))}, before: []Reason{ByTeam}, from: []Reason{ByTeam}},
		"a key and its team":                  {facts: facts{key: key(own), team: team(servers("a", "b"))}, before: []Reason{ByBoth}, from: []Reason{ByBoth}},
		"a key that has another list":         {facts: facts{key: key(own), team: team(servers("a", "b"))}, server: "b", before: []Reason{NotInKey}, from: []Reason{NotInKey}},
		"a key whose team has another list":   {facts: facts{key: key(own), team: team(servers("b"))}, before: []Reason{NotInTeam}, from: []Reason{NotInTeam}},
		"a key whose team has it by a group":  {facts: facts{key: key(own), team: team(litellm.Entitlement{Servers: []string{"b"}, Groups: []string{"of a"}})}, before: []Reason{NotInTeam, GroupsNotAsked}, from: []Reason{ByBoth}},
		"a key with a group of its own":       {facts: facts{key: key(litellm.Key{Own: groups("of alpha")}), team: team(servers("b"))}, before: []Reason{NotNamed, GroupsNotAsked}, from: []Reason{ByKeyGroup}},
		"a key that opted out":                {facts: facts{key: key(litellm.Key{Own: servers("a", litellm.NoServers)}), team: team(servers("a"))}, before: []Reason{ByBoth, OptOutUnknown}, from: []Reason{OptedOut}},
		"a key that opted out, open server":   {facts: facts{key: key(litellm.Key{Own: servers(litellm.NoServers)})}, server: "o", before: []Reason{OpenToAll, OptOutUnknown}, from: []Reason{OptedOut}},
		"a key that did nothing but opt out":  {facts: facts{key: key(litellm.Key{Own: servers(litellm.NoServers)}), team: team(servers("a"))}, before: []Reason{NotInKey, OptOutUnknown}, from: []Reason{OptedOut}},
		"a blocked key that opted out":        {facts: facts{key: &litellm.KeyAccess{Blocked: true, Key: litellm.Key{Own: servers(litellm.NoServers)}}}, before: []Reason{KeyBlocked}, from: []Reason{KeyBlocked, OptedOut}},
		"a sentinel beside the server":        {facts: facts{team: team(servers("a", litellm.AllProxyServers))}, before: []Reason{ByTeam}, from: []Reason{ByTeam}},
		"a sentinel does not widen a key":     {facts: facts{key: key(litellm.Key{Own: servers("b")}), team: team(servers(litellm.AllProxyServers))}, before: []Reason{NotNamed, SentinelUnknown}, from: []Reason{NotInKey}},
		"a user whose list holds it":          {facts: facts{key: key(litellm.Key{Own: servers("a"), User: servers("a")})}, before: []Reason{ByKey}, from: []Reason{ByKey}},
		"a user who takes an organization":    {facts: facts{key: key(litellm.Key{User: servers("a"), Organization: servers("a")})}, before: []Reason{ByOrganization, OrganizationLimitIsNew}, from: []Reason{NotNamed, UserLimitIsNew}},
		"a key limited by its agent":          {facts: facts{key: key(litellm.Key{Own: servers("a"), Agent: servers("b")})}, before: []Reason{LimitedByAgent}, from: []Reason{LimitedByAgent}},
		"a key limited by its user":           {facts: facts{key: key(litellm.Key{Own: servers("a"), User: servers("b")})}, before: []Reason{ByKey}, from: []Reason{LimitedByUser, UserLimitIsNew}},
		"a key limited by all":                {facts: facts{key: key(litellm.Key{Own: servers("a"), Agent: servers("b"), User: servers("b"), Organization: servers("c")})}, before: []Reason{LimitedByAgent, LimitedByOrganization, OrganizationLimitIsNew}, from: []Reason{LimitedByAgent, LimitedByUser, LimitedByOrganization, UserLimitIsNew, OrganizationLimitIsNew}},
		"a limited key and an open server":    {facts: facts{key: key(litellm.Key{Own: servers("a", "o"), Agent: servers("b")})}, server: "o", before: []Reason{OpenToAll}, from: []Reason{OpenToAll}},
		"a key that is blocked and expired":   {facts: facts{key: &litellm.KeyAccess{Blocked: true, Expires: &past, Key: own}}, before: []Reason{KeyBlocked, KeyExpired}, from: []Reason{KeyBlocked, KeyExpired}},
		"a blocked key and an open server":    {facts: facts{key: &litellm.KeyAccess{Blocked: true}}, server: "o", before: []Reason{KeyBlocked}, from: []Reason{KeyBlocked}},
		"a key that has until now":            {facts: facts{key: &litellm.KeyAccess{Expires: &now, Key: own}}, before: []Reason{ByKey}, from: []Reason{ByKey}},
		"a key of a blocked team":             {facts: facts{key: key(own), team: blocked(team(servers("a")))}, before: []Reason{TeamBlocked}, from: []Reason{TeamBlocked}},
		"a key that needs a list and has one": {facts: facts{key: key(own), team: team(servers("a"))}, require: true, before: []Reason{ByBoth}, from: []Reason{ByBoth}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := test.facts
			f.registry, f.now = testRegistry(), now
			if test.server == "" {
				test.server = "a"
			}

			s := f.servers(litellm.Rules{RequireKeyAccess: test.require}, test.server)[0]

			want := []Verdict{{grants(test.before), test.before}, {grants(test.from), test.from}}
			if diff := cmp.Diff(want, []Verdict{s.Before, s.From}); diff != "" {
				t.Errorf("before and from v1.88 (-want +got):\n%s", diff)
			}
		})
	}
}

func blocked(t *litellm.TeamAccess) *litellm.TeamAccess {
	t.Blocked = true
	return t
}

// grants reports whether the reasons are to allow.
func grants(reasons []Reason) bool {
	return slices.Contains([]Reason{OpenToAll, ByTeam, ByKey, ByBoth, ByKeyGroup, ByOrganization}, reasons[0])
}

func TestWhatAPassWouldDoIsSaidOfEachServer(t *testing.T) {
	t.Parallel()
	f := facts{
		registry: testRegistry(), now: now,
		team:   team(litellm.Entitlement{Servers: []string{"b", "c"}, Groups: []string{"of alpha"}}),
		memory: memory{known: true, servers: []string{"b"}},
	}
	for policy, want := range map[plan.Policy]map[string]string{
		plan.Managed:  {"a": "missing", "b": "excess", "c": ""},
		plan.Additive: {"a": "missing", "b": "", "c": ""},
		plan.Exact:    {"a": "missing", "b": "excess", "c": "excess"},
	} {
		f.change = f.pass(policy)
		got := map[string]string{}
		for _, s := range f.servers(litellm.Rules{}, "") {
			switch {
			case s.Missing:
				got[s.ID] = "missing"
			case s.Excess:
				got[s.ID] = "excess"
			case s.ID != "o":
				got[s.ID] = ""
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("policy %s (-want +got):\n%s", policy, diff)
		}
	}
}

func TestPassesDoNotLookAtTeamsThatHaveNothingToDoWithThem(t *testing.T) {
	t.Parallel()
	f := facts{registry: testRegistry(), team: team(servers("a"))}
	if c := f.pass(plan.Exact); c.Drifted() {
		t.Errorf("a pass would make of a team without groups: %+v", c)
	}
	f.memory.known = true
	if c := f.pass(plan.Exact); !c.Drifted() {
		t.Error("a pass would leave a team that the ledger knows as it is")
	}
}
