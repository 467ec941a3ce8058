package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/plan"
)

// historyText shows each change as a block of lines.
type historyText struct {
	screen screen
	zone   *time.Location
	names  *nameBook
	filter ledger.Filter
	run    *shownRun
	begun  bool
	shown  int
}

func (t *historyText) page(changes []ledger.PastChange, aliases map[string]string) error {
	var b strings.Builder
	if !t.begun {
		t.begun = true
		b.WriteString(t.head(len(changes) > 0, aliases))
	}
	for _, c := range changes {
		if t.shown++; t.shown > 1 || b.Len() > 0 {
			b.WriteByte('\n')
		}
		t.change(&b, c, aliases)
	}
	_, err := io.WriteString(t.screen.out, b.String())
	return err
}

func (t *historyText) end(more bool, failed error) error {
	if !more || failed != nil {
		return nil
	}
	return t.screen.printf("\n%s shown, and there are more: --limit 0 shows all\n", plural(t.shown, "change"))
}

// head says what is shown, where that is not everything.
func (t *historyText) head(found bool, aliases map[string]string) string {
	about := ""
	if t.filter.Team != "" {
		about += " of team " + word(t.filter.Team) + named(aliases[t.filter.Team])
	}
	if !t.filter.Since.IsZero() {
		about += " since " + t.time(t.filter.Since)
	}
	text := ""
	if t.run != nil {
		text = t.runHead()
	}
	switch {
	case !found:
		text += "No changes" + about + "\n"
	case !t.filter.Since.IsZero():
		text += "Changes" + about + "\n"
	}
	return text
}

func (t *historyText) runHead() string {
	r := t.run
	text := t.screen.bold("run "+r.ID.String()) + "\n" +
		"  by        " + by(r.PastRun) + "\n" +
		"  started   " + t.time(r.Started) + "\n"
	if r.Finished == nil {
		text += "  finished  " + t.screen.yellow("no: interrupted, or still running") + "\n"
	} else {
		text += "  finished  " + t.time(*r.Finished) + ", after " + r.Finished.Sub(r.Started).Round(time.Millisecond).String() + "\n"
	}
	if r.Result != nil && r.Repaired != nil && r.Failed != nil {
		text += fmt.Sprintf("  result    %s: %s written, %d failed\n", word(*r.Result), plural(*r.Repaired, "team"), *r.Failed)
	}
	if r.Reverts != nil {
		text += "  took back run " + r.Reverts.String() + "\n"
	}
	for _, id := range r.revertedBy {
		text += "  " + t.screen.yellow("was taken back by run "+id.String()) + "\n"
	}
	return text
}

func (t *historyText) change(b *strings.Builder, c ledger.PastChange, aliases map[string]string) {
	line := func(text string) { b.WriteString("  " + text + "\n") }
	fmt.Fprintf(b, "%s  team %s%s  %s\n", t.time(c.Time), t.screen.bold(word(c.Team)), named(aliases[c.Team]), word(string(c.Action)))
	if t.run == nil {
		// The first 48 bits are the millisecond in which the run began (RFC
		// 9562, version 7): enough to name it.
		text := "run " + shortRun(c.Run.ID.String()) + ": " + by(c.Run)
		if c.Run.Finished == nil {
			text += t.screen.yellow(", not finished: interrupted, or still running")
		}
		line(text)
	}
	for _, s := range c.Added {
		line(t.screen.green("+ "+t.entry(s)) + t.whyIn(c, s))
	}
	for _, s := range c.Removed {
		line(t.screen.red("- "+t.entry(s)) + whyOut(c))
	}
	if c.Action == ledger.Adopted {
		for _, s := range c.After {
			if groups := c.GrantedBy[s]; len(groups) > 0 {
				line(t.screen.yellow("= "+t.entry(s)) + " (now owned; granted by " + t.names.groups(groups) + ")")
			}
		}
	}
	if c.Action == ledger.Disowned {
		for _, s := range c.After {
			if _, disowned := c.GrantedBy[s]; disowned {
				line(t.screen.yellow("~ "+t.entry(s)) + " (the administrator's again)")
			}
		}
	}
	before := t.list(c.Before)
	if c.Action == ledger.Created {
		before = "no row"
	}
	line("before " + before)
	line("after  " + t.list(c.After))
	line("row    " + row(c))
}

func (t *historyText) whyIn(c ledger.PastChange, entry string) string {
	groups := c.GrantedBy[entry]
	if len(groups) == 0 {
		return ""
	}
	return " (granted by " + t.names.groups(groups) + ")"
}

func whyOut(c ledger.PastChange) string {
	switch {
	case c.Run.Trigger == "revert":
		return " (reverted)"
	case c.Run.Policy == plan.Exact: // which takes out what no group ever granted, too
		return " (no group grants it)"
	}
	return " (no group grants it any more)"
}

func (t *historyText) entry(s string) string { return word(s) + named(t.names.server(s)) }

// list is short: the lines above it tell what matters.
func (t *historyText) list(entries []string) string {
	if len(entries) == 0 {
		return "nothing"
	}
	texts := make([]string, len(entries))
	for i, s := range entries {
		texts[i] = word(s)
		if name := t.names.server(s); name != "" {
			texts[i] = word(name)
		}
	}
	return few(texts, 8, 100)
}

func (t *historyText) time(at time.Time) string {
	return at.In(t.zone).Format(time.DateTime + " MST")
}

// by says what a run was for, and what made it.
func by(r ledger.PastRun) string {
	text := word(r.Trigger)
	if r.Reverts != nil {
		text += " of run " + shortRun(r.Reverts.String())
	}
	return fmt.Sprintf("%s, policy %s, version %s, host %s", text, word(string(r.Policy)), word(r.Version), word(r.Host))
}

// row says what became of the team's row.
func row(c ledger.PastChange) string {
	text := word(c.Row)
	switch {
	case c.Action == ledger.Unlinked:
		return text + ", and now the team has none"
	case c.PreviousRow == nil:
		return text
	case c.Action == ledger.Copied:
		return text + ", a copy of row " + word(*c.PreviousRow) + ", which others have as well"
	case c.Action == ledger.Relinked:
		return text + " again, instead of its copy " + word(*c.PreviousRow)
	}
	return text + ", instead of row " + word(*c.PreviousRow)
}

// few joins the beginning of a list: at most so many elements and, after the
// first one, so many characters.
func few(list []string, most, width int) string {
	text := ""
	for i, s := range list {
		if i > 0 {
			s = ", " + s
		}
		if i == most || i > 0 && len(text)+len(s) > width {
			return fmt.Sprintf("%s and %d more", text, len(list)-i)
		}
		text += s
	}
	return text
}

// shortRun is the beginning of a run's id, which is its time in milliseconds
// and as good as the whole id to every command.
func shortRun(id string) string { return id[:min(len(id), 13)] }
