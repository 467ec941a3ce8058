package doctor_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"litellm-reconciler/internal/pgtest"
	"litellm-reconciler/pkg/doctor"
)

func TestAStandbyIsForLookingOnly(t *testing.T) {
	t.Parallel()
	primary := pgtest.New(t, pgtest.V1_83_14)
	address := standby(t)

	r := examine(t, with(address), doctor.Daemon)
	want(t, r, "database", doctor.Fail, ", standby, user ", "it takes no writes: name the primary in the database URL")
	wantOnly(t, r, "database", "ledger")
	wantOnly(t, examine(t, with(address), doctor.Plan))

	want(t, examine(t, with(primary.URL, "DIRECT_URL", address), doctor.Daemon), "direct_url", doctor.Fail, "not the server")
}

// standby starts a server that is in recovery and stays so, for want of a
// primary, with a LiteLLM database.
func standby(t *testing.T) string {
	t.Helper()
	server, err := pgtest.Start(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	address, err := server.CreateDatabase(t.Context(), "litellm_standby", pgtest.V1_83_14)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	var data string
	err = conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&data)
	if err = errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	err = server.StopPostgres()
	if errors.Is(err, pgtest.ErrNotOurs) {
		t.Skip("the server is not ours to make a standby of")
	}
	if err != nil {
		t.Fatal(err)
	}
	signal := filepath.Join(data, "standby.signal")
	err = os.WriteFile(signal, nil, 0o600)
	if info, statErr := os.Stat(data); err == nil && statErr == nil {
		owner := info.Sys().(*syscall.Stat_t)
		err = os.Chown(signal, int(owner.Uid), int(owner.Gid))
	}
	if err = errors.Join(err, server.StartPostgres(context.WithoutCancel(t.Context()))); err != nil {
		t.Fatal(err)
	}
	return address
}
