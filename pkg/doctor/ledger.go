package doctor

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/postgres"
)

//go:embed find_ledger.sql
var findLedgerSQL string

//go:embed last_run.sql
var lastRunSQL string

// home is where the ledger lives, as the catalog has it and role may use it.
type home struct {
	role   string
	schema bool // is there
	// mayInstall is whether the role could install tables in it, or make it.
	mayInstall bool
	// owner of the installed ledger, "" where there is none; isOwner is whether
	// the role may act as that.
	owner   string
	isOwner bool
	tables  []string
}

func (h home) installed() bool { return h.owner != "" }

func (e *exam) findLedger(ctx context.Context, tx pgx.Tx) (h home, err error) {
	err = tx.QueryRow(ctx, findLedgerSQL, e.Ledger).Scan(&h.role, &h.schema, &h.mayInstall, &h.owner, &h.isOwner, &h.tables)
	if err != nil {
		return h, fmt.Errorf("looking for the ledger: %w", err)
	}
	return h, nil
}

func (e *exam) ledger(ctx context.Context) ([]Check, error) {
	var h home
	err := e.look(ctx, e.installer, func(tx pgx.Tx) (err error) {
		h, err = e.findLedger(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !h.installed() {
		return e.absent(h), nil
	}
	version, err := e.Migrator.Version(ctx)
	latest := e.Migrator.Latest()
	detail := fmt.Sprintf("schema %s, version %d", e.Ledger, version)
	switch {
	case errors.Is(err, ledger.ErrAbsent): // an installation that did not come to its end
		return e.absent(h), nil
	case errors.Is(err, ledger.ErrIncomplete):
		return finding(Fail, "", "%s", err), nil
	case postgres.MissingRight(err):
		return finding(Fail, "", "schema %s: installed, but user %s may not read it: see rights", e.Ledger, e.here.user), nil
	case err != nil:
		return nil, err
	case version > latest:
		return finding(Fail, "use the newer litellm-reconciler that installed it", "%s, newer than the %d this one knows", detail, latest), nil
	case version < latest && e.Purpose != Plan && e.Config.Ledger.AutoMigrate && h.isOwner:
		return finding(Warn, "litellm-reconciler migrate up does it now", "%s, the next start makes it %d", detail, latest), nil
	case version < latest:
		return finding(Fail, fmt.Sprintf("litellm-reconciler migrate up, as user %s, who owns it", h.owner),
			"%s, this program needs %d", detail, latest), nil
	}
	if !slices.Contains(h.tables, "history") {
		return finding(Fail, "restore it from a backup, or start over with: litellm-reconciler migrate down, then up",
			"%s, but view history is gone", detail), nil
	}
	e.recorded = true
	return e.lastRun(ctx, detail)
}

// absent says who will install the ledger, if anybody.
func (e *exam) absent(h home) []Check {
	const means = "not installed yet"
	switch {
	case e.Purpose == Plan:
		return good("%s: every entry counts as an administrator's", means)
	case !e.Config.Ledger.AutoMigrate:
		return finding(Fail, "litellm-reconciler migrate up, with a role that may make schema "+e.Ledger,
			"%s, and ledger.auto_migrate is false", means)
	case !h.mayInstall:
		statements := postgres.GrantStatements(e.toInstall(), h.role) + ";"
		if !h.schema {
			statements = "CREATE SCHEMA " + postgres.Quote(e.Ledger) + "; " + statements
		}
		return finding(Fail, statements, "%s, and user %s may not: run as the database's owner", means, h.role)
	}
	return finding(Warn, "litellm-reconciler migrate up does it now", "%s: the first pass does it, as user %s", means, h.role)
}

// lastRun says when something was written last, and how that went.
func (e *exam) lastRun(ctx context.Context, detail string) ([]Check, error) {
	var started time.Time
	var host, version, policy, result string
	var repaired, failed int
	err := e.look(ctx, e.Pool, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, e.SQL(lastRunSQL)).Scan(&started, &host, &version, &policy, &result, &repaired, &failed)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return good("%s, nothing written yet", detail), nil
	case postgres.MissingRight(err):
		return good("%s", detail), nil // said with the rights
	case err != nil:
		return nil, fmt.Errorf("reading the last run: %w", err)
	}
	detail = fmt.Sprintf("%s, last write %s by %s on %s: ", detail, started.UTC().Format(time.DateTime+" MST"), version, host)
	if result == "" {
		return good("%snot finished, or interrupted", detail), nil
	}
	detail += fmt.Sprintf("%s, %d teams written, %d failed", result, repaired, failed)
	switch {
	case failed > 0 || result == "error":
		return finding(Warn, "see the log of that host", "%s", detail), nil
	case policy != e.Config.Policy:
		return finding(Warn, "examine with the configuration of the one that writes",
			"%s; it had policy %s, this configuration has %s", detail, policy, e.Config.Policy), nil
	}
	return good("%s", detail), nil
}
