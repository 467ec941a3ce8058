package cli

import (
	"fmt"
	"slices"
	"strings"

	"litellm-reconciler/pkg/impact"
	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
	"litellm-reconciler/pkg/reconcile"
)

// planNamed is how many keys of a team the text names for each effect.
const planNamed = 50

// planText writes a block a team.
type planText struct {
	*planTotals
	*spool
	screen
	keys  bool
	named map[impact.Effect][]string
}

func (v *planText) Team(r *litellm.Registry, t *reconcile.TeamPreview) {
	v.begin(t)
	v.named = map[impact.Effect][]string{}
	v.print(v.bold("team "+word(t.ID)) + named(t.Alias) + ": " + rowAfter(t) + "\n")
	names := nameBook{registry: r}
	line := func(paint func(string) string, sign, entry, why string) {
		v.print("  " + paint(sign+" "+word(entry)+named(names.server(entry))) + " (" + why + ")\n")
	}
	for i, s := range t.Change.Added {
		line(v.green, "+", s, "granted by "+names.groups(t.GrantedBy[i]))
	}
	for _, s := range t.Change.Removed {
		line(v.red, "-", s, whyGone(t, s))
	}
	if slices.Contains(t.Change.Kinds, plan.ExcessServers) && len(t.Change.Removed) == 0 {
		v.print("  " + v.red("- what stands there twice") + "\n")
	}
	rest := 0
	for _, s := range t.Kept() {
		switch _, granted := slices.BinarySearch(t.State.Union, s); {
		case granted:
			rest++
		case slices.Contains(t.Change.Owned, s):
			line(v.faint, "=", s, "no group grants it any more, kept")
		default:
			line(v.faint, "=", s, "direct, kept")
		}
	}
	if rest > 0 {
		v.print("  " + v.faint(fmt.Sprintf("= %d more that groups grant", rest)) + "\n")
	}
}

// rowAfter says which row the team will have.
func rowAfter(t *reconcile.TeamPreview) string {
	switch t.Action {
	case ledger.Created:
		return "new row"
	case ledger.Copied:
		return "copy of row " + word(*t.RowID) + ", which others use as well"
	}
	return "row " + word(*t.RowID)
}

func whyGone(t *reconcile.TeamPreview, entry string) string {
	if slices.Contains(t.State.Owned, entry) || slices.Contains(t.State.Revoked, entry) {
		return "no group grants it any more"
	}
	return "no group grants it"
}

func (v *planText) Key(k reconcile.KeyPreview) {
	v.add(k)
	if !v.keys {
		return
	}
	for _, e := range k.Effect.Split() {
		if len(v.named[e]) < planNamed {
			v.named[e] = append(v.named[e], word(k.Label))
		}
	}
}

func (v *planText) End() {
	v.affected()
	v.print("\n")
}

// affected shows what the change means for the team's keys.
func (v *planText) affected() {
	if v.team.Rows == (impact.Counts{}) {
		v.print("  keys: no change\n")
		return
	}
	var parts []string
	for _, e := range impact.Effects() {
		if n := v.team.Rows.Of(e); n > 0 {
			parts = append(parts, v.warn(e, fmt.Sprintf("%d %s", n, verb(n, e)))+because(e))
		}
	}
	v.print("  keys: " + strings.Join(parts, ", ") + "\n")
	for _, e := range impact.Effects() {
		for _, key := range v.named[e] {
			v.print(fmt.Sprintf("    %-8s  %s\n", e, key))
		}
		if more := v.team.Rows.Of(e) - len(v.named[e]); v.keys && more > 0 {
			v.print(fmt.Sprintf("    %-8s  ... and %d more\n", e, more))
		}
	}
}

func (v *planText) finish(s planSummary) {
	switch {
	case s.Error != "" && s.Limit == "":
		if s.Teams > 0 {
			v.print("Incomplete: an error ended the look.\n")
		}
		return
	case s.DriftedTeams == 0 && s.Limit == "":
		v.print(v.bold(s.headline) + "\n")
	default:
		v.print(v.bold(s.plan()) + "\n")
	}
	for _, note := range s.notes() {
		v.print("  " + note + "\n")
	}
}

// warn colours what an administrator may not expect.
func (v *planText) warn(e impact.Effect, text string) string {
	if e == impact.Gain {
		return text
	}
	return v.yellow(text)
}

func verb(n int, e impact.Effect) string {
	if n == 1 && (e == impact.Gain || e == impact.Lose) {
		return e.String() + "s"
	}
	return e.String()
}

func because(e impact.Effect) string {
	switch e {
	case impact.Narrowed:
		return " (the team begins to restrict keys with a list of their own)"
	case impact.Widened:
		return " (the team ceases to restrict keys with a list of their own)"
	}
	return ""
}
