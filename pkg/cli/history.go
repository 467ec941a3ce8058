package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/postgres"
)

func newHistory(p Process, f *flags) *cobra.Command {
	var since, run string
	var limit int
	var cmd *cobra.Command
	cmd = newTask(p, f, cobra.Command{
		Use:   "history [TEAM]",
		Short: "Show what was changed, newest first, with before, after, reasons and run",
		Long: `history shows what was changed, newest first, with before, after, reasons and run. It only reads.

TEAM is the id or the alias of a team; one that LiteLLM deleted still goes by its id. Times are shown in the local
time zone, and a time given without a zone is taken to be in it.`,
		Args: cobra.MaximumNArgs(1),
	}, func(ctx context.Context, a *app, s screen, args []string) (err error) {
		h := history{app: a, screen: s, limit: limit, zone: time.Local}
		if limit < 0 {
			return usage(fmt.Errorf("--limit %d is negative: use 0 for no limit", limit))
		}
		if cmd.Flags().Changed("since") {
			if h.filter.Since, err = parseSince(since, time.Now().In(h.zone)); err != nil {
				return usage(err)
			}
		}
		team := ""
		if len(args) == 1 {
			if team = args[0]; team == "" {
				return usage(errors.New("the name of the team is empty: leave it out for the changes of all teams"))
			}
		}
		if err := a.mayLook(ctx); err != nil {
			return err
		}
		if cmd.Flags().Changed("run") {
			if err := h.findRun(ctx, run); err != nil {
				return err
			}
		}
		if team != "" {
			if h.filter.Team, err = h.findTeam(ctx, team); err != nil {
				return err
			}
		}
		return h.show(ctx)
	})
	cmd.Flags().StringVar(&since, "since", "", "only changes since then: 90m, 24h or 7d ago, or a time: 2006-01-02, \"2006-01-02 15:04\" or RFC 3339")
	cmd.Flags().IntVar(&limit, "limit", 20, "only the newest so many changes; 0 for all")
	cmd.Flags().StringVar(&run, "run", "", "only changes of the run with this id, or with one that begins like this")
	return cmd
}

// history is one call of the command.
type history struct {
	*app
	screen screen
	zone   *time.Location
	limit  int
	filter ledger.Filter
	run    *shownRun // nil: of all runs
}

// shownRun is the run that all changes are of.
type shownRun struct {
	ledger.PastRun
	revertedBy []uuid.UUID
}

// view shows pages of changes, of which there is one at least.
type view interface {
	page(changes []ledger.PastChange, aliases map[string]string) error
	// end says whether there are more changes, and why not all were read.
	end(more bool, failed error) error
}

// pageSize bounds what is held in memory.
const pageSize = 500

// show reads a page in a transaction of its own: a single one would last as
// long as somebody takes to read the output, and all that time would keep
// Postgres from cleaning up behind LiteLLM.
func (h *history) show(ctx context.Context) error {
	names := &nameBook{look: h.look, names: h.names, log: h.log}
	var v view = &historyJSON{screen: h.screen, run: h.run}
	if !h.screen.json {
		names.readRegistry(ctx)
		v = &historyText{screen: h.screen, zone: h.zone, names: names, filter: h.filter, run: h.run}
	}
	left := h.limit
	if left == 0 {
		left = math.MaxInt
	}
	for before := int64(math.MaxInt64); ; {
		size := min(left, pageSize)
		changes, err := h.page(ctx, before, size+1) // one more tells whether there are more
		if err != nil {
			err = postgres.Explain(err)
			_ = v.end(true, err) // the error that counts is the first
			return err
		}
		more := len(changes) > size
		changes = changes[:min(len(changes), size)]
		aliases := names.aliases(ctx, h.filter.Team, changes)
		if ctx.Err() != nil {
			_ = v.end(true, context.Cause(ctx))
			return context.Cause(ctx)
		}
		if err := v.page(changes, aliases); err != nil {
			return err
		}
		if left -= size; left == 0 || !more {
			return v.end(more, nil)
		}
		before = changes[size-1].ID
	}
}

func (h *history) page(ctx context.Context, before int64, most int) (changes []ledger.PastChange, err error) {
	err = h.look(ctx, func(tx pgx.Tx) error {
		changes, err = ledger.ReadHistory(ctx, tx, h.names, h.filter, before, most)
		return err
	})
	return changes, err
}
