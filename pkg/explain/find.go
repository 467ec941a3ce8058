package explain

import (
	"context"
	_ "embed"
	"fmt"
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
		if keys, err = litellm.ReadKeys(ctx, l.tx, l.Names, l.catalog, n.text); err != nil {
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
	}
	return nil, nil, l.unknown(ctx, n)
}

// ambiguous lists who goes by the name, and how to say which is meant.
func ambiguous(n name, teams []litellm.TeamAccess, keys []litellm.KeyAccess) error {
	var list []candidate
	for _, t := range teams {
		list = append(list, teamCandidate(t))
	}
	aliases := map[string]int{}
	for _, k := range keys {
		aliases[k.Alias]++
	}
	for _, k := range keys {
		c := keyCandidate(k)
		c.byID = c.byID || aliases[k.Alias] > 1
		list = append(list, c)
	}
	rest := ""
	if more := len(list) - candidates; more > 0 {
		list, rest = list[:candidates], fmt.Sprintf(", and %d more", more)
	}
	return fmt.Errorf("%q is ambiguous, say which: %s%s", n.text, join(list), rest)
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
	return fmt.Errorf("no %s goes by %q%s", n.called(), n.text, hint)
}
