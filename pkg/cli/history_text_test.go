package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"litellm-reconciler/pkg/ledger"
	"litellm-reconciler/pkg/litellm"
	"litellm-reconciler/pkg/plan"
)

// pointer is for what can be NULL.
func pointer[T any](v T) *T { return &v }

var (
	passRun = ledger.PastRun{
		Run: ledger.Run{
			ID: uuid.MustParse("0198c3d2-7f4a-7b1c-8c3e-0123456789ab"), Started: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC),
			Trigger: "schedule", Policy: plan.Managed, Version: "1.2.3", Host: "pod-7c9d",
		},
		Finished: pointer(time.Date(2026, 7, 1, 12, 0, 1, 500e6, time.UTC)), Result: pointer("partial"), Repaired: pointer(1), Failed: pointer(2),
	}
	revertRun = ledger.PastRun{Run: ledger.Run{
		ID: uuid.MustParse("0198c3d3-0000-7b1c-8c3e-0123456789ab"), Started: time.Date(2026, 7, 1, 13, 0, 0, 0, time.UTC),
		Trigger: "revert", Policy: plan.Managed, Version: "1.2.3", Host: "laptop", Reverts: &passRun.ID,
	}, Finished: passRun.Finished}
)

func registered() *nameBook {
	return &nameBook{registry: litellm.NewRegistry([]litellm.Server{
		{ID: "id-1", Name: "github"}, {ID: "id-2", Name: "jira_server", Alias: "jira"}, {ID: "id-3"},
	}, nil)}
}

// shownAs is the text of one change, without the time and the team.
func shownAs(t *testing.T, c ledger.PastChange) string {
	t.Helper()
	var b bytes.Buffer
	view := &historyText{screen: screen{out: &b}, zone: berlin(t), names: registered()}
	c.Time, c.Team = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), "t"
	if err := view.page([]ledger.PastChange{c}, map[string]string{"t": "Platform", "u": "Other"}); err != nil {
		t.Fatal(err)
	}
	text, found := strings.CutPrefix(b.String(), "2026-07-01 14:00:00 CEST  team t (\"Platform\")  ")
	if !found {
		t.Errorf("it begins with something else: %s", b.String())
	}
	return text
}

