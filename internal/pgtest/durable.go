package pgtest

import "context"

// StartDurable starts a Postgres that writes to the disk and waits for it as a real one does, for measurements. A
// setting is of the form name=value. A server that TEST_DATABASE_URL names is taken as it is.
func StartDurable(ctx context.Context, settings ...string) (*Server, error) {
	return start(ctx, newDirectoryOnDisk, settings)
}
