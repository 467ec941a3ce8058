package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"litellm-reconciler/pkg/ledger"
)

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestSinceIsADurationBackOrATime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 30, 9, 30, 0, 0, berlin(t)) // the day after the clocks went forward
	for text, want := range map[string]string{
		"90m":                       "2026-03-30T08:00:00+02:00",
		"24h":                       "2026-03-29T09:30:00+02:00",
		"1h30m":                     "2026-03-30T08:00:00+02:00",
		"0s":                        "2026-03-30T09:30:00+02:00",
		"7d":                        "2026-03-23T09:30:00+01:00",
		"0d":                        "2026-03-30T09:30:00+02:00",
		"2026-03-01":                "2026-03-01T00:00:00+01:00",
		"2026-03-29 04:15":          "2026-03-29T04:15:00+02:00",
		"2026-03-29 04:15:16":       "2026-03-29T04:15:16+02:00",
		"2026-03-29T04:15:16Z":      "2026-03-29T06:15:16+02:00",
		"2026-03-29T04:15:16-05:00": "2026-03-29T11:15:16+02:00",
	} {
		got, err := parseSince(text, now)
		if err != nil || got.In(now.Location()).Format(time.RFC3339) != want {
			t.Errorf("%q: %s, want %s (%v)", text, got, want, err)
		}
	}
	for _, text := range []string{"", "yesterday", "-1h", "-7d", "1.5d", "70000d", "7", "d", "24", "2026-02-30", "2026-03-29 4pm", "12:00"} {
		if got, err := parseSince(text, now); err == nil || !strings.Contains(err.Error(), "CEST") {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

// What is written page by page is one JSON value all the same.
func TestPagesOfJSONAreOneObject(t *testing.T) {
	t.Parallel()
	for name, pages := range map[string][]int{"no changes": {0}, "one page": {2}, "three pages": {2, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			view := &historyJSON{screen: screen{out: &b, json: true}, run: &shownRun{PastRun: passRun, revertedBy: []uuid.UUID{}}}
			total := 0
			for _, size := range pages {
				page := make([]ledger.PastChange, size)
				for i := range page {
					total++
					page[i] = ledger.PastChange{ID: int64(total), Team: "<t>", Run: passRun}
				}
				if err := view.page(page, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := view.end(true, errors.New(`lost "it"`)); err != nil {
				t.Fatal(err)
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, b.Bytes(), "", "  "); err != nil {
				t.Fatalf("%v in %s", err, b.String())
			}
			if diff := cmp.Diff(indented.String(), b.String()); diff != "" {
				t.Errorf("not indented throughout (-want +got):\n%s", diff)
			}
			var got struct {
				Changes   []map[string]any `json:"changes"`
				Truncated bool             `json:"truncated"`
				Error     string           `json:"error"`
				Run       map[string]any   `json:"run"`
			}
			if err := json.Unmarshal(b.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Changes) != total || got.Changes == nil || !got.Truncated || got.Error != `lost "it"` || got.Run["run_id"] != passRun.ID.String() || got.Run["reverted_by"] == nil {
				t.Errorf("got %s", b.String())
			}
		})
	}
}
