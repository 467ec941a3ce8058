package pgtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// shared is the one server of a test package: starting one takes longer than most of the tests.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Shared returns the server of the test package, started by the first call and stopped by Main.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	// Not tb's context: the server outlives the test that needed it first.
	shared.once.Do(func() { shared.server, shared.err = Start(context.Background()) })
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.server
}

// Main runs the tests of a package, stops the server they shared, and fails if they left a goroutine behind:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// It ends the process. What else there is to clean up is done after the tests.
func Main(m *testing.M, cleanup ...func()) {
	code := m.Run()
	for _, f := range cleanup {
		f()
	}
	shared.once.Do(func() {})
	if shared.server != nil {
		if err := shared.server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}
	// A failed test may well leave goroutines: then its failure is the news.
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = 1
		}
	}
	os.Exit(code)
}
