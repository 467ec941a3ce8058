package cli

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

// nameBook knows what LiteLLM calls teams, servers and access groups today. It
// is a help and no more: where LiteLLM's tables cannot be read, or do not have
// somebody any more, the id has to do.
type nameBook struct {
	look     func(context.Context, func(pgx.Tx) error) error
	names    postgres.Names
	log      *slog.Logger
	registry *litellm.Registry // nil where it was not read
	blind    bool              // the teams cannot be read
}

// aliases are those of a team, and of the teams of some changes.
func (b *nameBook) aliases(ctx context.Context, team string, changes []ledger.PastChange) (aliases map[string]string) {
	if b.blind {
		return nil
	}
	ids := []string{team}
	for _, c := range changes {
		ids = append(ids, c.Team)
	}
	err := b.look(ctx, func(tx pgx.Tx) (err error) {
		aliases, err = litellm.TeamAliases(ctx, tx, b.names, ids)
		return err
	})
	if err != nil {
		b.blind = true
	}
	if err != nil && ctx.Err() == nil {
		b.log.Warn("the aliases of teams are not shown", "error", postgres.Explain(err))
	}
	return aliases
}

// readRegistry reads the names of servers and access groups.
func (b *nameBook) readRegistry(ctx context.Context) {
	err := b.look(ctx, func(tx pgx.Tx) error {
		catalog, err := litellm.Inspect(ctx, tx, b.names)
		if err != nil {
			return err
		}
		b.registry, err = litellm.ReadRegistry(ctx, tx, b.names, catalog)
		return err
	})
	if err != nil && ctx.Err() == nil {
		b.log.Warn("the names of servers and access groups are not shown", "error", postgres.Explain(err))
	}
}

// server is the name of the server that has this id, "" where there is none.
func (b *nameBook) server(id string) string {
	if b.registry == nil {
		return ""
	}
	s, _ := b.registry.Server(id)
	if s.Alias != "" {
		return s.Alias
	}
	return s.Name
}

// groups are the quoted names of access groups, or their ids.
func (b *nameBook) groups(ids []string) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = word(id)
		if b.registry == nil {
			continue
		}
		if name, _, known := b.registry.Group(id); known {
			list[i] = strconv.Quote(name)
		}
	}
	if len(list) == 1 {
		return "group " + list[0]
	}
	return "groups " + strings.Join(list, ", ")
}

// word shows a name from the database on one line, whatever it holds.
func word(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` || strings.TrimSpace(name) != name || name == "" {
		return quoted
	}
	return name
}

func inWords(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = word(name)
	}
	return list
}

func named(alias string) string {
	if alias == "" {
		return ""
	}
	return " (" + strconv.Quote(alias) + ")"
}
