package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const directoryPrefix = "reconciler-pgtest-"

// directory is where a server keeps its data, socket and log. A lock on a file in it tells that its owner is alive.
type directory struct {
	path string
	lock *os.File
}

// newDirectory creates a directory in memory where there is room, as each database is some 300 files, and removes those
// of processes that were killed.
func newDirectory() (*directory, error) {
	parent := memory()
	if parent == "" {
		return newDirectoryOnDisk()
	}
	return newDirectoryIn(parent)
}

// newDirectoryOnDisk does so where temporary files are.
func newDirectoryOnDisk() (*directory, error) {
	return newDirectoryIn(os.TempDir())
}

func newDirectoryIn(parent string) (*directory, error) {
	removeAbandoned(parent)
	path, err := os.MkdirTemp(parent, directoryPrefix)
	if err != nil {
		return nil, fmt.Errorf("creating the directory of the server: %w", err)
	}
	lock, err := os.Create(lockFile(path))
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking the directory of the server: %w", err), os.RemoveAll(path))
	}
	return &directory{path, lock}, nil
}

// remove removes the directory.
func (d *directory) remove() error {
	return errors.Join(os.RemoveAll(d.path), d.lock.Close())
}

// removeAbandoned removes the directories whose lock nobody holds. Those of the last minute may not be locked yet.
// Failing is no error: it is housekeeping, and a directory may belong to another user.
func removeAbandoned(parent string) {
	paths, _ := filepath.Glob(filepath.Join(parent, directoryPrefix+"*"))
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		lock, err := os.Open(lockFile(path))
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(path)
		}
		_ = lock.Close()
	}
}

func lockFile(path string) string { return filepath.Join(path, "lock") }
