package explain

import (
	"slices"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
)

// sources are the places that name each server, by id.
type sources map[string][]Source

// sources looks through all that the subject has.
func (f facts) sources() sources {
	named := sources{}
	if f.key != nil {
		named.of(f, KeyKind, f.key.Own)
	}
	if f.team != nil {
		named.of(f, TeamKind, f.team.Entitlement)
	}
	f.registry.Servers(func(s litellm.Server) {
		if s.OpenToAll {
			named.add(s.ID, Source{Place: InServer})
		}
	})
	if f.sentinel() { // the whole registry, and what is known of others
		all := Source{Of: TeamKind, Place: InRow, Entry: litellm.AllProxyServers}
		for id := range named {
			named.add(id, all)
		}
		f.registry.Servers(func(s litellm.Server) {
			if !slices.Contains(named[s.ID], all) {
				named.add(s.ID, all)
			}
		})
	}
	return named
}

func (n sources) add(id string, s Source) { n[id] = append(n[id], s) }

func (n sources) of(f facts, kind Kind, e litellm.Entitlement) {
	list := func(entries []string, s Source) {
		for _, entry := range compact(entries) {
			if !litellm.Grantable(entry) || entry == litellm.NoServers {
				continue // stands for no server
			}
			s.Entry = entry
			if s.Place == InRow && kind == TeamKind {
				s.Owned, s.Granted = f.memory.owned(entry)
			}
			for _, id := range f.registry.Expand(entry) {
				n.add(id, s)
			}
		}
	}
	list(e.Servers, Source{Of: kind, Place: InRow})
	list(e.ToolServers, Source{Of: kind, Place: InTools})
	for _, tag := range compact(e.TagGroups) {
		f.registry.Servers(func(s litellm.Server) {
			if slices.Contains(s.TagGroups, tag) {
				n.add(s.ID, Source{Of: kind, Place: InTag, Entry: tag})
			}
		})
	}
	for _, group := range compact(e.Groups) {
		name, servers, _ := f.registry.Group(group)
		list(servers, Source{Of: kind, Place: InGroup, Group: group, GroupName: name})
	}
}

// compact drops duplicates and keeps the order.
func compact(list []string) []string {
	kept := make([]string, 0, len(list))
	for _, s := range list {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// memory is what the ledger knows of a team.
type memory struct {
	// servers are the entries that are owned in the row the team has now.
	servers []string
	revoked []string
	last    map[string]ledger.Last
	// known is whether the ledger has heard of the team.
	known bool
}

func (m memory) owned(entry string) (bool, *Event) {
	if !slices.Contains(m.servers, entry) {
		return false, nil
	}
	if l, found := m.last[entry]; found && !l.Removed {
		return true, event(entry, l)
	}
	return true, nil
}

func event(entry string, l ledger.Last) *Event {
	return &Event{At: l.At.UTC(), Run: l.Run.String(), Entry: entry, Groups: some(l.Groups)}
}

// some is never nil, so that JSON has a list and not null.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
