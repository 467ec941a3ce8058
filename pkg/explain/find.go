package explain

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/suggest"
)

//go:embed candidates.sql
var candidatesSQL string

// candidates is how many names are offered for one that is not clear.
const candidates = 5

// find returns the team or the key that goes by the name. A team's id decides
// among teams, so that each can be named.
func (l *look) find(ctx context.Context, n name) (*litellm.TeamAccess, *litellm.KeyAccess, error) {
	var teams []litellm.TeamAccess
	var keys []litellm.KeyAccess
	var err error
	if n.kind != KeyKind {
		if teams, err = litellm.ReadTeams(ctx, l.tx, l.Names, []string{n.text}); err != nil {
			return nil, nil, err
		}
		for _, t := range teams {
			if t.ID == n.text {
				teams = []litellm.TeamAccess{t}
				break
			}
		}
	}
	if n.kind != TeamKind {
		if keys, err = l.keys(ctx, n); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case len(teams)+len(keys) > 1:
		return nil, nil, ambiguous(n, teams, keys)
	case len(teams) == 1:
		return &teams[0], nil, nil
	case len(keys) == 1:
		return nil, &keys[0], nil
	case Secretive(n.text):
		return nil, nil, errSecret
	}
	return nil, nil, l.unknown(ctx, n)
}

// keys reads the keys that go by the name. key:NAME@TEAM are those of one team,
// by its id or else its alias, or of none; names can have an @ themselves.
func (l *look) keys(ctx context.Context, n name) ([]litellm.KeyAccess, error) {
	keys, err := litellm.ReadKeys(ctx, l.tx, l.Names, l.catalog, n.text)
	if n.kind != KeyKind {
		return keys, err
	}
	for at, r := range n.text {
		if err != nil || len(keys) > 0 {
			break
		}
		if r == '@' {
			keys, err = l.keysOf(ctx, n.text[:at], n.text[at+1:])
		}
	}
	return keys, err
}

func (l *look) keysOf(ctx context.Context, name, team string) ([]litellm.KeyAccess, error) {
	named, err := litellm.ReadKeys(ctx, l.tx, l.Names, l.catalog, name)
	if err != nil || len(named) == 0 {
		return nil, err
	}
	of := func(ids ...string) (keys []litellm.KeyAccess) {
		for _, k := range named {
			if slices.Contains(ids, k.Team) {
				keys = append(keys, k)
			}
		}
		return keys
	}
	if keys := of(team); len(keys) > 0 {
		return keys, nil
	}
	teams, err := litellm.ReadTeams(ctx, l.tx, l.Names, []string{team})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(teams))
	for i, t := range teams {
		ids[i] = t.ID
	}
	return of(ids...), nil
}

// ambiguous lists who goes by the name, and how to say which is meant.
func ambiguous(n name, teams []litellm.TeamAccess, keys []litellm.KeyAccess) error {
	var list []candidate
	for _, t := range teams {
		list = append(list, teamCandidate(t))
	}
	named := map[string]int{}
	for _, k := range keys {
		for _, c := range keyCandidate(k).ways() {
			named[c.name()]++
		}
	}
	same := 0
	for _, k := range keys {
		ways := keyCandidate(k).ways()
		clear := slices.IndexFunc(ways, func(c candidate) bool { return named[c.name()] == 1 && (c.name() != n.text || len(teams) > 0) })
		if clear < 0 {
			clear = 0
			same++
		}
		list = append(list, ways[clear])
	}
	if same == len(list) {
		return fmt.Errorf("%d keys go by %s, and neither alias, masked name nor team tells them apart: give them different aliases in LiteLLM",
			same, repeated(n.text))
	}
	rest := ""
	if more := len(list) - candidates; more > 0 {
		list, rest = list[:candidates], fmt.Sprintf(", and %d more", more)
	}
	return fmt.Errorf("%s is ambiguous, say which: %s%s", repeated(n.text), join(list), rest)
}

// unknown offers the names that come closest. They go by one at a time, so
// that a million keys take no memory.
func (l *look) unknown(ctx context.Context, n name) error {
	short, length := strings.ToLower(n.text), utf8.RuneCountInString(n.text)
	var part *string
	if length >= suggest.Fragment {
		part = &short
	}
	off := suggest.Tolerance(n.text)
	rows, err := l.tx.Query(ctx, l.Names.SQL(candidatesSQL),
		n.kind != KeyKind, n.kind != TeamKind, length-off, length+off, part)
	if err != nil {
		return fmt.Errorf("looking for similar names: %w", err)
	}
	ranking := suggest.NewRanking[candidate](n.text, candidates)
	var isTeam bool
	var c candidate
	_, err = pgx.ForEachRow(rows, []any{&isTeam, &c.id, &c.alias, &c.team}, func() error {
		c.kind, c.byID = KeyKind, isTeam
		if isTeam {
			c.kind = TeamKind
			ranking.Add(c, c.id, c.alias)
		} else {
			ranking.Add(c, c.alias)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking for similar names: %w", err)
	}
	hint := ""
	if list := ranking.Best(); len(list) > 0 {
		hint = ": did you mean " + join(list) + "?"
	}
	return fmt.Errorf("no %s goes by %s%s", n.called(), repeated(n.text), hint)
}
