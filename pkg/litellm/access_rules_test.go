package litellm_test

import "litellm-reconciler/pkg/litellm"

type list = []string

// accessServers are what stands in LiteLLM_MCPServerTable. "config" is a server of the config file: it is in no table.
var accessServers = []litellm.Server{
	{ID: "a", TagGroups: list{"dev"}},
	{ID: "b", TagGroups: list{"dev", "ops"}},
	{ID: "c", Name: "Calendar", Alias: "cal"},
	{ID: "g1", Name: "GitHub", Alias: "GitHub"},
	{ID: "g2", Name: "github-enterprise", Alias: "GitHub"},
	{ID: "p", Name: "Pending", TagGroups: list{"dev"}, Unloaded: true},
	{ID: "q", Name: "Quarantined", OpenToAll: true, Unloaded: true},
}

var accessGroups = map[string][]string{
	"ab":       {"a", "b"},
	"c":        {"c"},
	"named":    {"GitHub"},
	"config":   {"config"},
	"pending":  {"p"},
	"sentinel": {litellm.AllProxyServers},
	"empty":    {},
	"NULL":     nil,
}

func servers(s ...string) litellm.Entitlement { return litellm.Entitlement{Servers: s} }

func groups(g ...string) litellm.Entitlement { return litellm.Entitlement{Groups: g} }

func tools(s ...string) litellm.Entitlement { return litellm.Entitlement{ToolServers: s} }

func tags(t ...string) litellm.Entitlement { return litellm.Entitlement{TagGroups: t} }

// accessRule is what a key may use before v1.88, and from then on.
type accessRule struct {
	name          string
	key           litellm.Key
	require, open bool // require_key_mcp_access_defined; a server "o" with allow_all_keys
	before, since list
}

