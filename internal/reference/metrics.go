package reference

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"litellm-reconciler/pkg/telemetry"
)

const aboutMetrics = `The daemon serves them at ` + "`/metrics`" + `. Each is there from the start with all its label values, so that ` + "`rate()`" + `
and ` + "`increase()`" + ` see the first event. None names a team: their number does not grow with the installation. Beside them are
` + "`go_*`" + ` and ` + "`process_*`" + `, those of every Go program.

A job that is over before anybody scrapes it hands on those with "yes" in the column "job": see ` + "`metrics`" + ` in
[configuration.md](configuration.md#metrics).`

// family is one metric with its time series.
type family struct {
	name, help, kind string
	labels           []label
	job              bool
}

type label struct {
	name   string
	values []string
}

// Metrics is docs/metrics.md. The file labels is the Go source that has the
// label values as constants, each with a comment that says what it means.
func Metrics(ctx context.Context, labels string) (string, error) {
	families, err := gather(ctx)
	if err != nil {
		return "", err
	}
	means, err := meanings(labels)
	if err != nil {
		return "", err
	}
	var page strings.Builder
	page.WriteString("# Metrics\n\n" + generated + "\n\n" + aboutMetrics + "\n\n")
	page.WriteString("| metric | type | labels | job | what |\n|---|---|---|---|---|\n")
	explained := map[string]label{}
	for _, f := range families {
		names := make([]string, 0, len(f.labels))
		for _, l := range f.labels {
			names = append(names, "`"+l.name+"`")
			if len(l.values) > 1 {
				explained[l.name] = l
			}
		}
		job := ""
		if f.job {
			job = "yes"
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s |\n", f.name, f.kind, strings.Join(names, ", "), job, f.help)
	}
	page.WriteString("\n## Labels\n\n| label | value | what |\n|---|---|---|\n")
	for _, name := range []string{"trigger", "result", "kind", "reason", "limit"} {
		for _, value := range explained[name].values {
			if means[value] == "" {
				return "", fmt.Errorf("%s does not say what %s=%q means", labels, name, value)
			}
			fmt.Fprintf(&page, "| `%s` | `%s` | %s |\n", name, value, means[value])
		}
		delete(explained, name)
	}
	if len(explained) > 0 {
		return "", fmt.Errorf("labels that the page does not explain: %v", explained)
	}
	return page.String(), nil
}

// gather asks the collectors of a daemon, which connects to nothing for that.
func gather(ctx context.Context) ([]family, error) {
	pool, err := pgxpool.New(ctx, "postgres://127.0.0.1:1/none")
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	m := telemetry.New("", "")
	m.WatchPool(pool)
	m.WatchLease(func() (leading bool, term int64) { return false, 0 })
	handedOn, err := textfile(m)
	if err != nil {
		return nil, err
	}
	gathered, err := m.Gatherer().Gather()
	if err != nil {
		return nil, fmt.Errorf("gathering metrics: %w", err)
	}
	var families []family
	for _, g := range gathered {
		if !strings.HasPrefix(g.GetName(), "litellm_reconciler_") {
			continue
		}
		f := family{name: g.GetName(), help: g.GetHelp(), kind: strings.ToLower(g.GetType().String()),
			job: strings.Contains(handedOn, "\n# TYPE "+g.GetName()+" ")}
		for _, series := range g.GetMetric() {
			for _, pair := range series.GetLabel() {
				f.add(pair.GetName(), pair.GetValue())
			}
		}
		families = append(families, f)
	}
	return families, nil
}

func (f *family) add(name, value string) {
	i := slices.IndexFunc(f.labels, func(l label) bool { return l.name == name })
	if i < 0 {
		i, f.labels = len(f.labels), append(f.labels, label{name: name})
	}
	if l := &f.labels[i]; !slices.Contains(l.values, value) {
		l.values = append(l.values, value)
	}
}

// textfile is what a job leaves behind.
func textfile(m *telemetry.Metrics) (string, error) {
	dir, err := os.MkdirTemp("", "litellm-reconciler-reference-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "metrics.prom")
	if err := m.WriteTextfile(path); err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	return "\n" + string(text), err
}

// meanings are the constants of a Go file with the comments behind them.
func meanings(path string) (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("reading the labels: %w", err)
	}
	found := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || spec.Comment == nil {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			if value, err := strconv.Unquote(literal.Value); err == nil {
				found[value] = strings.TrimSpace(spec.Comment.Text())
			}
		}
		return true
	})
	return found, nil
}
