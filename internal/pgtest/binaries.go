package pgtest

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// errNoPostgres is the whole help a developer without Postgres gets, so it names the remedies.
var errNoPostgres = errors.New("no Postgres found: install it (Debian/Ubuntu: apt-get install postgresql; " +
	"macOS: brew install postgresql) or set TEST_DATABASE_URL")

// findBinaries returns the directory that holds initdb and postgres: the one on PATH, else the highest installed version.
func findBinaries() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		// Distributions link initdb alone onto PATH, so look next to what the link points at.
		if real, err := filepath.EvalSymlinks(initdb); err == nil && complete(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	var found []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		found = append(found, matches...)
	}
	found = slices.DeleteFunc(found, func(dir string) bool { return !complete(dir) })
	if len(found) == 0 {
		return "", errNoPostgres
	}
	return slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(majorVersion(a), majorVersion(b)) }), nil
}

// complete tells whether a directory holds both programs.
func complete(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// majorVersion reads 17 out of .../17/bin, pgsql-17/bin and postgresql@17/bin, and 0 out of anything else.
func majorVersion(dir string) int {
	name := filepath.Base(filepath.Dir(dir))
	version, err := strconv.Atoi(name[strings.LastIndexAny(name, "-@")+1:])
	if err != nil {
		return 0
	}
	return version
}