// listRules are LiteLLM's rules about lists and what stands in them.
var listRules = []accessRule{
	// Key and team.
	{name: "nothing is named: nothing is allowed"},
	{
		name:   "a team that names nothing does not restrict",
		key:    litellm.Key{Own: servers("a")},
		before: list{"a"}, since: list{"a"},
	},
	{
		name:   "a key that names nothing inherits its team's servers",
		key:    litellm.Key{Team: servers("a", "b")},
		before: list{"a", "b"}, since: list{"a", "b"},
	},
	{
		name:   "what both name is allowed",
		key:    litellm.Key{Own: servers("a", "b"), Team: servers("b", "c")},
		before: list{"b"}, since: list{"b"},
	},
	{
		name: "what key and team name has nothing in common: nothing is inherited",
		key:  litellm.Key{Own: servers("a"), Team: servers("b")},
	},
	{
		name: "a key may have to name its servers itself",
		key:  litellm.Key{Team: servers("a")}, require: true,
	},
	{
		name: "a key that names its servers itself is capped by its team all the same",
		key:  litellm.Key{Own: servers("a", "b"), Team: servers("b", "c")}, require: true,
		before: list{"b"}, since: list{"b"},
	},
	{
		name: "a key without a team is not concerned by what teams give",
		key:  litellm.Key{Own: servers("a")}, require: true,
		before: list{"a"}, since: list{"a"},
	},

	// Access groups.
	{
		name:  "groups of a team grant from v1.88",
		key:   litellm.Key{Team: groups("ab", "c")},
		since: list{"a", "b", "c"},
	},
	{
		name:   "groups of a team come on top of its row",
		key:    litellm.Key{Team: litellm.Entitlement{Servers: list{"c"}, Groups: list{"ab"}}},
		before: list{"c"}, since: list{"a", "b", "c"},
	},
	{
		name:   "groups of a team restrict a key from v1.88",
		key:    litellm.Key{Own: servers("a", "c"), Team: groups("ab")},
		before: list{"a", "c"}, since: list{"a"},
	},
	{
		name: "groups of a team have to be repeated by a key that has to name its servers itself",
		key:  litellm.Key{Team: groups("ab")}, require: true,
	},
	{
		name:  "groups of a key grant from v1.88",
		key:   litellm.Key{Own: groups("ab")},
		since: list{"a", "b"},
	},
	{
		name:   "groups of a key come on top of what the team allows",
		key:    litellm.Key{Own: litellm.Entitlement{Servers: list{"b"}, Groups: list{"ab"}}, Team: servers("b", "c")},
		before: list{"b"}, since: list{"a", "b"},
	},
	{
		name:   "a key with groups and no list inherits from its team as well",
		key:    litellm.Key{Own: groups("ab"), Team: servers("c")},
		before: list{"c"}, since: list{"a", "b", "c"},
	},
	{
		name: "groups of a key are no list of its own, but do grant where there has to be one",
		key:  litellm.Key{Own: groups("ab"), Team: servers("c")}, require: true,
		since: list{"a", "b"},
	},
	{
		name:   "groups that are empty, NULL or gone neither grant nor restrict",
		key:    litellm.Key{Own: servers("a"), Team: groups("empty", "NULL", "gone")},
		before: list{"a"}, since: list{"a"},
	},

	// Legacy tag groups and tool permissions.
	{
		name:   "a tag in a row grants the servers that carry it",
		key:    litellm.Key{Team: tags("ops")},
		before: list{"b"}, since: list{"b"},
	},
	{
		name:   "a tag in a row restricts",
		key:    litellm.Key{Own: servers("a", "b"), Team: tags("ops")},
		before: list{"b"}, since: list{"b"},
	},
	{
		name:   "a tag that no server carries names nothing",
		key:    litellm.Key{Own: servers("a"), Team: tags("gone")},
		before: list{"a"}, since: list{"a"},
	},
	{
		name:   "the name of a tag is not the id of a group",
		key:    litellm.Key{Own: servers("c"), Team: litellm.Entitlement{Groups: list{"dev"}, TagGroups: list{"ab"}}},
		before: list{"c"}, since: list{"c"},
	},
	{
		name:   "tool permissions grant their servers",
		key:    litellm.Key{Team: tools("a", "cal")},
		before: list{"a", "c"}, since: list{"a", "c"},
	},
	{
		name:   "tool permissions restrict",
		key:    litellm.Key{Own: servers("a", "b"), Team: tools("a")},
		before: list{"a"}, since: list{"a"},
	},
	{
		name:   "tool permissions and tags of a key are a list of its own",
		key:    litellm.Key{Own: litellm.Entitlement{ToolServers: list{"a"}, TagGroups: list{"ops"}}, Team: servers("b", "c")},
		before: list{"b"}, since: list{"b"},
	},

	// Entries that are not ids.
	{
		name:   "a name stands for its server",
		key:    litellm.Key{Own: servers("Calendar"), Team: servers("c")},
		before: list{"c"}, since: list{"c"},
	},
	{
		name:   "an alias stands for its server",
		key:    litellm.Key{Own: servers("c"), Team: servers("cal")},
		before: list{"c"}, since: list{"c"},
	},
	{
		name:   "a name stands for all servers that have it",
		key:    litellm.Key{Team: servers("GitHub")},
		before: list{"g1", "g2"}, since: list{"g1", "g2"},
	},
	{
		name: "names are told apart by case",
		key:  litellm.Key{Own: servers("g1"), Team: servers("github")},
	},
	{
		name:  "names in a group of a key stand for servers",
		key:   litellm.Key{Own: groups("named")},
		since: list{"g1", "g2"},
	},
	{
		name: "names in a group of a team do not, and restrict",
		key:  litellm.Key{Own: servers("g1"), Team: groups("named")},
		// The team's list is no longer empty.
		before: list{"g1"},
	},
	{
		name: "names in a group of a team grant nothing",
		key:  litellm.Key{Team: groups("named")},
	},
	{
		name:   "an id that is in no table can be a server of the config file",
		key:    litellm.Key{Own: servers("config", "a"), Team: servers("config")},
		before: list{"config"}, since: list{"config"},
	},
	{
		name:  "groups grant servers of the config file",
		key:   litellm.Key{Own: servers("config"), Team: groups("config")},
		since: list{"config"}, before: list{"config"},
	},
	{
		name: "a blank entry restricts",
		key:  litellm.Key{Own: servers("a"), Team: servers("")},
	},
	{
		name: "a blank entry grants nothing",
		key:  litellm.Key{Own: servers("", "b"), Team: servers("", "c")},
	},
}
