package litellm_test

import "litellm-reconciler/pkg/litellm"

// limitRules are LiteLLM's rules about what grants everything or nothing, and about ceilings.
var limitRules = []accessRule{
	// Sentinels.
	{
		name:   "a key can opt out, of servers for all keys too; before, the word was an unknown id",
		key:    litellm.Key{Own: servers(litellm.NoServers), Team: servers("a")},
		open:   true,
		before: list{"o"},
	},
	{
		name: "opting out overrides the rest of the key's row, and its groups, which counted before",
		key: litellm.Key{Own: litellm.Entitlement{
			Servers: list{"a", litellm.NoServers}, ToolServers: list{"b"}, Groups: list{"c"},
		}},
		open: true, before: list{"a", "b", "o"},
	},
	{
		name:   "what a key names beside the word for opting out was intersected with its team's list",
		key:    litellm.Key{Own: servers("a", "b", litellm.NoServers), Team: servers("b", "c", litellm.NoServers)},
		before: list{"b"},
	},
	{
		name: "opting out overrides an organization's list, and before was a list of the key's own",
		key:  litellm.Key{Own: servers(litellm.NoServers), Organization: servers("a")},
	},
	{
		name: "a team cannot opt out: its list restricts, and grants nothing",
		key:  litellm.Key{Own: servers("a"), Team: servers(litellm.NoServers)}, open: true,
		before: list{"o"}, since: list{"o"},
	},
	{
		name: "what a team names beside the word for opting out counts",
		key:  litellm.Key{Team: servers("a", litellm.NoServers)}, open: true,
		before: list{"a", "o"}, since: list{"a", "o"},
	},
	{
		name:  "a team's sentinel grants the whole registry, and was an unknown id before",
		key:   litellm.Key{Team: servers(litellm.AllProxyServers)},
		since: list{"a", "b", "c", "g1", "g2"},
	},
	{
		name: "a team's sentinel lets a key have what it names, servers of the config file too",
		key:  litellm.Key{Own: servers("a", "Calendar", "config"), Team: servers(litellm.AllProxyServers)},
		// An unknown id restricts.
		since: list{"a", "c", "config"},
	},
	{
		name: "a team's sentinel leaves a key that has to name its servers without any",
		key:  litellm.Key{Team: servers(litellm.AllProxyServers)}, require: true,
	},
	{
		name: "a team's sentinel does not reach past an agent, a user and an organization",
		key: litellm.Key{
			Team:  servers(litellm.AllProxyServers),
			Agent: servers("a", "b", "c"), User: servers("a", "b"), Organization: servers("b", "c"),
		},
		since: list{"b"},
	},
	{
		name:   "a team's sentinel grants servers of the config file, as far as something names them",
		key:    litellm.Key{Team: litellm.Entitlement{Servers: list{"second", litellm.AllProxyServers}, Groups: list{"config"}}},
		before: list{"second"}, since: list{"a", "b", "c", "config", "g1", "g2", "second"},
	},
	{
		name:   "the sentinel in a group is an unknown id, which restricts",
		key:    litellm.Key{Own: servers("a"), Team: groups("sentinel")},
		before: list{"a"},
	},
	{
		name: "the sentinel in a group grants nothing",
		key:  litellm.Key{Own: groups("sentinel"), Team: groups("sentinel")},
	},
	{
		name: "the sentinel of a key grants nothing",
		key:  litellm.Key{Own: servers(litellm.AllProxyServers)},
	},

	// Servers for all keys, and servers that are not loaded.
	{
		name: "allow_all_keys opens a server to keys without anything",
		open: true, before: list{"o"}, since: list{"o"},
	},
	{
		name: "allow_all_keys opens a server past every list",
		key: litellm.Key{
			Own: servers("a"), Team: servers("a", "b"),
			Agent: servers("a"), User: servers("a"), Organization: servers("a"),
		},
		open: true, before: list{"a", "o"}, since: list{"a", "o"},
	},
	{
		name: "allow_all_keys opens a server to keys that inherit nothing",
		key:  litellm.Key{Team: servers("a")}, require: true,
		open: true, before: list{"o"}, since: list{"o"},
	},
	{
		name:   "a server that is not loaded is not allowed, whoever grants it and by what name",
		key:    litellm.Key{Own: groups("pending"), Team: servers("p", "Pending", "q", "a")},
		before: list{"a"}, since: list{"a"},
	},
	{
		name: "a server that is not loaded restricts like any other entry",
		key:  litellm.Key{Own: servers("a"), Team: servers("Pending")},
	},
	{
		name:   "a tag of a server that is not loaded does not load it",
		key:    litellm.Key{Team: tags("dev")},
		before: list{"a", "b"}, since: list{"a", "b"},
	},

	// Ceilings.
	{
		name:   "an agent's list is a ceiling",
		key:    litellm.Key{Team: servers("a", "b"), Agent: servers("b", "c")},
		before: list{"b"}, since: list{"b"},
	},
	{
		name: "an agent's list grants nothing",
		key:  litellm.Key{Agent: servers("a")},
	},
	{
		name:   "an agent's tags count, its tool permissions do not",
		key:    litellm.Key{Own: servers("a", "b", "c"), Agent: litellm.Entitlement{TagGroups: list{"dev"}, ToolServers: list{"c"}}},
		before: list{"a", "b"}, since: list{"a", "b"},
	},
	{
		name:   "an agent with tool permissions only does not restrict",
		key:    litellm.Key{Own: servers("a"), Agent: tools("b")},
		before: list{"a"}, since: list{"a"},
	},
	{
		name:   "a user's list is a ceiling in newer versions",
		key:    litellm.Key{Team: servers("a", "b"), User: litellm.Entitlement{Servers: list{"c"}, ToolServers: list{"b"}}},
		before: list{"a", "b"}, since: list{"b"},
	},
	{
		name: "a user's list grants nothing",
		key:  litellm.Key{User: servers("a")},
	},
	{
		name:   "an organization's list is a ceiling",
		key:    litellm.Key{Team: servers("a", "b"), Organization: litellm.Entitlement{ToolServers: list{"b"}, TagGroups: list{"ops"}}},
		before: list{"b"}, since: list{"b"},
	},
	{
		name:   "an organization's list is given where nothing else is named",
		key:    litellm.Key{Organization: servers("a")},
		before: list{"a"}, since: list{"a"},
	},
	{
		name: "an organization's list is not given to a key with a list of its own",
		key:  litellm.Key{Own: servers("a"), Organization: servers("b")},
	},
	{
		name: "an organization's list is not given where key and team have nothing in common",
		key:  litellm.Key{Own: servers("a"), Team: servers("b"), Organization: servers("c")},
	},
	{
		name: "an organization's list is not given to a key that has to name its servers",
		key:  litellm.Key{Team: servers("a"), Organization: servers("a")}, require: true,
	},
	{
		name: "an organization's list is not given where an agent restricts",
		key:  litellm.Key{Agent: servers("a"), Organization: servers("a")},
	},
	{
		name:   "an organization's list is not given where a user restricts",
		key:    litellm.Key{User: servers("a"), Organization: servers("a")},
		before: list{"a"},
	},
	{
		name:   "an organization caps what a key's groups add",
		key:    litellm.Key{Own: groups("ab"), Organization: servers("b", "c")},
		before: list{"b", "c"}, since: list{"b"},
	},
	{
		name:  "agent and user cap what a key's groups add",
		key:   litellm.Key{Own: groups("ab", "c"), Agent: servers("a", "c"), User: servers("a", "b")},
		since: list{"a"},
	},

	// Blocked teams.
	{
		name: "a key of a blocked team may use nothing",
		key:  litellm.Key{Own: servers("a"), Team: servers("a"), TeamBlocked: true}, open: true,
	},
	{
		name: "a key of a blocked team may use nothing by its own groups or its organization",
		key:  litellm.Key{Own: groups("ab"), TeamBlocked: true, Organization: servers("a")},
	},
}
