package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"litellm-reconciler/pkg/explain"
)

func newExplain(p Process, f *flags) *cobra.Command {
	return newTask(p, f, cobra.Command{
		Use:   "explain TEAM|KEY [SERVER]",
		Short: "Show why a team or key can or cannot use an MCP server",
		Long: `explain shows what a team or a key is granted, by whom, and what LiteLLM before and from v1.88 makes of it;
with a server it gives the reasons. It writes nothing, and needs no ledger.

A team goes by its id or alias, a key by its alias or by the masked name that LiteLLM shows (sk-...abcd),
never by the key itself. Where a name may be both, say team:NAME or key:NAME, and key:NAME@TEAM where keys
share it. A server goes by its id, alias or name. What is said of a team holds for its keys without a list of their own. Left out is what only
a request tells (its end user and address), and what LiteLLM gives to the keys of administrators.`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usage(errors.New("explain what? use: explain TEAM|KEY [SERVER]"))
			case len(args) > 2: // not repeated: they may hold anything
				return usage(fmt.Errorf("explain takes a team or key and a server, not %d names: quote names with spaces", len(args)))
			}
			for _, arg := range args {
				if strings.TrimSpace(arg) == "" {
					return usage(errors.New("explain was given an empty name: is a variable not set?"))
				}
			}
			return nil
		},
	}, runExplain)
}

func runExplain(ctx context.Context, a *app, s screen, args []string) error {
	server := ""
	if len(args) == 2 {
		server = args[1]
	}
	report, err := explain.New(a.pool, a.migrator, explain.Config{
		Names:            a.names,
		Policy:           a.reconciler.Policy,
		Selection:        a.reconciler.Selection,
		RequireKeyAccess: a.config.LiteLLM.RequireKeyMCPAccessDefined,
		LockTimeout:      a.config.Repair.LockTimeout,
		StatementTimeout: a.config.Repair.StatementTimeout,
	}, time.Now).Explain(ctx, args[0], server)
	if err != nil {
		return err
	}
	e := explanation{screen: s, Report: report}
	switch {
	case s.json:
		return s.encode(report)
	case server != "":
		e.chain(report.Servers[0])
	default:
		e.overview()
	}
	return s.printf("%s", e.text.String())
}

// explanation puts a report into words.
type explanation struct {
	screen
	explain.Report
	text strings.Builder
}

func (e *explanation) printf(format string, args ...any) {
	fmt.Fprintf(&e.text, format, args...)
}

// line is one fact under a heading; one without a label belongs to the fact
// before.
func (e *explanation) line(label, format string, args ...any) {
	e.printf("  %s%s\n", e.faint(fmt.Sprintf("%-18s", label)), fmt.Sprintf(format, args...))
}

// caches closes every explanation: the tables are not what proxies go by.
func (e *explanation) caches() {
	e.printf("\n%s\n", e.faint("Proxies cache: they see a changed row or key within 1 to 2 minutes, a changed access group within 10."))
}

func (e *explanation) keyName() string { return e.idName(e.Key.Name(), e.Key.Masked) }

func (e *explanation) teamName() string { return e.idName(e.Team.ID, e.Team.Alias) }

// idName is an id with the name that goes with it.
func (e *explanation) idName(id, name string) string {
	if name == "" || name == id {
		return explain.Printable(id)
	}
	return explain.Printable(id) + " (" + explain.Printable(name) + ")"
}

func (e *explanation) yesNo(yes bool) string { return e.verdictColour(yesNo(yes)) }

func (e *explanation) when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// listed lists a few and says how many more there are, and how often one that
// is there more than once.
func (e *explanation) listed(entries []string) string {
	const most = 8
	var texts []string
	times := map[string]int{}
	for _, entry := range entries {
		if times[entry]++; times[entry] == 1 {
			texts = append(texts, entry)
		}
	}
	rest := ""
	if more := len(texts) - most; more > 1 {
		texts, rest = texts[:most], fmt.Sprintf(" and %d more", more)
	}
	for i, entry := range texts {
		texts[i] = explain.Printable(entry)
		if n := times[entry]; n > 1 {
			texts[i] += fmt.Sprintf(" (%d times)", n)
		}
	}
	return strings.Join(texts, ", ") + rest
}
