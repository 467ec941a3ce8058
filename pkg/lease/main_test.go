package lease_test

import (
	"flag"
	"os"
	"testing"

	"litellm-reconciler/internal/pgtest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(copyURL); url != "" {
		runCopy(url) // a process that a test starts and stops
		return
	}
	// The tests wait more than they compute. What the command line says goes before it.
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	pgtest.Main(m)
}
