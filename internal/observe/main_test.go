package observe

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/internal/program"
	"litellm-reconciler/pkg/cli"
)

// Files of the chart.
const (
	rulesFile     = "../../charts/litellm-reconciler/rules/alerts.yaml"
	dashboardFile = "../../charts/litellm-reconciler/dashboards/litellm-reconciler.json"
)

// binary is the path of the program, built for these tests.
var binary string

// patience bounds every wait. It is long because only a failure waits it out.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	// Linked into the tests as well, or their cached result would outlive a
	// change of the program that they build.
	runtime.KeepAlive(cli.Run)
	path, remove, err := program.Build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = path
	pgtest.Main(m, remove)
}

// eventually polls until check finds nothing missing any more.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	program.Eventually(t, patience, check)
}

// start runs the program as a daemon that makes a pass each second, and returns
// when it listens.
func start(t *testing.T, db *pgtest.Database, args ...string) *program.Daemon {
	t.Helper()
	return program.Start(t, program.Command(t.Context(), t, binary, program.On(db), append([]string{
		"--web-listen-address=127.0.0.1:0", "--schedule-interval=1s", "--schedule-jitter=0", "--lease-duration=5s"}, args...)...), patience)
}
