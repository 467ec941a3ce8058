// Package faults holds the tests that break things: the program as it is built,
// a real Postgres, PgBouncer, and a proxy between them that loses what it is
// told to lose. They take minutes, and so have a build tag of their own:
//
//	make test-faults
//
// Each test reports what it injected, and how much was lost or wrong after it.
// FAULTS_SECONDS sets for how long the tests that run by the clock go on, which
// is 60 by default. With UPDATE_DOCS=1 the results replace those of
// docs/reliability.md.
package faults
