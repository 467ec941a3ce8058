package litellm

import "slices"

// Server is what matters of a LiteLLM_MCPServerTable row.
type Server struct {
	ID          string
	Name, Alias string
	// TagGroups are its mcp_access_groups.
	TagGroups []string
	// OpenToAll is allow_all_keys.
	OpenToAll bool
	// Unloaded is a server that waits for approval or was rejected: proxies do
	// not load it, so that a grant of it has no effect.
	Unloaded bool
}

// Registry are the MCP servers and access groups of one moment. Servers of
// LiteLLM's config file are in no table; an entry that names one stands for
// itself, and their legacy tags are not known. It is not changed after it was made.
type Registry struct {
	servers map[string]Server
	byName  map[string][]string
	tags    map[string][]string
	groups  map[string][]string
	// groupNames can be nil.
	groupNames map[string]string
	open       Set
	unloaded   Set
}

// NewRegistry makes a Registry of servers, and of the servers that each access
// group lists.
func NewRegistry(servers []Server, groups map[string][]string) *Registry {
	r := &Registry{
		servers: make(map[string]Server, len(servers)), byName: map[string][]string{}, tags: map[string][]string{},
		groups: groups, open: Set{}, unloaded: Set{},
	}
	for _, s := range servers {
		r.servers[s.ID] = s
		for _, name := range slices.Compact([]string{s.Name, s.Alias}) {
			if name != "" {
				r.byName[name] = append(r.byName[name], s.ID)
			}
		}
		for _, tag := range s.TagGroups {
			r.tags[tag] = append(r.tags[tag], s.ID)
		}
		if s.Unloaded {
			r.unloaded[s.ID] = true
		} else if s.OpenToAll {
			r.open[s.ID] = true
		}
	}
	return r
}

// Server returns the server of that id.
func (r *Registry) Server(id string) (Server, bool) {
	s, ok := r.servers[id]
	return s, ok
}

// Expand returns the ids that an entry of a list stands for: an id for itself,
// anything else for all servers that have it as their name or alias
// (expand_permission_list). What no known server goes by stands for itself.
func (r *Registry) Expand(entry string) []string {
	if _, id := r.servers[entry]; !id && len(r.byName[entry]) > 0 {
		return r.byName[entry]
	}
	return []string{entry}
}

// Group returns the name of an access group and the servers that it lists, as
// stored; known is false for one that does not exist.
func (r *Registry) Group(id string) (name string, servers []string, known bool) {
	servers, known = r.groups[id]
	return r.groupNames[id], servers, known
}

// Servers calls f for every server of the registry, in no particular order.
func (r *Registry) Servers(f func(Server)) {
	for _, s := range r.servers {
		f(s)
	}
}

func (r *Registry) expand(entries []string) Set {
	set := Set{}
	for _, e := range entries {
		for _, id := range r.Expand(e) {
			set[id] = true
		}
	}
	return set
}
