package plan_test

import (
	"fmt"
	"slices"
	"strings"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

// A mask is a set of servers.
type mask uint8

const (
	serverA mask = 1 << iota
	serverB
	serverX // of LiteLLM's config file: known only by being named
	serverZ // that no team and no group names
	serverO // of allow_all_keys
	granted = serverA | serverB | serverX
	named   = granted | serverZ
)

var serverNames = list{"a", "b", "x", "z", "o"}

// lists are the masks as lists, made once as worlds are many.
var lists = func() (l [1 << 5]list) {
	for m := range l {
		for bit, name := range serverNames {
			if m&(1<<bit) != 0 {
				l[m] = append(l[m], name)
			}
		}
	}
	return l
}()

func (m mask) String() string { return "{" + strings.Join(lists[m], " ") + "}" }

func maskOf(entries list) (m mask) {
	for _, e := range entries {
		if bit := slices.Index(serverNames, e); bit >= 0 {
			m |= 1 << bit
		}
	}
	return m
}

// word is an entry of a row that is no server.
type word uint8

const (
	noWord word = iota
	allProxyServers
	noServers
)

var words = [...]list{noWord: nil, allProxyServers: {litellm.AllProxyServers}, noServers: {litellm.NoServers}}

// record is a permission row. Whoever has the same one has the same pointer; nil is no row.
type record struct {
	null    bool
	servers mask
	word    word
	tools   mask // servers of tool permissions
}

func (r record) entries() list {
	if r.null {
		return nil
	}
	return append(append(list{}, lists[r.servers]...), words[r.word]...)
}

func (r record) String() string { return fmt.Sprintf("%q, tools %s", r.entries(), r.tools) }

// content is what a row holds. LiteLLM makes no difference between no row, NULL and an empty list.
func content(r *record) record {
	if r == nil {
		return record{null: true}
	}
	return *r
}

// world is a database with two teams, of which the first is repaired. Both are in the second group, the first team is in
// the first group as well.
type world struct {
	row                   *record
	owned, revoked        mask // by the ledger
	firstGroup, lastGroup mask
	neighbours
}

// neighbours are who else has the row of the repaired team.
type neighbours struct {
	other otherRow
	key   home // where a key with the row belongs
	both  bool // the other team is repaired, too
}

type otherRow uint8

const (
	noRow otherRow = iota
	ownRow
	sameRow
)

type home uint8

const (
	noKey home = iota
	inTeam
	inOther
	nowhere
)

func (w world) String() string {
	row := "none"
	if w.row != nil {
		row = w.row.String()
	}
	return fmt.Sprintf("row %s; owned %s, revoked %s; groups %s and %s; neighbours %+v",
		row, w.owned, w.revoked, w.firstGroup, w.lastGroup, w.neighbours)
}

var neighbourhoods = []neighbours{
	{}, {both: true},
	{other: sameRow}, {other: sameRow, both: true},
	{other: sameRow, key: nowhere}, {other: sameRow, key: nowhere, both: true},
	{key: inTeam}, {key: nowhere},
	{other: ownRow, key: inOther}, {other: ownRow, key: inOther, both: true},
}

// worlds are all of them that are as small as this.
func worlds(yield func(world) bool) {
	for w := range rows {
		for w.firstGroup = range granted + 1 {
			for _, w.lastGroup = range []mask{0, serverB | serverX} {
				for _, w.neighbours = range neighbourhoods {
					if w.row == nil && (w.other == sameRow || w.key != noKey) {
						continue
					}
					if !yield(w) {
						return
					}
				}
			}
		}
	}
}

// rows are the rows of the repaired team with what the ledger says of them. Each server is in the row or not, and the
// ledger's or not; one that was revoked and has come back is of interest where it is not owned.
func rows(yield func(world) bool) {
	var all []world
	for servers := range granted + 1 {
		for owned := range granted + 1 {
			for revoked := range granted + 1 {
				if revoked&^servers == 0 && revoked&owned == 0 {
					all = append(all, world{row: &record{servers: servers}, owned: owned, revoked: revoked})
				}
			}
		}
	}
	for _, owned := range []mask{0, serverA} {
		all = append(all, world{owned: owned}, world{row: &record{null: true}, owned: owned})
		for _, servers := range []mask{0, serverA, serverB} {
			all = append(all, world{row: &record{servers: servers, word: allProxyServers}, owned: owned})
		}
	}
	for _, w := range all {
		if !yield(w) {
			return
		}
		if w.row == nil {
			continue
		}
		row := *w.row
		row.tools = serverX
		w.row = &row
		if !yield(w) {
			return
		}
	}
}

// state is a world that can be changed.
type state struct {
	team, other *record
	keys        []key
}

type key struct {
	home home
	own  *record
}

// probe is the place of a key that reaches its only server unless its team restricts it.
const probe = 0

func (w world) state() *state {
	s := &state{keys: append(make([]key, 0, 16),
		key{inTeam, &record{servers: serverZ}},
		key{inTeam, nil},
		key{inTeam, &record{null: true}},
		key{inTeam, &record{}},
		key{inTeam, &record{servers: serverA}},
		key{inTeam, &record{servers: serverB | serverX | serverO}},
		key{inTeam, &record{servers: named}},
		key{inTeam, &record{tools: serverA | serverB}},
		key{inTeam, &record{servers: serverA, word: noServers}},
		key{inOther, nil},
		key{inOther, &record{servers: serverA | serverZ}},
		key{nowhere, nil},
		key{nowhere, &record{servers: serverA | serverX}},
	)}
	if w.row != nil {
		row := *w.row
		s.team = &row
	}
	switch w.other {
	case ownRow:
		s.other = &record{servers: serverA}
	case sameRow:
		s.other = s.team
	}
	if w.key != noKey {
		s.keys = append(s.keys, key{w.key, s.team})
	}
	return s
}

// repair changes the row that a team points at; where there is none, or somebody else has it, the team gets another one.
func (s *state) repair(policy plan.Policy, at **record, owned, revoked, union mask) plan.Change {
	team := plan.Team{Owned: lists[owned], Revoked: lists[revoked], Union: lists[union]}
	if *at != nil {
		team.Row = &litellm.Row{ID: "row", Servers: (*at).entries(), OtherGrants: (*at).tools != 0}
		team.Shared = s.owners(*at) > 1
	}
	c := plan.Decide(policy, team)
	if c.Drifted() {
		if *at == nil || slices.Contains(c.Kinds, plan.SharedRow) {
			another := content(*at)
			*at = &another
		}
		(*at).null, (*at).servers = false, maskOf(c.After)
	}
	return c
}

func (s *state) owners(row *record) (n int) {
	for _, team := range []*record{s.team, s.other} {
		if team == row {
			n++
		}
	}
	for _, k := range s.keys {
		if k.own == row {
			n++
		}
	}
	return n
}
