//go:build faults

package faults_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// injection counts what a test injected, and what came of it.
type injection struct {
	fault  string
	failed bool

	mu                    sync.Mutex
	injected, lost, wrong int
	measured              []string
	names                 []string // of what longest measured, as they came
	times                 map[string]time.Duration
	counts                map[string]int
}

// injections are those of all tests, for the table of results.
var injections struct {
	sync.Mutex
	all []*injection
}

// inject begins to count. The line of the table is complete when the test ends.
func inject(t *testing.T, fault string) *injection {
	t.Helper()
	i := &injection{fault: fault, times: map[string]time.Duration{}, counts: map[string]int{}}
	t.Cleanup(func() {
		if t.Skipped() {
			return
		}
		i.failed = t.Failed()
		injections.Lock()
		defer injections.Unlock()
		injections.all = append(injections.all, i)
		t.Logf("%s: injected %d, lost %d, wrong %d; %s", i.fault, i.injected, i.lost, i.wrong, i.measurements())
	})
	return i
}

// add counts one more fault.
func (i *injection) add() { i.addN(1) }

func (i *injection) addN(n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.injected += n
}

// lose counts something that was there and is not any more.
func (i *injection) lose(t *testing.T, format string, args ...any) {
	t.Helper()
	i.mu.Lock()
	i.lost++
	i.mu.Unlock()
	t.Errorf("lost: "+format, args...)
}

// mistake counts something that is not as it should be.
func (i *injection) mistake(t *testing.T, format string, args ...any) {
	t.Helper()
	i.mu.Lock()
	i.wrong++
	i.mu.Unlock()
	t.Errorf("wrong: "+format, args...)
}

// measure notes what else there is to know.
func (i *injection) measure(format string, args ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.measured = append(i.measured, fmt.Sprintf(format, args...))
}

// longest notes how long something took, of several times the longest.
func (i *injection) longest(what string, took time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, known := i.times[what]; !known {
		i.names = append(i.names, what)
	}
	i.times[what] = max(i.times[what], took)
}

// count notes how often something happened.
func (i *injection) count(what string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.counts[what]++
}

func (i *injection) measurements() string {
	texts := slices.Clone(i.measured)
	for _, what := range slices.Sorted(maps.Keys(i.counts)) {
		texts = append(texts, fmt.Sprintf("%d %s", i.counts[what], what))
	}
	for _, name := range i.names {
		texts = append(texts, fmt.Sprintf("%s %.1f s", name, i.times[name].Seconds()))
	}
	return strings.Join(texts, ", ")
}

const (
	page        = "../../docs/reliability.md"
	tableBegins = "<!-- results -->\n"
	tableEnds   = "<!-- end of results -->\n"
)

// publish prints the table, and puts it into the documentation if it is asked to.
func publish() error {
	injections.Lock()
	defer injections.Unlock()
	if len(injections.all) == 0 {
		return nil
	}
	slices.SortFunc(injections.all, func(a, b *injection) int { return strings.Compare(a.fault, b.fault) })
	table := &strings.Builder{}
	table.WriteString("| fault | injected | lost | wrong | measured |\n|---|--:|--:|--:|---|\n")
	failed := 0
	for _, i := range injections.all {
		fmt.Fprintf(table, "| %s | %d | %d | %d | %s |\n", i.fault, i.injected, i.lost, i.wrong, i.measurements())
		if i.failed {
			failed++
		}
	}
	fmt.Print(table)
	if os.Getenv("UPDATE_DOCS") == "" {
		return nil
	}
	if failed > 0 {
		return fmt.Errorf("%d tests failed: %s stays as it is", failed, page)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), tableBegins)
	_, after, ended := strings.Cut(rest, tableEnds)
	if !found || !ended {
		return fmt.Errorf("%s has no place for a table", page)
	}
	return os.WriteFile(page, []byte(before+tableBegins+table.String()+tableEnds+after), 0o600)
}
