package pgtest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyAbandonedDirectoriesAreRemoved(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	create := func(name string, age time.Duration) {
		path := filepath.Join(parent, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(lockFile(path), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	create(directoryPrefix+"abandoned", time.Hour)
	create(directoryPrefix+"in use", time.Hour)
	create(directoryPrefix+"new", time.Second)
	create("of somebody else", time.Hour)
	lock, err := os.Open(lockFile(filepath.Join(parent, directoryPrefix+"in use")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}

	removeAbandoned(parent)

	entries, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if diff := cmp.Diff([]string{"of somebody else", directoryPrefix + "in use", directoryPrefix + "new"}, left); diff != "" {
		t.Errorf("directories left (-want +got):\n%s", diff)
	}
}