func TestEveryActionIsShownWithItsReasons(t *testing.T) {
	t.Parallel()
	exact, unfinished := passRun, passRun
	exact.Policy, unfinished.Finished = plan.Exact, nil
	adoptRun := passRun
	adoptRun.Trigger = "adopt"
	const pass = "  run 0198c3d2-7f4a: schedule, policy managed, version 1.2.3, host pod-7c9d\n"
	const revert = "  run 0198c3d3-0000: revert of run 0198c3d2-7f4a, policy managed, version 1.2.3, host laptop\n"
	for name, test := range map[string]struct {
		change ledger.PastChange
		want   string
	}{
		"created": {
			ledger.PastChange{
				Run: passRun, Action: ledger.Created, Row: "r", After: []string{"id-1", "id-2", "wiki"}, Added: []string{"id-1", "id-2", "wiki"},
				GrantedBy: map[string][]string{"id-1": {"g"}, "id-2": {"g", "h\n"}},
			},
			"created\n" + pass + "  + id-1 (\"github\") (granted by group g)\n  + id-2 (\"jira\") (granted by groups g, \"h\\n\")\n  + wiki\n" +
				"  before no row\n  after  github, jira, wiki\n  row    r\n",
		},
		"created in place of a row that was gone": {
			ledger.PastChange{Run: passRun, Action: ledger.Created, Row: "r", PreviousRow: pointer("p")},
			"created\n" + pass + "  before no row\n  after  nothing\n  row    r, instead of row p\n",
		},
		"copied": {
			ledger.PastChange{
				Run: passRun, Action: ledger.Copied, Row: "r", PreviousRow: pointer("p"), Before: []string{"own"}, After: []string{"own", "id-1"},
				Added: []string{"id-1"}, GrantedBy: map[string][]string{"id-1": {"g"}},
			},
			"copied\n" + pass + "  + id-1 (\"github\") (granted by group g)\n" +
				"  before own\n  after  own, github\n  row    r, a copy of row p, which others have as well\n",
		},
		"updated": {
			ledger.PastChange{Run: passRun, Action: ledger.Updated, Row: "r", Before: []string{"id-1"}, After: []string{}, Removed: []string{"id-1"}},
			"updated\n" + pass + "  - id-1 (\"github\") (no group grants it any more)\n  before github\n  after  nothing\n  row    r\n",
		},
		"updated under the policy exact": {
			ledger.PastChange{Run: exact, Action: ledger.Updated, Row: "r", Before: []string{"own"}, After: []string{}, Removed: []string{"own"}},
			"updated\n" + strings.Replace(pass, "managed", "exact", 1) +
				"  - own (no group grants it)\n  before own\n  after  nothing\n  row    r\n",
		},
		"updated by a run without an end": {
			ledger.PastChange{Run: unfinished, Action: ledger.Updated, Row: "r"},
			"updated\n" + strings.TrimSuffix(pass, "\n") + ", not finished: interrupted, or still running\n" +
				"  before nothing\n  after  nothing\n  row    r\n",
		},
		"reverted": {
			ledger.PastChange{Run: revertRun, Action: ledger.Updated, Row: "r", Before: []string{"own", "id-1"}, After: []string{"own"}, Removed: []string{"id-1"}},
			"updated\n" + revert + "  - id-1 (\"github\") (reverted)\n  before own, github\n  after  own\n  row    r\n",
		},
		"unlinked": {
			ledger.PastChange{Run: revertRun, Action: ledger.Unlinked, Row: "r", Before: []string{"id-3"}, After: []string{}, Removed: []string{"id-3"}},
			"unlinked\n" + revert + "  - id-3 (reverted)\n  before id-3\n  after  nothing\n  row    r, and now the team has none\n",
		},
		"relinked": {
			ledger.PastChange{
				Run: revertRun, Action: ledger.Relinked, Row: "p", PreviousRow: pointer("r"),
				Before: []string{"own", "x"}, After: []string{"own"}, Removed: []string{"x"},
			},
			"relinked\n" + revert + "  - x (reverted)\n  before own, x\n  after  own\n  row    p again, instead of its copy r\n",
		},
		"adopted": {
			ledger.PastChange{
				Run: adoptRun, Action: ledger.Adopted, Row: "r", Before: []string{"own", "id-1"}, After: []string{"own", "id-1"},
				GrantedBy: map[string][]string{"id-1": {"g"}},
			},
			"adopted\n" + strings.Replace(pass, "schedule", "adopt", 1) +
				"  = id-1 (\"github\") (now owned; granted by group g)\n  before own, github\n  after  own, github\n  row    r\n",
		},
		"disowned": {
			ledger.PastChange{Run: revertRun, Action: ledger.Disowned, Row: "r", Before: []string{"id-1"}, After: []string{"id-1"}, GrantedBy: map[string][]string{"id-1": {""}}},
			"disowned\n" + revert + "  ~ id-1 (\"github\") (the administrator's again)\n  before github\n  after  github\n  row    r\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, shownAs(t, test.change)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestARunIsShownOnceAboveItsChanges(t *testing.T) {
	t.Parallel()
	unfinished := revertRun
	unfinished.Finished = nil
	for name, test := range map[string]struct {
		run  shownRun
		want string
	}{
		"that was taken back": {shownRun{passRun, []uuid.UUID{revertRun.ID}}, `run 0198c3d2-7f4a-7b1c-8c3e-0123456789ab
  by        schedule, policy managed, version 1.2.3, host pod-7c9d
  started   2026-07-01 14:00:00 CEST
  finished  2026-07-01 14:00:01 CEST, after 1.5s
  result    partial: 1 team written, 2 failed
  was taken back by run 0198c3d3-0000-7b1c-8c3e-0123456789ab

2026-07-01 14:00:00 CEST  team t  updated
  before nothing
  after  nothing
  row    r
`},
		"that took back another, and was interrupted": {shownRun{unfinished, nil}, `run 0198c3d3-0000-7b1c-8c3e-0123456789ab
  by        revert of run 0198c3d2-7f4a, policy managed, version 1.2.3, host laptop
  started   2026-07-01 15:00:00 CEST
  finished  no: interrupted, or still running
  took back run 0198c3d2-7f4a-7b1c-8c3e-0123456789ab

2026-07-01 14:00:00 CEST  team t  updated
  before nothing
  after  nothing
  row    r
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			view := &historyText{screen: screen{out: &b}, zone: berlin(t), names: registered(), run: &test.run}
			change := ledger.PastChange{Time: passRun.Started, Team: "t", Row: "r", Action: ledger.Updated, Run: test.run.PastRun}
			if err := view.page([]ledger.PastChange{change}, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestColoursTellWhatCameFromWhatWent(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	view := &historyText{screen: screen{out: &b, colour: true}, zone: time.UTC, names: registered()}
	change := ledger.PastChange{Team: "t", Row: "r", Action: ledger.Updated, Added: []string{"in"}, Removed: []string{"out"}}
	if err := view.page([]ledger.PastChange{change}, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x1b[32m+ in\x1b[0m", "\x1b[31m- out\x1b[0m", "\x1b[1mt\x1b[0m"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %q", want, b.String())
		}
	}
}

func TestALongListIsCutShort(t *testing.T) {
	t.Parallel()
	letters := strings.Split("abcdefghij", "")
	for want, got := range map[string]string{
		"a, b, c and 7 more": few(letters, 3, 100),
		"a, b and 8 more":    few(letters, 8, 5),
		"a and 9 more":       few(letters, 8, 0),
		"a, b, c":            few(letters[:3], 3, 7),
		"":                   few(nil, 3, 7),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
