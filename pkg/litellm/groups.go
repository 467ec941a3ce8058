package litellm

import (
	"context"
	_ "embed"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/postgres"
)

//go:embed groups.sql
var groupsSQL string

//go:embed groups_of_teams.sql
var groupsOfTeamsSQL string

//go:embed hashes.sql
var hashesSQL string

// Groups are the access groups of one snapshot.
type Groups struct {
	index   map[string]int32
	servers []string // every granted server once, sorted
	hashes  []uint64 // Postgres' hash of each of servers
	// comparable is whether fingerprints computed here mean the same as
	// Postgres' own.
	comparable bool
	granted    [][]int32 // by group: sorted positions in servers

	// Sums over the hashed ids of the teams that a group lists, and of the
	// teams that list the group: they agree when both sides say the same.
	seed             maphash.Seed
	assigned, joined []uint64
	scratch, seen    []int32
}

// ReadGroups reads all access groups and has Postgres hash the servers they
// grant. Memory grows with the groups and the servers, not with the teams.
// Group entries that are blank or AllProxyServers are dropped.
func ReadGroups(ctx context.Context, tx pgx.Tx, names postgres.Names) (*Groups, error) {
	return readGroups(ctx, tx, names.SQL(groupsSQL))
}

// ReadGroupsOf reads the access groups that these teams name, by their keys.
// Mismatches means nothing then.
func ReadGroupsOf(ctx context.Context, tx pgx.Tx, names postgres.Names, teams []string) (*Groups, error) {
	return readGroups(ctx, tx, names.SQL(groupsOfTeamsSQL), teams)
}

func readGroups(ctx context.Context, tx pgx.Tx, sql string, args ...any) (*Groups, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("reading access groups: %w", err)
	}
	defer rows.Close()
	g := &Groups{index: map[string]int32{}, seed: maphash.MakeSeed()}
	lists := [][]string{}
	for rows.Next() {
		raw := rows.RawValues()
		var list []string
		err := postgres.EachText(raw[1], func(s []byte) {
			if Grantable(string(s)) {
				list = append(list, string(s))
			}
		})
		if err != nil {
			return nil, fmt.Errorf("reading access groups: %w", err)
		}
		var sum uint64
		if err := postgres.EachText(raw[2], func(team []byte) { sum += maphash.Bytes(g.seed, team) }); err != nil {
			return nil, fmt.Errorf("reading access groups: %w", err)
		}
		g.index[string(raw[0])] = int32(len(lists))
		lists = append(lists, list)
		g.assigned = append(g.assigned, sum)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading access groups: %w", err)
	}
	g.joined = make([]uint64, len(lists))
	g.intern(lists)
	return g, g.hash(ctx, tx)
}

// Grantable reports whether an entry of a group's list may be granted.
func Grantable(server string) bool {
	return strings.TrimSpace(server) != "" && server != AllProxyServers
}

func (g *Groups) intern(lists [][]string) {
	for _, list := range lists {
		g.servers = append(g.servers, list...)
	}
	slices.Sort(g.servers)
	g.servers = slices.Clip(slices.Compact(g.servers))
	position := make(map[string]int32, len(g.servers))
	for i, s := range g.servers {
		position[s] = int32(i)
	}
	for _, list := range lists {
		granted := make([]int32, 0, len(list))
		for _, s := range list {
			granted = append(granted, position[s])
		}
		slices.Sort(granted)
		g.granted = append(g.granted, slices.Compact(granted))
	}
}

func (g *Groups) hash(ctx context.Context, tx pgx.Tx) error {
	var hashes []int64
	var whole int64
	list := g.servers
	if list == nil {
		list = []string{}
	}
	if err := tx.QueryRow(ctx, hashesSQL, list).Scan(&hashes, &whole); err != nil {
		return fmt.Errorf("hashing the granted servers: %w", err)
	}
	all := make([]int32, len(hashes))
	g.hashes = make([]uint64, len(hashes))
	for i, h := range hashes {
		g.hashes[i], all[i] = uint64(h), int32(i)
	}
	g.comparable = g.fold(all) == whole
	return nil
}

// fold combines element hashes as Postgres' hash_array_extended does. That
// function is internal to Postgres: hash checks the result against the server,
// and where it differs no fingerprint is trusted.
func (g *Groups) fold(servers []int32) int64 {
	sum := uint64(1)
	for _, s := range servers {
		sum = sum*31 + g.hashes[s]
	}
	return int64(sum)
}

// Len is the number of access groups.
func (g *Groups) Len() int { return len(g.granted) }

// Comparable reports whether fingerprints may be compared with Postgres' own.
func (g *Groups) Comparable() bool { return g.comparable }

// Membership is what a team's access_group_ids come to.
type Membership struct {
	// Servers is the number of servers in the union of the groups.
	Servers int
	// Fingerprint is hash_array_extended of the sorted union.
	Fingerprint int64
	// Groups is the number of groups that exist, Dangling that of references to
	// groups that do not. A team with neither has no access groups.
	Groups, Dangling int
}

// Join takes one team's id and its access_group_ids in binary form and works
// out their union. Every team of the snapshot goes through it once, so it
// allocates nothing; it is not safe for concurrent use.
func (g *Groups) Join(team, groupIDs []byte) (Membership, error) {
	var m Membership
	g.scratch, g.seen = g.scratch[:0], g.seen[:0]
	hash := maphash.Bytes(g.seed, team)
	err := postgres.EachText(groupIDs, func(id []byte) {
		i, ok := g.index[string(id)]
		switch {
		case ok && slices.Contains(g.seen, i):
		case ok:
			m.Groups++
			g.seen = append(g.seen, i)
			g.scratch = append(g.scratch, g.granted[i]...)
			g.joined[i] += hash
		case len(id) > 0:
			m.Dangling++
		}
	})
	if err != nil {
		return m, fmt.Errorf("reading the access groups of a team: %w", err)
	}
	slices.Sort(g.scratch)
	g.scratch = slices.Compact(g.scratch)
	m.Servers, m.Fingerprint = len(g.scratch), g.fold(g.scratch)
	return m, nil
}

// Mismatches is the number of groups whose assigned_team_ids disagree with the
// teams that went through Join. LiteLLM before v1.98.0 (#36825) lets the two
// sides drift; only the teams' side counts for access.
func (g *Groups) Mismatches() int {
	n := 0
	for i := range g.assigned {
		if g.assigned[i] != g.joined[i] {
			n++
		}
	}
	return n
}

// Union is the sorted list of the servers that the groups of these ids grant.
func (g *Groups) Union(groupIDs []string) []string {
	var union []int32
	for _, id := range groupIDs {
		if i, ok := g.index[id]; ok {
			union = append(union, g.granted[i]...)
		}
	}
	slices.Sort(union)
	list := make([]string, 0, len(union))
	for _, s := range slices.Compact(union) {
		list = append(list, g.servers[s])
	}
	return list
}
