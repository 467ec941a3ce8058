package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"litellm-reconciler/internal/pgtest"
)

// TestTheDocumentationWasTried follows each page of docs from top to bottom, on
// a database in the state of the demo: it executes the SQL, runs the commands,
// and compares what they print. With UPDATE_DOCS=1 it writes down what they
// print instead. A block of another language is not executed.
func TestTheDocumentationWasTried(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, page := range pages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			r := newReader(t)
			tried := block.ReplaceAllStringFunc(string(text), func(b string) string {
				part := block.FindStringSubmatch(b)
				return "```" + part[1] + "\n" + r.follow(t, part[1], part[2]) + "```\n"
			})
			keep(t, page, string(text), tried)
		})
	}
}

// keep wants a page to be what it is to be. With UPDATE_DOCS=1 it makes it so.
func keep(t *testing.T, page, written, wanted string) {
	t.Helper()
	diff := cmp.Diff(written, wanted)
	switch {
	case diff == "":
	case os.Getenv("UPDATE_DOCS") == "":
		t.Errorf("make docs brings it up to date (-written +wanted):\n%s", diff)
	default:
		if err := os.WriteFile(page, []byte(wanted), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var block = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```\n")

// reader is somebody who follows a page.
type reader struct {
	db *pgtest.Database
	// shown are the stand-ins for what is different each time.
	shown  map[string]string
	counts map[string]int // by kind
}

func newReader(t *testing.T) *reader {
	t.Helper()
	db := pgtest.New(t, pgtest.V1_83_14)
	scenario, err := os.ReadFile("../../internal/demo/scenario.sql")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{db: db, shown: map[string]string{}, counts: map[string]int{}}
	r.sql(t, string(scenario))
	return r
}

func (r *reader) follow(t *testing.T, language, text string) string {
	t.Helper()
	switch language {
	case "sql":
		r.sql(t, text)
	case "console":
		return r.console(t, text)
	}
	return text
}

func (r *reader) sql(t *testing.T, text string) {
	t.Helper()
	conn, err := r.db.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Conn().PgConn().Exec(t.Context(), text).ReadAll(); err != nil {
		t.Fatalf("%v, executing %s", err, text)
	}
}

// console runs the commands of a block and returns it with what they print. A
// comment after a command says which exit code it is to have.
func (r *reader) console(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(text) {
		command, found := strings.CutPrefix(line, "$ litellm-reconciler ")
		if !found {
			continue // what was printed before
		}
		out.WriteString(line)
		command, comment, _ := strings.Cut(strings.TrimSpace(command), " # exit code ")
		code := 0
		if comment != "" {
			if _, err := fmt.Sscan(comment, &code); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
		}
		e := of(r.db)
		e["TZ"], e["LITELLM_RECONCILER_LOG_LEVEL"] = "UTC", "warn"
		result := run(t, e, words(r.real(command))...).wantCode(t, code)
		out.WriteString(r.settle(t, result.stdout+logged.ReplaceAllString(result.stderr, "")))
	}
	return out.String()
}

// logged is what is for the log.
var logged = regexp.MustCompile(`(?m)^\{"time":.*\n`)

// words splits a command as a shell does that knows double quotes only.
func words(command string) []string {
	var list []string
	for _, w := range regexp.MustCompile(`"[^"]*"|[^ ]+`).FindAllString(command, -1) {
		list = append(list, strings.Trim(w, `"`))
	}
	return list
}

// What stands for a run and for a permission row.
const (
	runStand = "019ab6e0-%04d-7000-8000-0000000000aa"
	rowStand = "4c1d%04d-07d9-7b1e-8a57-f1a2b3c4d5e6"
)

var varying = []struct {
	pattern *regexp.Regexp
	stand   string // with %d for a number that counts up
}{
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b`), runStand}, // or a row
	{regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC\b`), "2026-11-23 09:30:00 UTC"},
	{regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\b`), "2026-11-23 09:30:00"},
	{regexp.MustCompile(`\b[0-9.]+(?:ms|µs)\b`), "20ms"},
	{regexp.MustCompile(`\([0-9.]+s\)`), "(20ms)"}, // where others keep the machine busy
	{regexp.MustCompile(` UTC, after [0-9.]+s\b`), " UTC, after 20ms"},
	{regexp.MustCompile(`\bhost [^\s,]+`), "host reconciler-0"},
	{regexp.MustCompile(`\bPostgreSQL [0-9.]+(?: \([^)]*\))?`), "PostgreSQL 15"},
	{regexp.MustCompile(`\bversion dev\b`), "version v1.0.0"},
}

// A run is shown by its beginning, too.
var shortRun = regexp.MustCompile(`\brun ([0-9a-f]{8}-[0-9a-f]{4})(-|\b)`)

const shortID = 13

// settle puts the same in place of what is different each time.
func (r *reader) settle(t *testing.T, text string) string {
	t.Helper()
	for _, v := range varying {
		text = v.pattern.ReplaceAllStringFunc(text, func(real string) string {
			switch {
			case v.stand != runStand:
				return v.stand
			case strings.Contains(text, "row "+real) || r.known(t, real):
				return r.standIn(real, rowStand)
			}
			return r.standIn(real, runStand)
		})
	}
	text = shortRun.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasSuffix(found, "-") {
			return found // the whole id, seen to above
		}
		short := strings.TrimPrefix(found, "run ")
		real := pgtest.Scalar[string](t, r.db, `SELECT run_id::text FROM litellm_reconciler.runs WHERE run_id::text LIKE $1 || '%'`, short)
		return "run " + r.standIn(real, runStand)[:shortID]
	})
	return strings.ReplaceAll(strings.ReplaceAll(text, r.db.Name, "litellm"), "127.0.0.1", "localhost")
}

// known tells a permission row that was ever written from a run.
func (r *reader) known(t *testing.T, id string) bool {
	t.Helper()
	return pgtest.Scalar[bool](t, r.db, `SELECT EXISTS (SELECT FROM {schema}."LiteLLM_ObjectPermissionTable" WHERE object_permission_id = $1)`, id)
}

func (r *reader) standIn(real, stand string) string {
	if r.shown[real] == "" {
		r.counts[stand]++
		r.shown[real] = fmt.Sprintf(stand, r.counts[stand])
	}
	return r.shown[real]
}

// real is a command with the ids that the database really has.
func (r *reader) real(command string) string {
	for real, stand := range r.shown {
		command = strings.ReplaceAll(command, stand, real)
	}
	for real, stand := range r.shown {
		command = strings.ReplaceAll(command, stand[:shortID], real[:shortID])
	}
	return command
}
