// Package doctor examines what this program meets: the database and the way to
// it, LiteLLM's tables, the role's rights, the ledger, others that write, and
// the proxies. It only reads. It also writes the script that gives a role the
// rights it needs, and no more.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/pkg/config"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/postgres"
)

// Status says how bad a finding is.
type Status string

// From best to worst.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Check is one finding. A check that finds several things has several.
type Check struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	// Remedy is what to do about it, "" for nothing. For a missing right it is
	// the statement to run.
	Remedy string `json:"remedy"`
}

// Report is all that was found. Its JSON form is an interface: names are added
// to it, and never change their meaning.
type Report struct {
	// Status is the worst one.
	Status  Status  `json:"status"`
	Purpose Purpose `json:"for"`
	Checks  []Check `json:"checks"`
	// NotRun are the checks that an earlier one made pointless.
	NotRun []string `json:"not_run"`
}

// Subject is what is examined.
type Subject struct {
	Config  config.Valid
	Purpose Purpose
	// Pool and Migrator lead to the database.
	Pool     *pgxpool.Pool
	Migrator *ledger.Migrator
	// Patience is the longest that one check may take.
	Patience time.Duration
}

func (s Subject) names() postgres.Names {
	return postgres.Names{LiteLLM: s.Config.Database.Schema, Ledger: s.Config.Ledger.Schema}
}

// Examine makes all checks that can be made, in an order that stays the same.
func Examine(ctx context.Context, s Subject) Report {
	e := &exam{Subject: s, Names: s.names(), installer: s.Pool}
	defer e.close()
	report := Report{Status: OK, Purpose: s.Purpose, Checks: []Check{}, NotRun: []string{}}
	for _, step := range e.steps() {
		if slices.Contains(e.broken, step.needs) {
			report.NotRun = append(report.NotRun, step.name)
			e.broken = append(e.broken, step.name)
			continue
		}
		for _, c := range e.take(ctx, step) {
			c.Name = step.name
			report.Checks = append(report.Checks, c)
			if report.Status == OK || c.Status == Fail {
				report.Status = c.Status
			}
		}
	}
	return report
}

// exam is one run of the checks, and what the earlier ones learnt for the later.
type exam struct {
	Subject
	postgres.Names
	broken  []string
	here    server
	catalog litellm.Catalog
	// installer is what migrations take: Pool, unless a direct URL is given.
	installer *pgxpool.Pool
	// recorded is whether the ledger is there to be read.
	recorded bool
	// own are the backends of this very exam.
	own []int32
}

func (e *exam) close() {
	if e.installer != e.Pool {
		e.installer.Close()
	}
}

// step is a check. Its error says that it could not be made, and then what
// needs it is not tried.
type step struct {
	name, needs string
	unmade      Status
	run         func(context.Context) ([]Check, error)
}

func (e *exam) steps() []step {
	steps := []step{
		{"database", "", Fail, e.database},
		{"pooler", "database", Warn, e.pooler},
		{"direct_url", "database", e.severity(), e.directURL},
		{"litellm", "database", Fail, e.litellm},
		{"foreign_keys", "litellm", Warn, e.foreignKeys},
		{"triggers", "litellm", Warn, e.triggers},
		{"rights", "litellm", Fail, e.rights},
		{"ledger", "database", Fail, e.ledger},
		{"events", "litellm", Warn, e.events},
		{"writers", "database", Warn, e.writers},
		{"proxy", "", Warn, e.proxy},
		{"config", "", Fail, e.settings},
	}
	return slices.DeleteFunc(steps, func(s step) bool { return s.name == "direct_url" && !e.hasDirect() })
}

func (e *exam) take(ctx context.Context, s step) []Check {
	ctx, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	checks, err := s.run(ctx)
	if err == nil {
		return checks
	}
	e.broken = append(e.broken, s.name)
	detail := postgres.Explain(err).Error()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		detail = fmt.Sprintf("no answer within %s (%s)", e.Patience, detail)
	}
	return append(checks, finding(s.unmade, "", "%s", detail)...)
}

// severity is what keeps this program from writing: of no consequence where it
// is not to.
func (e *exam) severity() Status {
	if e.Purpose == Plan {
		return Warn
	}
	return Fail
}

// look reads in a transaction that the server keeps from writing.
func (e *exam) look(ctx context.Context, pool *pgxpool.Pool, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, pool, postgres.Snapshot(e.Patience, e.Patience), do)
}

func good(format string, args ...any) []Check { return finding(OK, "", format, args...) }

func finding(status Status, remedy, format string, args ...any) []Check {
	return []Check{{Status: status, Detail: oneLine(fmt.Sprintf(format, args...)), Remedy: oneLine(remedy)}}
}

// oneLine keeps names and answers of others from drawing on a terminal, also
// with format characters such as those that turn the direction of text.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, text)
}
